"""Line icons, drawn for this product on a 16 × 16 grid; always shown beside a word, so hidden from screen readers."""

from markupsafe import Markup

_PATHS = {
    # states
    "passed": "M3 8.5 6.5 12 13 4.5",
    "failed": "M4 4l8 8M12 4l-8 8",
    "blocked": "M2.5 2.5v11M13.5 2.5v11M2.5 6h11M2.5 10.5h11M6.2 6v4.5M9.8 6v4.5",
    "waiting": "M5 9V3.8a1 1 0 0 1 2 0V7.5 2.8a1 1 0 0 1 2 0V7.5 3.8a1 1 0 0 1 2 0V9.5c0 2.8-1.4 4.5-3.7 4.5-1.7 0"
    "-2.7-.8-3.6-2.4L2.6 9.5a1 1 0 0 1 1.6-1.1L5 9.5",
    "queued": "M8 2.2a5.8 5.8 0 1 0 0 11.6A5.8 5.8 0 1 0 8 2.2M8 5v3.2l2.2 1.5",
    "skipped": "M3.5 4l5.5 4-5.5 4zM12 4v8",
    "superseded": "M4 8.5 8 4.5l4 4M4 12.5l4-4 4 4",
    "stopped": "M4 4h8v8H4z",
    # sections
    "home": "M2.5 7.5 8 2.8l5.5 4.7M4 6.8v6.4h8V6.8",
    "repositories": "M5 3v7.2M5 10.2a1.7 1.7 0 1 0 .01 0M11 5.6a1.7 1.7 0 1 0-.01 0M11 5.6c0 3-6 2-6 4.6",
    "reviews": "M2.5 3.5h11v7.5h-6l-3 2.5V11h-2zM5.5 7l1.8 1.7L10.5 5.6",
    "packages": "M8 2.2l5.5 2.9v5.8L8 13.8l-5.5-2.9V5.1zM2.5 5.1 8 8l5.5-2.9M8 8v5.8",
    "pipelines": "M2 5.5h3v5H2zM11 5.5h3v5h-3zM5 8h6M9 6l2 2-2 2",
    "deployments": "M8 10V2.5M5 5.3 8 2.3l3 3M3 9.5v4h10v-4",
    "profiles": "M2 13.5h12M3 10.5h10M4.5 7.5h6M6 4.5h2.5",
    "alarms": "M4 11.5c.8-1 1-2 1-4a3 3 0 0 1 6 0c0 2 .2 3 1 4zM6.8 13.3c.6.6 1.8.6 2.4 0",
    "audit": "M4 2.5h8v11H4zM6 5.5h4M6 8h4M6 10.5h2.5",
    "settings": "M2.5 5h6M11.5 5h2M10 3.3v3.4M2.5 11h2M7.5 11h6M6 9.3v3.4",
    # things
    "search": "M7 2.8a4.2 4.2 0 1 0 0 8.4 4.2 4.2 0 1 0 0-8.4M10.2 10.2l3.3 3.3",
    "menu": "M2.5 4.5h11M2.5 8h11M2.5 11.5h11",
    "folder": "M2 4.2h4.5l1.3 1.6H14v7H2z",
    "file": "M4 2.2h5.2L12.5 5.5v8.3H4zM9 2.2v3.5h3.5",
    "link": "M6.5 9.5l3-3M7.2 5 9 3.2a2.5 2.5 0 0 1 3.6 3.6L10.8 8.8M8.8 11 7 12.8a2.5 2.5 0 0 1-3.6-3.6L5.2 7.2",
    "lock": "M4 7.5h8v6H4zM5.7 7.5V5.3a2.3 2.3 0 0 1 4.6 0v2.2",
    "tag": "M2.5 2.5h5.3l5.7 5.7-5.3 5.3-5.7-5.7zM5.2 5.2h.01",
    "key": "M5.2 7.3a3 3 0 1 0 .01 0M7.4 8 13.5 2M11 4.5l2 2",
}


_HIDDEN = 'aria-hidden="true" focusable="false"'


def icon(name: str) -> Markup:
    """The icon as inline SVG; a plain dot for a name that has none."""
    path = _PATHS.get(name)
    shape = f'<path d="{path}"/>' if path else '<circle class="dot" cx="8" cy="8" r="4"/>'
    return Markup(  # noqa: S704  constants of this file only
        f'<svg class="icon" viewBox="0 0 16 16" width="16" height="16" {_HIDDEN}>{shape}</svg>'
    )


def severity_bar(filled: int, segments: int = 4) -> Markup:
    """A bar of which `filled` segments are solid and the rest hollow."""
    parts = "".join(
        f'<rect class="{"full" if at < filled else "hollow"}" x="{1 + at * 6}" y="1.5" width="4.5" height="7" rx="1"/>'
        for at in range(segments)
    )
    return Markup(  # noqa: S704  numbers only
        f'<svg class="bar" viewBox="0 0 25 10" width="25" height="10" {_HIDDEN}>{parts}</svg>'
    )
