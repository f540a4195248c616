"""Reading windows: the tree of a span of time, from as few windows as cover it, and its time line."""

import itertools
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from profiler import aggregate, store, tree
from profiler.models import Window
from profiler.tree import Tree
from service.kernel.blobs import Blobs
from service.kernel.errors import Missing
from service.kernel.site import Site

TRIES = 4
BARS_MAX = 120
_STEPS = (60, 300, 900, 3_600, 14_400, 86_400, 604_800)

_Place = tuple[str, int, datetime]
"""Version, period, start."""


@dataclass(frozen=True)
class Span:
    """From `start` up to, not including, `end`."""

    start: datetime
    end: datetime

    @property
    def seconds(self) -> float:
        """Its length."""
        return (self.end - self.start).total_seconds()


@dataclass(frozen=True)
class Merged:
    """The tree of a span and what it was made of."""

    tree: Tree
    profiles: int
    covered_seconds: int
    """Of the span, with at least one profile."""


@dataclass(frozen=True)
class Bar:
    """One step of a time line."""

    span: Span
    totals: dict[str, int]


def read(site: Site, group_id: int, span: Span, version: str = "") -> Merged:
    """The merged tree of the span, of one version or of all."""
    for last in (*(False,) * (TRIES - 1), True):
        with site.db.read() as session:
            rows = cover(session, group_id, span, version)
        try:
            merged = aggregate.merge(load(site.blobs, row.digest) for row in rows)
        except Missing:
            # A window was given new content between the two reads; its row names it now.
            if last:
                raise
            continue
        return Merged(merged, sum(row.profiles for row in rows), _covered(rows))
    raise AssertionError("unreachable")


def load(blobs: Blobs, digest: str) -> Tree:
    """A window's tree. Raises Missing."""
    with blobs.open(digest) as file:
        return tree.load(file.read())


def cover(session: Session, group_id: int, span: Span, version: str = "") -> list[Window]:
    """The windows that make up the span, longest first; none holds what another one holds.

    Where minutes are no longer kept, an hour that reaches over the edge of the span is taken whole, and a day likewise.
    """
    rows = _in(session, group_id, span, version)
    divided = {key for row in rows for key in _longer(row)}
    taken: set[_Place] = set()
    chosen: list[Window] = []
    for row in sorted(rows, key=lambda r: -r.period_seconds):
        ends = row.starts_at + timedelta(seconds=row.period_seconds)
        place = (row.version, row.period_seconds, row.starts_at)
        inside = row.starts_at >= span.start and ends <= span.end
        if (inside or place not in divided) and taken.isdisjoint(_longer(row)):
            taken.add(place)
            chosen.append(row)
    return chosen


def time_line(session: Session, group_id: int, span: Span, version: str = "") -> list[Bar]:
    """The span in at most 120 equal steps with the sums of each; empty steps included."""
    step = next((s for s in _STEPS if span.seconds / s <= BARS_MAX), _STEPS[-1])
    first = store.start_of(span.start, step)
    sums: dict[datetime, Counter[str]] = {}
    for row in cover(session, group_id, span, version):
        sums.setdefault(store.start_of(row.starts_at, step), Counter()).update(row.totals)
    bars: list[Bar] = []
    for number in itertools.count():
        start = first + timedelta(seconds=number * step)
        if start >= span.end:
            return bars
        bars.append(Bar(Span(start, start + timedelta(seconds=step)), dict(sums.get(start, {}))))
    return bars


def versions(session: Session, group_id: int, span: Span) -> list[str]:
    """The versions that ran in the span, the newest first."""
    found = {row.version: row.starts_at for row in sorted(_in(session, group_id, span), key=lambda r: r.starts_at)}
    return sorted(found, key=lambda version: found[version], reverse=True)


def _in(session: Session, group_id: int, span: Span, version: str = "") -> Sequence[Window]:
    touching = or_(
        *(
            and_(Window.period_seconds == period, Window.starts_at > span.start - timedelta(seconds=period))
            for period in store.KEPT
        )
    )
    query = select(Window).where(Window.group_id == group_id, Window.starts_at < span.end, touching)
    if version:
        query = query.where(Window.version == version)
    return session.scalars(query.order_by(Window.starts_at)).all()


def _longer(row: Window) -> list[_Place]:
    """Where the longer windows are that hold this one, if they exist."""
    return [
        (row.version, period, store.start_of(row.starts_at, period))
        for period in store.KEPT
        if period > row.period_seconds
    ]


def _covered(rows: Iterable[Window]) -> int:
    return sum(period for period, _start in {(row.period_seconds, row.starts_at) for row in rows})
