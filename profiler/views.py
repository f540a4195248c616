"""Pages of the profiler: the groups, and a group with its time line, advice, flame graph and hottest functions."""

from datetime import timedelta
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from profiler import flame, reading, store, units, windows
from profiler.aggregate import without_routes
from profiler.exports import FORMATS
from profiler.lens import CHOICES, METRICS, Lens
from profiler.models import ProfilingGroup
from profiler.ownership import kind, place, short_name
from profiler.reading import View
from profiler.tree import Function
from profiler.windows import Bar
from service.kernel import clock
from service.kernel.access import demand, needs, principal, public, site
from service.kernel.auth import Principal
from service.kernel.site import Site

pages = Blueprint("profiler", __name__, template_folder="templates")
RESOURCE = "profile/{group}"
TOP_ROWS = 20
QUIET_AFTER = timedelta(minutes=5)
BAR_HEIGHT = 48
_MONTH_HOURS = 730


@pages.get("/profiles")
@public
def index() -> str:
    """The profiling groups that the reader may see, with their CPU time of the last hour."""
    who = principal()
    span = Lens.of({}).span()
    with site().db.read() as session:
        groups = reading.readable(session, who)
        lines = {g.id: windows.time_line(session, g.id, span) for g in groups}
    busy = {g.id: sum(bar.totals.get("cpu", 0) for bar in lines[g.id]) for g in groups}
    return render_template(
        "profiler/index.html", groups=groups, bars={g.id: _bars(lines[g.id], "cpu") for g in groups}, state_of=state_of,
        cores={g.id: units.cores(busy[g.id], span.seconds) for g in groups}, may_add=who.may("profile:Edit", "profile/new"),
    )


@pages.post("/profiles")
@public
def add() -> Response:
    """The form of the list."""
    name = request.form.get("name", "").strip()
    who = demand("profile:Edit", RESOURCE.format(group=name))
    with site().db.write() as session:
        store.create_group(session, name, project="default", description="", own_packages=[], actor=who.name)
    return redirect(url_for("profiler.show", group=name), 303)


@pages.get("/profiles/<group>")
@needs("profile:Read", RESOURCE)
def show(group: str) -> str:
    """A group: what it costs, what could be cheaper, where the time goes."""
    view = reading.view(site(), group, Lens.of(request.args.to_dict()))
    with site().db.read() as session:
        line = windows.time_line(session, view.group.id, view.span, view.lens.version)
        versions = windows.versions(session, view.group.id, view.span)
        count = reading.instances(session, view.group.id, view.span)
    picture = flame.draw(
        view.seen, view.metric, own_packages=view.group.own_packages, focus=view.lens.root, search=view.lens.q
    )
    seconds = max(view.merged.covered_seconds, 1)
    return render_template(
        "profiler/group.html", view=view, group=view.group, lens=view.lens, flame=picture, bars=_bars(line, view.metric),
        versions=versions, instances=count, state=state_of(view.group), choices=CHOICES, metrics=METRICS, line=_line(view),
        top=view.hottest()[:TOP_ROWS], advice=view.advice() if not view.lens.root else [],
        units=units, place=place, kind=kind, short_name=short_name,
        formats=list(FORMATS), hour_cost=lambda value: _monthly(value, seconds), host=request.host_url.rstrip("/"),
        may_edit=principal().may("profile:Edit", RESOURCE.format(group=group)), routes=_has_routes(view),
        key_of=_keys_of(view), own_text=", ".join(view.group.own_packages),
    )


@pages.post("/profiles/<group>/settings")
@needs("profile:Edit", RESOURCE)
def change(group: str) -> Response:
    """The form of the group's page."""
    form = request.form
    own = [name.strip() for name in form.get("own_packages", "").split(",") if name.strip()]
    with site().db.write() as session:
        before = store.find_group(session, group)
        store.edit_group(
            session, group, enabled=form.get("enabled") == "1", interval_seconds=before.interval_seconds,
            description=form.get("description", "")[:1000], own_packages=own, actor=principal().name,
        )
    return redirect(url_for("profiler.show", group=group), 303)


def panel(site: Site, who: Principal) -> dict[str, Any]:
    """For the home page: the groups with the hottest of the last hour, the newest profiles first."""
    span = Lens.of({}).span()
    rows = []
    with site.db.read() as session:
        groups = sorted(reading.readable(session, who), key=lambda g: g.last_received_at or g.created_at, reverse=True)
        for group in groups[:10]:
            bars = windows.time_line(session, group.id, span)
            busy = sum(bar.totals.get("cpu", 0) for bar in bars)
            text = f"{units.cores(busy, span.seconds)} in the last hour" if busy else "no CPU time in the last hour"
            rows.append({
                "text": group.name, "url": url_for("profiler.show", group=group.name), "state": state_of(group),
                "line": text if group.last_received_at else "no profile yet", "at": group.last_received_at, "settled": True,
            })
    return {"title": "Profiles", "url": "/profiles", "rows": rows, "empty": "Programs that carry the profiler show here."}


def search(site: Site, who: Principal, text: str) -> list[dict[str, Any]]:
    """For the search page: profiling groups by name."""
    with site.db.read() as session:
        groups = [g for g in reading.readable(session, who) if text.casefold() in g.name.casefold()]
    return [
        {"kind": "profiling group", "title": g.name, "url": url_for("profiler.show", group=g.name), "line": g.description}
        for g in groups[:20]
    ]


def state_of(group: ProfilingGroup) -> str:
    """running: profiles come in; waiting: none came yet; stopped: switched off, or nothing for five minutes."""
    if not group.enabled:
        return "stopped"
    if group.last_received_at is None:
        return "waiting"
    return "running" if clock.now() - group.last_received_at < QUIET_AFTER else "stopped"


def _line(view: View) -> str:
    """The sum of what is seen in a sentence."""
    total = view.merged.tree.total(view.metric)
    told = [f"{units.amount(total, view.unit)} of {METRICS.get(view.metric, view.metric)}"]
    if view.metric == "cpu" and view.merged.covered_seconds:
        told.append(f"{units.cores(total, view.merged.covered_seconds)} busy")
    told.append(f"{view.samples:,} samples in {view.merged.profiles:,} profiles")
    return ", ".join(told)


def _bars(line: list[Bar], metric: str) -> list[dict[str, Any]]:
    """The time line as boxes: places in per cent, heights in pixels."""
    most = max((bar.totals.get(metric, 0) for bar in line), default=0) or 1
    width = 100 / max(len(line), 1)
    return [
        {"x": round(at * width, 3), "width": round(width * 0.86, 3), "span": bar.span, "value": bar.totals.get(metric, 0),
         "height": max(1, round(BAR_HEIGHT * bar.totals.get(metric, 0) / most)) if bar.totals.get(metric) else 0}
        for at, bar in enumerate(line)
    ]


def _monthly(value: int, seconds: int) -> str:
    """CPU time of a span, carried on for a month, in processor hours."""
    return f"{value / 1e9 / seconds * _MONTH_HOURS:,.1f} processor hours a month"


def _has_routes(view: View) -> bool:
    return len(without_routes(view.merged.tree)) < len(view.merged.tree)


def _keys_of(view: View) -> dict[Function, str]:
    """Function → key of its largest frame, for links from the table into the picture."""
    boxes = flame.draw(view.seen, view.metric).boxes
    return {box.function: box.key for box in sorted(boxes, key=lambda box: box.value)}
