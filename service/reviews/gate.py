"""The gate: from what is new in a commit to a verdict with its reasons. Pure."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from service.reviews.options import SEVERITIES, GateOptions

NAMED_MAX = 10
"""How many findings, and how many files, the reasons name one by one; the review page shows all."""


class Judged(Protocol):
    """What the gate looks at in a finding."""

    @property
    def severity(self) -> str:
        """One of SEVERITIES."""

    @property
    def rule(self) -> str:
        """The rule's name."""

    @property
    def path(self) -> str:
        """The file."""

    @property
    def line(self) -> int:
        """First line, from 1."""

    @property
    def message(self) -> str:
        """The sin in one sentence."""


class Unread(Protocol):
    """What the gate looks at in a file that could not be reviewed."""

    @property
    def path(self) -> str:
        """The file."""

    @property
    def line(self) -> int:
        """Where reading ended, 0 when unknown."""

    @property
    def message(self) -> str:
        """Why."""


@dataclass(frozen=True)
class Gate:
    """The decision. `reasons` are sentences, the most telling first; a passed gate says why too."""

    verdict: Literal["passed", "blocked"]
    reasons: tuple[str, ...]


def decide(
    new: Sequence[Judged],
    unread: Sequence[Unread],
    options: GateOptions,
    *,
    total: int,
    waived: int = 0,
    problems: Sequence[str] = (),
) -> Gate:
    """Judges a commit.

    `new` are the findings that neither the baseline has nor a waiver covers, in rank order; `unread` the Python files
    that are new in not being readable; `total` counts all findings, `waived` those under a waiver; `problems` say what
    is wrong with `.lockgate.yml`.
    """
    reasons = [f"The gate's settings cannot be read: {problem}" for problem in problems]
    reasons += _over_limit(new, options, total)
    if unread and options.unparsable_files == "block":
        reasons += _unreadable(unread)
    if reasons:
        return Gate("blocked", tuple(reasons))
    return Gate("passed", (_praise(new, total, waived),))


def _over_limit(new: Sequence[Judged], options: GateOptions, total: int) -> list[str]:
    count = Counter(finding.severity for finding in new)
    over = [s for s in SEVERITIES if (limit := options.limit(s)) is not None and count[s] > limit]
    if not over:
        return []
    culprits = [finding for finding in new if finding.severity in over]
    verb = "is" if len(culprits) == 1 else "are"
    head = f"{len(culprits)} of {_findings(total)} {verb} new and {_levels(over)}"
    allowed = [f"{options.limit(s)} {s}" for s in over if options.limit(s)]
    if allowed:
        head += f"; the gate lets pass {' and '.join(allowed)}"
    named = [f"{_place(f)}: {f.message.rstrip('.')} ({f.rule}, {f.severity})" for f in culprits[:NAMED_MAX]]
    return [head, *named, *_rest(len(culprits), "findings")]


def _unreadable(unread: Sequence[Unread]) -> list[str]:
    verb = "file is" if len(unread) == 1 else "files are"
    head = f"{len(unread)} Python {verb} new and cannot be reviewed"
    return [head, *(f"{_place(d)}: {d.message}" for d in unread[:NAMED_MAX]), *_rest(len(unread), "files")]


def _praise(new: Sequence[Judged], total: int, waived: int) -> str:
    if not total:
        return "Nothing was found"
    if waived == total:
        return f"{_findings(total)}, waived" if total == 1 else f"{_findings(total)}, all waived"
    others = f", {waived} waived, " if waived else ", "
    if not new:
        return f"{_findings(total)}{others}none of {'the others' if waived else 'them'} new"
    worst = next(s for s in SEVERITIES if any(f.severity == s for f in new))
    return f"{_findings(total)}{others}{len(new)} new, none worse than {worst}: all within the gate's limits"


def _levels(over: Sequence[str]) -> str:
    return over[0] if len(over) == 1 else f"{', '.join(over[:-1])} or {over[-1]}"


def _findings(number: int) -> str:
    return "1 finding" if number == 1 else f"{number} findings"


def _place(where: Judged | Unread) -> str:
    return f"{where.path}:{where.line}" if where.line else where.path


def _rest(number: int, what: str) -> list[str]:
    return [f"and {number - NAMED_MAX} more {what}"] if number > NAMED_MAX else []
