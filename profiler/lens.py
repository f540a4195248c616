"""What the reader looks at: span, metric, version, and how; all of it from the address, so that a view can be sent on."""

from datetime import UTC, datetime, timedelta
from typing import Any, Literal, Self
from urllib.parse import urlencode

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from profiler.aggregate import by_function, only, without_routes
from profiler.models import ProfilingGroup
from profiler.ownership import OWN, kind
from profiler.tree import ROUTE_FILE, Function, Tree
from profiler.windows import Span
from service.kernel import clock
from service.kernel.errors import Malformed

MINUTES_MAX = 129_600
CHOICES = ((15, "15 minutes"), (60, "hour"), (360, "6 hours"), (1_440, "day"), (10_080, "week"), (43_200, "30 days"))
METRICS = {"cpu": "CPU time", "wall": "wall time", "samples": "samples"}


class Lens(BaseModel):
    """The choices, with their defaults."""

    model_config = ConfigDict(extra="ignore", populate_by_name=True)
    minutes: int = Field(60, ge=1, le=MINUTES_MAX, description="how far back, when `from` is not given")
    start: datetime | None = Field(None, alias="from")
    end: datetime | None = Field(None, alias="to")
    metric: str = Field("", max_length=64, description="cpu, wall, samples, …; default: cpu if there is any, else wall")
    version: str = Field("", max_length=100)
    own: bool = Field(False, description="only the program's own code: other frames' time goes to who called them")
    by: Literal["", "route"] = Field("", description="route: the outermost frame is the route that was served")
    root: str = Field("", max_length=64, description="key of the frame to zoom into")
    q: str = Field("", max_length=200, description="marks the frames whose name or file holds this")
    hide: str = Field("", max_length=200, description="leaves out frames whose name holds this")

    @classmethod
    def of(cls, args: dict[str, Any]) -> Self:
        """From an address' arguments. Raises Malformed, naming the argument."""
        try:
            return cls.model_validate({key: value for key, value in args.items() if value != ""})
        except ValidationError as error:
            first = error.errors()[0]
            raise Malformed(where=".".join(str(part) for part in first["loc"]), why=first["msg"]) from None

    def span(self, now: datetime | None = None) -> Span:
        """The span of time. Raises Malformed when it is empty or too long."""
        end = _utc(self.end) if self.end else now or clock.now()
        start = _utc(self.start) if self.start else end - timedelta(minutes=self.minutes)
        if not timedelta() < end - start <= timedelta(minutes=MINUTES_MAX):
            raise Malformed(where="from", why="must be before `to`, by at most 90 days")
        return Span(start, end)

    def metric_of(self, tree: Tree) -> str:
        """The metric to show. Raises Malformed when the one asked for was not measured."""
        if self.metric and self.metric not in tree.units and len(tree) > 1:
            raise Malformed(where="metric", why=f"{self.metric!r} was not measured; there is {', '.join(tree.units)}")
        found = (self.metric, *(m for m in ("cpu", "wall", *tree.units) if tree.total(m)), "samples")
        return next(metric for metric in found if metric)

    def see(self, tree: Tree, group: ProfilingGroup) -> Tree:
        """The tree as these choices show it: one node per function and caller."""
        seen = tree if self.by == "route" else without_routes(tree)
        if self.own or self.hide:
            seen = only(seen, lambda function: self._keeps(function, group.own_packages))
        return by_function(seen)

    def query(self, **changes: Any) -> str:
        """The address' arguments with changes; what is at its default is left out."""
        told = {**self.model_dump(by_alias=True), **changes}
        defaults = Lens.model_validate({}).model_dump(by_alias=True)
        kept = {key: _word(value) for key, value in told.items() if value != defaults.get(key)}
        return "?" + urlencode(kept) if kept else "?"

    def _keeps(self, function: Function, own_packages: list[str]) -> bool:
        if function.file == ROUTE_FILE:
            return True
        if self.hide and self.hide.casefold() in function.name.casefold():
            return False
        return not self.own or kind(function, own_packages) == OWN


def _utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _word(value: Any) -> str:
    if isinstance(value, datetime):
        return _utc(value).isoformat().replace("+00:00", "Z")
    return "1" if value is True else str(value)
