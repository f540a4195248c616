"""What the API and the pages show of a group, read once for both."""

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from profiler import functions, recommend, store, windows
from profiler.aggregate import without_routes
from profiler.functions import Cost
from profiler.lens import Lens
from profiler.models import Profile, ProfilingGroup
from profiler.recommend import Advice
from profiler.tree import Tree
from profiler.windows import Merged, Span
from service.kernel.auth import Principal
from service.kernel.site import Site


@dataclass(frozen=True)
class View:
    """A group through a lens."""

    group: ProfilingGroup
    lens: Lens
    span: Span
    merged: Merged
    metric: str
    seen: Tree
    """One node per function and caller, without what the lens leaves out."""

    @property
    def unit(self) -> str:
        """Of the metric."""
        return self.merged.tree.units.get(self.metric, "count")

    @property
    def samples(self) -> int:
        """In the span, over all threads."""
        return self.merged.tree.total("samples")

    def hottest(self) -> list[Cost]:
        """What each function costs. Lines come from the unfolded tree when nothing is left out."""
        whole = self.lens.own or self.lens.hide or self.lens.by
        return functions.costs(self.seen if whole else without_routes(self.merged.tree), self.metric)

    def advice(self) -> list[Advice]:
        """The recommendations that apply."""
        return recommend.advise(without_routes(self.merged.tree), self.group.own_packages)


def view(site: Site, name: str, lens: Lens) -> View:
    """The group as the lens shows it. Raises Missing for the group, Malformed for the lens."""
    with site.db.read() as session:
        group = store.find_group(session, name)
    span = lens.span()
    merged = windows.read(site, group.id, span, lens.version)
    metric = lens.metric_of(merged.tree)
    return View(group, lens, span, merged, metric, lens.see(merged.tree, group))


def readable(session: Session, who: Principal) -> list[ProfilingGroup]:
    """The groups that the reader may see, by name."""
    rows = session.scalars(select(ProfilingGroup).order_by(ProfilingGroup.name))
    return [group for group in rows if who.may("profile:Read", f"profile/{group.name}")]


def instances(session: Session, group_id: int, span: Span) -> int:
    """How many instances sent a profile of the span."""
    query = select(func.count(func.distinct(Profile.instance))).where(
        Profile.group_id == group_id, Profile.started_at >= span.start, Profile.started_at < span.end
    )
    return session.scalar(query) or 0


def profiles(session: Session, group_id: int, before: int, limit: int) -> tuple[list[Profile], int | None]:
    """The newest profiles with an id below `before` (0: all), and where to go on."""
    query = select(Profile).where(Profile.group_id == group_id).order_by(Profile.id.desc()).limit(limit + 1)
    rows = list(session.scalars(query.where(Profile.id < before) if before else query))
    return rows[:limit], rows[limit - 1].id if len(rows) > limit else None
