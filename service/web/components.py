"""What templates may call: pure functions from values to the words and marks that people read."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from flask import Flask, request
from markupsafe import Markup, escape

from service.kernel import clock
from service.kernel.access import principal
from service.kernel.errors import Problem
from service.web import assets, compress, csrf, highlight, icons, readme

STATES = ("passed", "failed", "blocked", "waiting", "running", "queued", "skipped", "superseded", "stopped")
SEVERITIES = ("critical", "high", "medium", "low", "info")
SECTIONS = (
    ("Home", "/", "home", ()),
    ("Repositories", "/repositories", "repositories", ()),
    ("Reviews", "/reviews", "reviews", ()),
    ("Packages", "/packages", "packages", ("/package-repositories",)),
    ("Pipelines", "/pipelines", "pipelines", ("/executions", "/attempts")),
    ("Deployments", "/deployments", "deployments", ("/deployment-groups",)),
    ("Profiles", "/profiles", "profiles", ()),
    ("Alarms", "/alarms", "alarms", ()),
    ("Audit", "/audit", "audit", ()),
    ("Settings", "/settings", "settings", ()),
)
"""Text, address, icon, and further addresses that belong to the section."""
THEME_COOKIE = "lockgate_theme"
THEMES = ("light", "dark")
_HASH = re.compile(r"\b[0-9a-f]{40,64}\b")
_STEPS = ((60, "s"), (60, "m"), (24, "h"))
_ADVICE = {
    400: "Correct what is named above and send it again.",
    403: "Ask an administrator for access, or log in with another token.",
    404: "Check the address; search finds what was moved or renamed.",
    405: "Go back and use the page's own links and buttons.",
    413: "Send less at once.",
    503: "Try again in a moment; /readyz says which part is missing.",
}


def install(app: Flask) -> None:
    """Hangs the filters and globals into the application's templates, and compression behind its answers."""
    app.jinja_env.trim_blocks = False
    filters: dict[str, Callable[..., Any]] = {
        "iso": iso,
        "exact": exact,
        "relative": relative,
        "duration": duration,
        "size": size,
        "slug": slug,
        "severity_level": severity_level,
        "plural": plural,
        "told": told,
    }
    app.jinja_env.filters.update(filters)
    app.jinja_env.globals.update(
        icon=icons.icon,
        state_badge=state_badge,
        severity_badge=severity_badge,
        sections=sections,
        viewer=viewer,
        theme=theme,
        advice=advice,
        csrf_field=csrf.field,
        csrf_token=csrf.token,
        asset=assets.asset,
        vendored=assets.vendored,
        integrity=assets.integrity,
        highlight=highlight.lines,
        readme_html=readme.render,
    )
    app.after_request(assets.keep)
    app.after_request(compress.shrink)


def iso(moment: datetime) -> str:
    """ISO 8601 in UTC with a Z, for markup and the API: `2026-11-24T04:12:05Z`."""
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def exact(moment: datetime) -> str:
    """The moment for people who hover: `2026-11-24 04:12:05 UTC`."""
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def relative(moment: datetime, now: datetime | None = None) -> str:
    """How long ago, or in how long, in the largest unit that fits: `just now`, `5 m ago`, `in 3 h`, `2026-01-31`."""
    seconds = ((now or clock.now()) - moment).total_seconds()
    if abs(seconds) < 5:
        return "just now"
    if abs(seconds) >= 60 * 86400:
        return moment.astimezone(UTC).strftime("%Y-%m-%d")
    amount, unit = abs(seconds), "d"
    for factor, name in _STEPS:
        if amount < factor:
            unit = name
            break
        amount /= factor
    text = f"{int(amount)} {unit}"
    return f"{text} ago" if seconds > 0 else f"in {text}"


def duration(seconds: float) -> str:
    """`340 ms`, `4.2 s`, `1 m 12 s`, `2 h 5 m`, `3 d 4 h`: two units at most."""
    if seconds < 0.9995:
        return f"{round(seconds * 1000)} ms"
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    units = [(whole // 86400, "d"), (whole // 3600 % 24, "h"), (whole // 60 % 60, "m"), (whole % 60, "s")]
    first = next(at for at, (amount, _) in enumerate(units) if amount)
    return " ".join(f"{amount} {unit}" for amount, unit in units[first : first + 2] if amount)


def size(octets: int) -> str:
    """Decimal sizes as clients print them: `312 B`, `3.4 MB`."""
    if octets < 1000:
        return f"{octets} B"
    amount = float(octets)
    for unit in ("kB", "MB", "GB", "TB"):
        amount /= 1000
        if amount < 999.5 or unit == "TB":
            break
    return f"{amount:.1f} {unit}" if amount < 9.95 else f"{amount:.0f} {unit}"


def plural(count: int, one: str, many: str = "") -> str:
    """`1 commit`, `2 commits`, `1,204 branches`."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def told(detail: Mapping[str, Any]) -> str:
    """The detail of an audit row in a line: empty values left out, hashes shortened."""
    values = {key: _HASH.sub(lambda found: found[0][:10], str(value)) for key, value in sorted(detail.items()) if value not in ("", None)}
    return ", ".join(f"{key} {value}" for key, value in values.items())


def slug(word: object) -> str:
    """A word as part of a class name."""
    return re.sub(r"[^a-z0-9]+", "-", str(word).lower()).strip("-") or "none"


def severity_level(word: str) -> int:
    """Filled segments of the bar: critical 4 … info 0."""
    return 4 - SEVERITIES.index(word) if word in SEVERITIES else 0


def state_badge(word: str) -> Markup:
    """A state as icon, colour and word."""
    return Markup('<span class="state state-{}">{}<span>{}</span></span>').format(slug(word), icons.icon(word), escape(word))


def severity_badge(word: str) -> Markup:
    """A severity as bar, colour and word."""
    bar = icons.severity_bar(severity_level(word))
    return Markup('<span class="severity severity-{}">{}<span>{}</span></span>').format(slug(word), bar, escape(word))


def sections() -> list[tuple[str, str, str, bool]]:
    """The rail: text, address, icon, and whether the reader is there."""
    path = request.path
    return [
        (
            text,
            url,
            name,
            path == url or (url != "/" and any(path == u or path.startswith(u + "/") for u in (url, *more))),
        )
        for text, url, name, more in SECTIONS
    ]


def viewer() -> str | None:
    """Who is logged in, or None."""
    try:
        return principal().name
    except Problem:
        return None


def theme() -> str:
    """The colours the reader chose: "light", "dark", or "" for the system's."""
    chosen = request.cookies.get(THEME_COOKIE, "")
    return chosen if chosen in THEMES else ""


def advice(status: int) -> str:
    """What to do about an answer of this status when the problem itself did not say."""
    return _ADVICE.get(status, "Try again; if it stays, look for the request id in the service's log.")
