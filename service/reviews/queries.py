"""Reading reviews for the API and the pages."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_, case, func, or_, select, true
from sqlalchemy.orm import Session

from analyzers.finding import SECRET_CWES
from service.git.models import GitRepository
from service.kernel.auth import Principal
from service.kernel.errors import Missing
from service.reviews.models import DiagnosticRow, FindingRow, Review, Waiver

HASH_CHARACTERS_MIN = 6
"""A shorter text is taken for words only."""
ID_MAX = 2**63 - 1
"""What a database takes for a number; beyond it there is nothing."""
SHOWN = ("all", "new", "old", "waived", "suppressed")
"""Which findings of a review to see; `new` are those that count for the gate."""

_open = and_(FindingRow.waiver_id.is_(None), FindingRow.suppression.is_(None))
_counts = and_(FindingRow.is_new, _open)
_WHICH: dict[str, Any] = {
    "all": true(), "new": _counts, "old": and_(~FindingRow.is_new, _open),
    "waived": FindingRow.waiver_id.is_not(None), "suppressed": FindingRow.suppression.is_not(None),
}


@dataclass(frozen=True)
class Shown:
    """A finding with the waiver that covers it."""

    row: FindingRow
    waiver: Waiver | None

    @property
    def standing(self) -> str:
        """"suppressed", "waived", "new" or "old"."""
        if self.row.suppression is not None:
            return "suppressed"
        return "waived" if self.waiver else "new" if self.row.is_new else "old"


def readable(session: Session, who: Principal) -> list[str]:
    """The git repositories whose reviews `who` may read."""
    names = session.scalars(select(GitRepository.name).order_by(GitRepository.name))
    return [name for name in names if who.may("review:Read", f"review/{name}")]


def reviews(
    session: Session,
    repositories: Sequence[str],
    *,
    commit: str = "",
    state: str = "",
    before: int | None = None,
    limit: int = 50,
) -> list[Review]:
    """Reviews of these repositories, newest first, from before the id `before`."""
    query = select(Review).where(Review.repository.in_(list(repositories))).order_by(Review.id.desc()).limit(limit)
    if commit:
        query = query.where(Review.commit == commit)
    if state:
        query = query.where(Review.state == state)
    if before is not None:
        query = query.where(Review.id < before)
    return list(session.scalars(query))


def search(session: Session, repositories: Sequence[str], text: str, limit: int = 20) -> list[Review]:
    """Reviews whose commit begins with the text or whose subject holds it, newest first."""
    fits = Review.subject.icontains(text, autoescape=True)
    if len(text) >= HASH_CHARACTERS_MIN:
        fits = or_(fits, Review.commit.startswith(text.lower(), autoescape=True))
    query = select(Review).where(Review.repository.in_(list(repositories)), fits).order_by(Review.id.desc()).limit(limit)
    return list(session.scalars(query))


def review(session: Session, review_id: int) -> Review:
    """One review. Raises Missing."""
    found = session.get(Review, review_id) if review_id <= ID_MAX else None
    if found is None:
        raise Missing(what="review", name=str(review_id))
    return found


def findings(session: Session, review_id: int, *, show: str = "all", offset: int = 0, limit: int | None = None) -> list[Shown]:
    """Findings of a review with their waivers: what counts for the gate first, then by rank."""
    query = (
        select(FindingRow, Waiver).outerjoin(Waiver, FindingRow.waiver_id == Waiver.id)
        .where(FindingRow.review_id == review_id, _WHICH[show])
        .order_by(case((_counts, 0), else_=1), FindingRow.rank.desc(), FindingRow.path, FindingRow.line, FindingRow.id)
        .offset(offset).limit(limit)
    )
    return [Shown(row, waiver) for row, waiver in session.execute(query)]


def standings(session: Session, review_id: int) -> dict[str, int]:
    """How many findings of a review there are of each standing in SHOWN."""
    sums = [func.sum(case((condition, 1), else_=0)).label(which) for which, condition in _WHICH.items()]
    row = session.execute(select(*sums).where(FindingRow.review_id == review_id)).one()
    return {which: int(number or 0) for which, number in row._mapping.items()}


def secret_places(session: Session, review_id: int) -> list[tuple[str, int, int]]:
    """Blob, first and last line of every finding of a review that marks a secret."""
    rows = session.execute(
        select(FindingRow.blob, FindingRow.line, FindingRow.end_line)
        .where(FindingRow.review_id == review_id, FindingRow.cwe.in_(SECRET_CWES))
    )
    return [(blob, line, end_line) for blob, line, end_line in rows]


def diagnostics(session: Session, review_id: int, limit: int = 500) -> list[DiagnosticRow]:
    """What could not be read or done, what blocks first."""
    return list(session.scalars(
        select(DiagnosticRow).where(DiagnosticRow.review_id == review_id, DiagnosticRow.skipped == "")
        .order_by(DiagnosticRow.unreadable.desc(), DiagnosticRow.is_new.desc(), DiagnosticRow.id).limit(limit)
    ))


def skipped(session: Session, review_id: int, limit: int | None = None) -> list[DiagnosticRow]:
    """What the review left out on purpose, by path."""
    of_review = select(DiagnosticRow).where(DiagnosticRow.review_id == review_id, DiagnosticRow.skipped != "")
    return list(session.scalars(of_review.order_by(DiagnosticRow.path, DiagnosticRow.id).limit(limit)))


def waivers(session: Session, repository: str, *, before: int | None = None, limit: int = 50) -> list[Waiver]:
    """Waivers of a repository, newest first, ended ones included."""
    query = select(Waiver).where(Waiver.repository == repository).order_by(Waiver.id.desc()).limit(limit)
    return list(session.scalars(query if before is None else query.where(Waiver.id < before)))


def waiver(session: Session, waiver_id: int) -> Waiver:
    """One waiver. Raises Missing."""
    found = session.get(Waiver, waiver_id) if waiver_id <= ID_MAX else None
    if found is None:
        raise Missing(what="waiver", name=str(waiver_id))
    return found
