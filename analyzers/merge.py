"""One sin, one finding: what several rules or tools say about the same place becomes the best-informed one's word."""

from collections import Counter
from collections.abc import Sequence

from analyzers.adapters.bandit import OWN_RULES
from analyzers.context import Draft
from analyzers.finding import SECRET_CWES, SEVERITIES

_FAMILIES = (
    SECRET_CWES,
    frozenset({77, 78, 88}),
    frozenset({94, 95, 489}),
    frozenset({326, 327, 328}),
    frozenset({390, 391, 703}),
    frozenset({404, 772, 775}),
)
FINDINGS_PER_LINE_MAX = 100
"""A line that holds more, a megabyte of `password=…` without an end, is told once; each further one costs no look at the others."""
_TOOLS = ("lockgate", "bandit", "detect-secrets", "repository")
_CONFIDENCES = ("high", "medium", "low")


def merge(drafts: Sequence[Draft]) -> list[Draft]:
    """The drafts without those that repeat a better-informed one: our own tool first, then severity and confidence.

    Of each line the first FINDINGS_PER_LINE_MAX are kept.
    """
    kept: list[Draft] = []
    by_line: dict[int, list[Draft]] = {}
    for draft in sorted(drafts, key=_worth):
        if len(by_line.get(draft.line, ())) >= FINDINGS_PER_LINE_MAX:
            continue
        near = {id(one): one for line in draft.lines for one in by_line.get(line, ())}
        if any(_same(one, draft) for one in near.values()):
            continue
        kept.append(draft)
        for line in draft.lines:
            by_line.setdefault(line, []).append(draft)
    return sorted(kept, key=lambda one: (one.line, one.column, one.rule))


def crowded_lines(kept: Sequence[Draft]) -> list[int]:
    """The lines of which some findings may have been left out."""
    return sorted(line for line, number in Counter(one.line for one in kept).items() if number >= FINDINGS_PER_LINE_MAX)


def _worth(draft: Draft) -> tuple[int, bool, int, int, float, int, int]:
    return (
        _TOOLS.index(draft.tool), not draft.steps, SEVERITIES.index(draft.severity), _CONFIDENCES.index(draft.confidence),
        -draft.prior, draft.line, draft.column,
    )  # fmt: skip


def _same(known: Draft, draft: Draft) -> bool:
    """Whether both are about one sin. They share a line; two of one tool must also share characters."""
    if known.tool == draft.tool and not _overlap(known, draft):
        return False
    if known.tool == draft.tool == "bandit":
        return known.rule == draft.rule
    if draft.tool == "repository" or known.tool == "repository":
        return known.rule == draft.rule
    if known.rule in (draft.rule, OWN_RULES.get(draft.rule)):
        return True
    return known.cwe is not None and draft.cwe is not None and _family(known.cwe) == _family(draft.cwe)


def _overlap(one: Draft, other: Draft) -> bool:
    starts = max((one.line, one.column), (other.line, other.column))
    ends = min((one.end_line, one.end_column), (other.end_line, other.end_column))
    return starts < ends or (one.line, one.column) == (other.line, other.column)


def _family(cwe: int) -> int:
    return next((min(family) for family in _FAMILIES if cwe in family), cwe)
