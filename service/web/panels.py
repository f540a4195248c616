"""What the rooms tell the home, alarm and search pages, without knowing them.

A room's `views.py` may offer `panel(site, principal)` and `search(site, principal, text)`; the roof collects them. They
answer plain data, parsed here once:

    panel: None, or {"title": "Pipelines", "url": "/pipelines", "rows": [row, ...], "empty": "what would be here",
                     "command": "what puts it there"}; rows newest first
    row:   {"text": "shop: release 1.4", "url": "/executions/7", "state": "failed", "line": "build: exit code 2",
            "at": datetime, "settled": True}; `settled` says that a failed, blocked or waiting row asks nobody
    search: [{"kind": "Package", "title": "tidewater", "url": "/packages/…", "line": "1.2.0 in default/main"}, ...]
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog

from service.kernel.auth import Principal
from service.kernel.site import Site

PanelSource = Callable[[Site, Principal], Mapping[str, Any] | None]
SearchSource = Callable[[Site, Principal, str], Iterable[Mapping[str, Any]]]
ROWS_MAX = 50
HITS_MAX = 20
"""Of one room."""
ASKING = ("failed", "blocked", "waiting")
MOVING = ("running", "queued")
_log = structlog.get_logger("web")


@dataclass(frozen=True)
class Row:
    """One thing on the home page."""

    text: str
    url: str
    state: str = ""
    line: str = ""
    at: datetime | None = None
    settled: bool = False

    @property
    def asks(self) -> bool:
        """Whether somebody has to do something about it."""
        return self.state in ASKING and not self.settled


@dataclass(frozen=True)
class Panel:
    """What one room has going on."""

    title: str
    url: str
    rows: tuple[Row, ...]
    empty: str = ""
    command: str = ""
    broken: bool = False


@dataclass(frozen=True)
class Hit:
    """One thing that was found."""

    kind: str
    title: str
    url: str
    line: str = ""


def collect(site: Site, who: Principal, sources: Iterable[PanelSource]) -> list[Panel]:
    """Every room's panel. One that fails becomes a panel that says so: the others are still worth reading."""
    found = []
    for source in sources:
        try:
            told = source(site, who)
        except Exception:  # noqa: BLE001  rooms are strangers; logged, and the page says so
            _log.exception("panel failed", room=source.__module__)
            found.append(Panel(_room(source), "", (), broken=True))
            continue
        if told is not None:
            found.append(_panel(told))
    return found


def find(site: Site, who: Principal, text: str, sources: Iterable[SearchSource]) -> tuple[list[Hit], list[str]]:
    """What the rooms find, and the names of rooms that could not look."""
    hits: list[Hit] = []
    broken = []
    for source in sources:
        try:
            told = list(source(site, who, text))[:HITS_MAX]
        except Exception:  # noqa: BLE001  rooms are strangers; logged, and the page says so
            _log.exception("search failed", room=source.__module__)
            broken.append(_room(source))
            continue
        hits += [Hit(h["kind"], h["title"], h["url"], h.get("line", "")) for h in told]
    return hits, broken


def asking(panels: Iterable[Panel]) -> list[Row]:
    """What waits for a person, newest first."""
    return _newest(row for panel in panels for row in panel.rows if row.asks)


def moving(panels: Iterable[Panel]) -> list[Row]:
    """What runs or is about to, newest first."""
    return _newest(row for panel in panels for row in panel.rows if row.state in MOVING)


def _newest(rows: Iterable[Row]) -> list[Row]:
    return sorted(rows, key=lambda row: row.at.timestamp() if row.at else 0.0, reverse=True)


def _panel(told: Mapping[str, Any]) -> Panel:
    rows = tuple(Row(**row) for row in list(told["rows"])[:ROWS_MAX])
    return Panel(told["title"], told.get("url", ""), rows, told.get("empty", ""), told.get("command", ""))


def _room(source: Callable[..., Any]) -> str:
    return source.__module__.removesuffix(".views").rpartition(".")[2].capitalize()
