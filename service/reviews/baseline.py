"""What is old: the findings of the nearest ancestors that the gate let pass.

The parent alone would not do: a blocked commit would get through with an empty commit on top, because all its findings
would be the parent's too. Only what passed can make a finding old. And of what passed, a finding that was new and got
through by a waiver stays new, or the waiver's end would mean nothing; one that a comment silenced was never let pass.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.git import command
from service.git.command import in_repository
from service.reviews.models import DiagnosticRow, FindingRow, Review

ANCESTORS_MAX = 1000
RENAMES_MAX = 2000

History = Mapping[str, Sequence[str]]
"""Commits, newest first, each with its parents."""


@dataclass(frozen=True)
class Baseline:
    """What the commits of `reviews` had, by fingerprint; and which files could not be read even then."""

    reviews: tuple[Review, ...]
    fingerprints: frozenset[str]
    waived: frozenset[str]
    """Fingerprints that passed only by a waiver: not old."""
    unreadable: frozenset[str]

    @property
    def commit(self) -> str:
        """The nearest of the commits; "" when nothing passed before."""
        return self.reviews[0].commit if self.reviews else ""


def history(repo: Path, commit: str, limit: int = ANCESTORS_MAX) -> History:
    """The commit and at most `limit` of what it stands on."""
    argv = in_repository(
        repo, "rev-list", "--topo-order", "--parents", f"--max-count={limit + 1}", "--end-of-options", commit
    )
    lines = (line.split() for line in command.run(argv).decode().splitlines())
    return {oid: parents for oid, *parents in lines}


def find(session: Session, repository: str, commit: str, commits: History) -> Baseline:
    """The baseline of `commit`: its nearest reviewed and passed ancestors in `commits`."""
    passed = session.scalars(
        select(Review).where(
            Review.repository == repository, Review.verdict == "passed", Review.commit.in_(list(commits))
        )
    )
    by_commit = {review.commit: review for review in passed}
    reviews = tuple(by_commit[oid] for oid in frontier(commits, commit, by_commit.keys()))
    ids = [review.id for review in reviews]
    rows = session.execute(
        select(FindingRow.fingerprint, FindingRow.is_new, FindingRow.waiver_id).where(
            FindingRow.review_id.in_(ids), FindingRow.suppression.is_(None)
        )
    ).all()
    old = frozenset(fingerprint for fingerprint, is_new, waiver in rows if not (is_new and waiver))
    unreadable = session.scalars(
        select(DiagnosticRow.path).where(DiagnosticRow.review_id.in_(ids), DiagnosticRow.unreadable)
    )
    return Baseline(reviews, old, frozenset(row[0] for row in rows) - old, frozenset(unreadable))


def frontier(commits: History, start: str, passed: Collection[str]) -> list[str]:
    """The first passed commit on every way back from `start`, nearest first in the order of `commits`.

    A straight history has one. A merge has one for each side: what the gate let pass on either is not new to the merge.
    """
    found, seen, ways = set(), {start}, list(commits.get(start, ()))
    while ways:
        oid = ways.pop()
        if oid in seen:
            continue
        seen.add(oid)
        if oid in passed:
            found.add(oid)
        else:
            ways.extend(commits.get(oid, ()))
    return [oid for oid in commits if oid in found]


def renames(repo: Path, old: str, new: str) -> dict[str, str]:
    """Files that moved between two commits: the new path and the old one."""
    argv = in_repository(
        repo, "diff-tree", "-r", "-z", "-M", f"-l{RENAMES_MAX}", "--diff-filter=R", "--name-status", old, new, "--"
    )
    fields = command.run(argv).decode(errors="surrogateescape").split("\0")
    return {after: before for _, before, after in zip(fields[0::3], fields[1::3], fields[2::3], strict=False)}
