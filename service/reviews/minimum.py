"""The administrator's minimum of the gate, which no commit's own `.lockgate.yml` can lower. The only writer of its table."""

from collections.abc import Sequence
from dataclasses import replace
from fnmatch import fnmatchcase

from sqlalchemy import select
from sqlalchemy.orm import Session

from analyzers.finding import SEVERITIES, at_or_above
from analyzers.options import ReviewOptions
from service.kernel import audit, clock
from service.kernel.errors import Malformed, Missing
from service.kernel.site import Site
from service.reviews.models import GateMinimum
from service.reviews.options import Options

GLOB_CHARACTERS_MAX = 200
CHOICES: dict[str, tuple[str, ...]] = {
    "block_at": (*SEVERITIES, "never"), "unparsable_files": ("commit", "block"), "excludes": ("commit", "ignore"),
    "suppressions": ("commit", "ignore"), "imported": ("commit", "count"),
}  # fmt: skip
"""What each field may say; "commit" leaves it to the commit."""


def applied(site: Site, repository: str, options: Options) -> Options:
    """The commit's options with every minimum that holds for its repository; the stricter word counts."""
    with site.db.read() as session:
        holding = [row for row in every(session) if fnmatchcase(repository, row.repositories)]
    for row in holding:
        options = _raised(options, row)
    return replace(options, minimums=tuple(row.repositories for row in holding))


def every(session: Session) -> Sequence[GateMinimum]:
    """All minimums, by glob."""
    return session.scalars(select(GateMinimum).order_by(GateMinimum.repositories)).all()


def put(site: Site, repositories: str, says: dict[str, str], actor: str) -> GateMinimum:
    """Sets the minimum for a glob; it holds from the next review on. Raises Malformed."""
    if not repositories.strip() or len(repositories) > GLOB_CHARACTERS_MAX:
        raise Malformed(where="repositories", why="give a glob over names of git repositories, such as `*` or `payments/*`")
    for field, value in says.items():
        if value not in CHOICES.get(field, ()):
            raise Malformed(where=field, why=f"is one of {', '.join(CHOICES.get(field, ('nothing: there is no such field',)))}")
    with site.db.write() as session:
        row = session.scalar(select(GateMinimum).where(GateMinimum.repositories == repositories))
        if row is None:
            row = GateMinimum(repositories=repositories, block_at="never", unparsable_files="commit", excludes="commit",
                              suppressions="commit", imported="commit")  # fmt: skip
            session.add(row)
        for field, value in says.items():
            setattr(row, field, value)
        row.actor, row.updated_at = actor, clock.now()
        audit.record(session, actor, "review:SetMinimum", f"review/{repositories}", **says)
        return row


def delete(site: Site, minimum_id: int, actor: str) -> None:
    """Takes a minimum away. Raises Missing."""
    with site.db.write() as session:
        row = session.get(GateMinimum, minimum_id)
        if row is None:
            raise Missing(what="gate minimum", name=str(minimum_id))
        audit.record(session, actor, "review:DeleteMinimum", f"review/{row.repositories}")
        session.delete(row)


def _raised(options: Options, row: GateMinimum) -> Options:
    gate = options.gate
    changes: dict[str, object] = {}
    if row.block_at != "never":
        if gate.block_at == "never" or not at_or_above(row.block_at, gate.block_at):
            changes["block_at"] = row.block_at
        changes["max_new"] = {level: number for level, number in gate.max_new.items() if not at_or_above(level, row.block_at)}
    if row.unparsable_files == "block":
        changes["unparsable_files"] = "block"
    if row.imported == "count":
        changes["imported"] = "count"
    return replace(
        options,
        gate=gate.model_copy(update=changes),
        review=ReviewOptions(accept=options.review.accept) if row.excludes == "ignore" else options.review,
        heed_suppressions=options.heed_suppressions and row.suppressions == "commit",
    )
