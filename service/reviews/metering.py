"""Metered lines: what reviews cost, in lines of code that were new to the reviewer. By review, repository and month.

The first review of a history counts every line of code of the files it read. A later one counts the lines that were added
since the nearest ancestor with a finished review, renames followed; so a line is metered once, however often it is reviewed.
"""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from analyzers.cells import NOTEBOOK_BYTES_MAX, SUFFIX, code_of
from analyzers.metering import code_lines
from service.git import browse, command
from service.git.command import in_repository
from service.reviews.analysis import FileAnalysis, readable
from service.reviews.baseline import History
from service.reviews.models import Review

DIFF_BYTES_MAX = 64 * 1024 * 1024
MONTHS_MAX = 120
_REVIEWED = ("passed", "blocked")
_NOTEBOOKS, _NO_NOTEBOOKS = f":(icase)*{SUFFIX}", f":(exclude,icase)*{SUFFIX}"
"""Pathspecs of git."""


@dataclass(frozen=True)
class Month:
    """What the reviews of a git repository metered in a month, by the clock of UTC."""

    repository: str
    month: str
    """"2031-05"."""
    reviews: int
    lines: int


def metered(repo: Path, files: Sequence[FileAnalysis], earlier: str, commit: str) -> int:
    """Lines of code that are new since the commit `earlier`; of everything when that is ""."""
    if not earlier:
        return sum(file.report.metered for file in files)
    return _added(repo, earlier, commit, {file.path for file in files if not file.report.skipped})


def earlier_review(session: Session, repository: str, commit: str, commits: History) -> str:
    """The nearest ancestor with a finished review, whatever its verdict; "" when there is none."""
    rows = session.scalars(select(Review.commit).where(
        Review.repository == repository, Review.commit.in_(list(commits)), Review.state.in_(_REVIEWED)))  # fmt: skip
    reviewed = set(rows) - {commit}
    return next((one for one in commits if one in reviewed), "")


def months(session: Session, repositories: Collection[str], since: datetime, until: datetime) -> list[Month]:
    """By month, newest first, and by name: what finished in `since` ≤ t < `until`. Months without a review are left out."""
    found: list[Month] = []
    for begin in reversed(_begins(since, until)[:MONTHS_MAX]):
        rows = session.execute(
            select(Review.repository, func.count(), func.sum(Review.metered_lines))
            .where(Review.repository.in_(list(repositories)), Review.state.in_(_REVIEWED), Review.finished_at >= begin,
                   Review.finished_at < min(_next(begin), until))
            .group_by(Review.repository).order_by(Review.repository)
        )  # fmt: skip
        found += [Month(name, f"{begin:%Y-%m}", count, int(lines or 0)) for name, count, lines in rows]
    return found


def month_of(text: str) -> datetime:
    """The begin of a month written as 2031-05. Raises ValueError."""
    return datetime.strptime(text, "%Y-%m").replace(tzinfo=UTC)


def months_before(at: datetime, number: int) -> datetime:
    """The begin of the month that lies so many months before the one of `at`."""
    years, months = divmod(at.year * 12 + at.month - 1 - number, 12)
    return datetime(max(years, 1), months + 1, 1, tzinfo=UTC)


def _begins(since: datetime, until: datetime) -> list[datetime]:
    begins = [months_before(since, 0)]
    while len(begins) < MONTHS_MAX and _next(begins[-1]) < until:
        begins.append(_next(begins[-1]))
    return begins


def _next(begin: datetime) -> datetime:
    return months_before(begin, -1)


def _added(repo: Path, old: str, new: str, reviewed: Collection[str]) -> int:
    """Lines of code that a patch between two commits adds to reviewed files; git tells names first, then the patch in their order."""
    total = _added_to_notebooks(repo, old, new, reviewed)
    options = ("--no-ext-diff", "--no-textconv", "--no-color", "-M", "-r", "--diff-filter=AMRT")
    fields = command.run(in_repository(repo, "diff-tree", *options, "-z", "--name-status", old, new, "--", _NO_NOTEBOOKS)).split(b"\0")
    names = list(_names(fields))
    patch, _ = command.read_limited(in_repository(repo, "diff-tree", *options, "-p", "-U0", old, new, "--", _NO_NOTEBOOKS), DIFF_BYTES_MAX)
    number = -1
    lines: list[str] = []
    for line in [*patch.split(b"\n"), b"diff --git "]:
        if line.startswith(b"diff --git "):
            name = names[number] if 0 <= number < len(names) else ""
            total += code_lines(lines, name) if name in reviewed else 0
            number, lines = number + 1, []
        elif line.startswith(b"+") and not line.startswith(b"+++ "):
            lines.append(line[1:].decode(errors="replace"))
    return total


def _added_to_notebooks(repo: Path, old: str, new: str, reviewed: Collection[str]) -> int:
    """Lines of code in cells that are new: a notebook's own lines are JSON, and change when it is run."""
    options = ("--raw", "--no-abbrev", "-z", "-M", "-r", "--diff-filter=AMRT")
    fields = iter(command.run(in_repository(repo, "diff-tree", *options, old, new, "--", _NOTEBOOKS)).split(b"\0"))
    total = 0
    for head in fields:
        if not head:
            continue
        _, _, before, after, state = head.decode().split(" ")
        name = next(fields)
        name = next(fields) if state[0] in "RC" else name
        if readable(name.decode(errors="surrogateescape")) in reviewed:
            total += code_lines((_cell_lines(repo, after) - _cell_lines(repo, before)).elements(), "cells.py")
    return total


def _cell_lines(repo: Path, oid: str) -> Counter[str]:
    """How often each line stands in a notebook's code; nothing where there is no such blob."""
    contents = browse.blobs(repo, [oid], limit_bytes=NOTEBOOK_BYTES_MAX) if oid.strip("0") else ()
    return Counter(line for _, content in contents for line in code_of(content.decode(errors="replace")))


def _names(fields: Sequence[bytes]) -> list[str]:
    left = iter(fields)
    names = []
    for status in left:
        if status:
            name = next(left)
            name = next(left) if status.startswith((b"R", b"C")) else name
            names.append(readable(name.decode(errors="surrogateescape")))
    return names
