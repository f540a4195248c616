"""The only writer of reviews, findings and diagnostics; what it writes and the fact of it are one transaction."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import and_, delete, func, insert, select, update
from sqlalchemy.orm import Session

from analyzers.finding import Diagnostic, Finding, Skipped
from service.kernel import bus, clock
from service.kernel.events import GateChanged, Pushed, ReviewFinished
from service.kernel.site import Site
from service.reviews import gate
from service.reviews.models import DiagnosticRow, FindingRow, Review, Waiver
from service.reviews.options import SEVERITIES, GateOptions, gate_of

ERROR_CHARACTERS_MAX = 1000
T = TypeVar("T")
IMPORTED = "imported"
"""Stands for the blob of a finding that another tool's log brought."""
SKIPPED_MAX = 5_000
"""Files left out that a review lists; beyond, it tells their number."""
_PART = 500
"""Values in one IN list."""


@dataclass(frozen=True)
class Placed:
    """A finding, the blob it is in, and whether the baseline has it."""

    finding: Finding
    blob: str
    is_new: bool
    fingerprint_before: str = ""
    """What it had where the file was before it moved: a waiver for that covers this."""
    suppression: str | None = None
    """The reason of the comment that silences it, if one does."""


@dataclass(frozen=True)
class Unread:
    """A diagnostic; `unreadable`: the file itself could not be reviewed; `is_new`: it could in the baseline."""

    diagnostic: Diagnostic
    unreadable: bool
    is_new: bool


@dataclass(frozen=True)
class Outcome:
    """All that a review of one commit found out; `problems` are sentences about its `.lockgate.yml`."""

    base_commit: str
    findings: Sequence[Placed]
    diagnostics: Sequence[Unread]
    gate: GateOptions
    problems: Sequence[str]
    counts: dict[str, int]
    """files, skipped, analysed, lines, suppressed."""
    engine_version: str
    minimums: Sequence[str] = ()
    skipped: Sequence[Skipped] = ()
    metered_lines: int = 0
    rule_costs: Mapping[str, int] = field(default_factory=dict)


def queue(site: Site, fact: Pushed) -> None:
    """Writes the pushed commit's review down as queued, unless there is one already."""
    with site.db.write() as session:
        if of_commit(session, fact.repository, fact.new) is None:
            _add(session, fact)


def begin(site: Site, fact: Pushed, subject: str) -> Review | None:
    """The review of the pushed commit, running; None when it is decided. A failed one begins again."""
    with site.db.write() as session:
        review = of_commit(session, fact.repository, fact.new) or _add(session, fact)
        if review.verdict and review.state != "failed":
            return None
        review.state, review.verdict, review.error, review.subject = "running", "", "", _clean(subject)
        review.started_at, review.finished_at = clock.now(), None
        return review


def finish(site: Site, review_id: int, outcome: Outcome) -> None:
    """Stores what was found, decides, and says so. Does nothing when another worker was first."""
    with site.db.write() as session:
        review = session.get_one(Review, review_id)
        if review.verdict and review.state != "failed":
            return
        session.execute(delete(FindingRow).where(FindingRow.review_id == review_id))
        session.execute(delete(DiagnosticRow).where(DiagnosticRow.review_id == review_id))
        names = {name for p in outcome.findings for name in (p.finding.fingerprint, p.fingerprint_before) if name}
        waivers = active_waivers(session, review.repository, names)
        if outcome.findings:
            session.execute(insert(FindingRow), [_finding_row(review_id, p, waivers) for p in outcome.findings])
        told = [_diagnostic_row(review_id, d) for d in outcome.diagnostics]
        told += [_skipped_row(review_id, one) for one in outcome.skipped[:SKIPPED_MAX]]
        if told:
            session.execute(insert(DiagnosticRow), told)
        review.base_commit, review.engine_version, review.error = outcome.base_commit, outcome.engine_version, ""
        review.gate = {**outcome.gate.model_dump(), "problems": [_clean(text) for text in outcome.problems],
                       "minimums": list(outcome.minimums)}
        review.counts, review.metered_lines = dict(outcome.counts), outcome.metered_lines
        review.rule_costs, review.finished_at = dict(outcome.rule_costs), clock.now()
        judge(session, review)
        bus.publish(
            session, ReviewFinished(review.id, review.repository, review.commit, review.verdict, tuple(review.reasons))
        )


def fail(site: Site, fact: Pushed, error: str) -> None:
    """Ends the review of the pushed commit as failed, which blocks: what could not be reviewed does not get through."""
    with site.db.write() as session:
        review = of_commit(session, fact.repository, fact.new) or _add(session, fact)
        if review.verdict:
            return
        review.state, review.verdict, review.error = "failed", "blocked", _clean(error)[:ERROR_CHARACTERS_MAX]
        review.reasons = [f"The review failed, so nothing says that the commit is fine: {review.error}"]
        review.finished_at = clock.now()
        bus.publish(
            session, ReviewFinished(review.id, review.repository, review.commit, "blocked", tuple(review.reasons))
        )


def add_imported(session: Session, review: Review, tool: str, placed: Sequence[Placed]) -> None:
    """Puts another tool's findings beside a finished review's own, instead of what that tool said before; decides again."""
    session.execute(delete(FindingRow).where(
        FindingRow.review_id == review.id, FindingRow.blob == IMPORTED, FindingRow.tool == tool))  # fmt: skip
    waivers = active_waivers(session, review.repository, {one.finding.fingerprint for one in placed})
    if placed:
        session.execute(insert(FindingRow), [_finding_row(review.id, one, waivers) for one in placed])
    judge_again(session, review)


def judge(session: Session, review: Review) -> bool:
    """Decides from the stored rows, as waivers stand now; answers whether the verdict changed."""
    session.flush()
    mine = and_(FindingRow.review_id == review.id, FindingRow.suppression.is_(None))
    new = session.scalars(
        select(FindingRow).where(mine, FindingRow.is_new, FindingRow.waiver_id.is_(None)).order_by(*rank_order())
    ).all()
    unread = session.scalars(
        select(DiagnosticRow).where(
            DiagnosticRow.review_id == review.id, DiagnosticRow.unreadable, DiagnosticRow.is_new
        ).order_by(DiagnosticRow.id)
    ).all()
    total = session.scalar(select(func.count()).where(mine)) or 0
    waived = session.scalar(select(func.count()).where(mine, FindingRow.waiver_id.is_not(None))) or 0
    options = gate_of(review.gate)
    new = [one for one in new if options.imported == "count" or one.blob != IMPORTED]
    decision = gate.decide(new, unread, options, total=total, waived=waived, problems=review.gate.get("problems", []))
    levels = Counter(finding.severity for finding in new)
    changed = review.verdict != decision.verdict
    review.verdict = review.state = decision.verdict
    review.reasons = list(decision.reasons)
    review.counts = {
        **review.counts, "findings": total, "new": len(new), "waived": waived, **{s: levels[s] for s in SEVERITIES}
    }
    return changed


def judge_again(session: Session, review: Review) -> None:
    """Decides again after waivers changed, and says so when the verdict is another one."""
    if judge(session, review):
        bus.publish(
            session, GateChanged(review.id, review.repository, review.commit, review.verdict, tuple(review.reasons))
        )


def cover(session: Session, finding_ids: Sequence[int], waiver_id: int | None) -> None:
    """Puts findings under a waiver, or from under it."""
    for part in _parts(finding_ids):
        session.execute(update(FindingRow).where(FindingRow.id.in_(part)).values(waiver_id=waiver_id))


def of_commit(session: Session, repository: str, commit: str) -> Review | None:
    """The review of a commit, or None."""
    return session.scalar(select(Review).where(Review.repository == repository, Review.commit == commit))


def active_waivers(session: Session, repository: str, fingerprints: Collection[str]) -> dict[str, int]:
    """The waiver in force for each of the fingerprints that has one."""
    found: dict[str, int] = {}
    for part in _parts(sorted(fingerprints)):
        rows = session.execute(
            select(Waiver.fingerprint, Waiver.id).where(
                Waiver.repository == repository, Waiver.fingerprint.in_(part), Waiver.revoked_at.is_(None),
                Waiver.expires_at > clock.now(),
            ).order_by(Waiver.id)
        )
        found.update((fingerprint, waiver_id) for fingerprint, waiver_id in rows)
    return found


def rank_order() -> tuple[Any, ...]:
    """What needs a person first: findings by rank, then by place."""
    return FindingRow.rank.desc(), FindingRow.path, FindingRow.line, FindingRow.id


def _add(session: Session, fact: Pushed) -> Review:
    review = Review(
        repository=fact.repository, commit=fact.new, base_commit="", ref=fact.ref, subject="", actor=fact.actor,
        state="queued", verdict="", reasons=[], counts={}, gate={}, engine_version="", error="", metered_lines=0, rule_costs={},
        created_at=clock.now(), started_at=None, finished_at=None,
    )
    session.add(review)
    session.flush()
    return review


def _finding_row(review_id: int, placed: Placed, waivers: dict[str, int]) -> dict[str, Any]:
    found = placed.finding
    return {
        "review_id": review_id, "fingerprint": found.fingerprint, "rule": found.rule, "tool": found.tool,
        "severity": found.severity, "confidence": found.confidence, "cwe": found.cwe, "path": _clean(found.path),
        "blob": placed.blob, "line": found.line, "column": found.column, "end_line": found.end_line,
        "end_column": found.end_column, "message": _clean(found.message), "why": _clean(found.why),
        "fix": _clean(found.fix), "rank": found.rank, "is_new": placed.is_new,
        "suppression": None if placed.suppression is None else _clean(placed.suppression),
        "waiver_id": waivers.get(found.fingerprint) or waivers.get(placed.fingerprint_before),
        "steps": [asdict(step) for step in found.steps] or None, "mend": asdict(found.mend) if found.mend and not found.secret else None,
    }


def _diagnostic_row(review_id: int, unread: Unread) -> dict[str, Any]:
    told = unread.diagnostic
    return {
        "review_id": review_id, "path": _clean(told.path), "line": told.line or 0, "message": _clean(told.message),
        "unreadable": unread.unreadable, "is_new": unread.is_new, "skipped": "",
    }


def _skipped_row(review_id: int, left: Skipped) -> dict[str, Any]:
    return {
        "review_id": review_id, "path": _clean(left.path), "line": 0, "message": _clean(left.why), "unreadable": False,
        "is_new": False, "skipped": left.reason,
    }


def _clean(text: str) -> str:
    """Text that every database takes: no NUL, no half of a surrogate pair (file names are bytes)."""
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}").encode(errors="backslashreplace").decode()


def _parts(values: Sequence[T]) -> Iterator[list[T]]:
    left = iter(values)
    while part := list(islice(left, _PART)):
        yield part
