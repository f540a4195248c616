"""Short snippets as documentation shows them, in pairs: what is found where a sin is marked, and what in the twin that does it right."""

import re
from collections import Counter
from pathlib import Path

from analyzers.finding import Finding, SourceFile
from analyzers.options import ReviewOptions
from analyzers.review import review_file

SETS = ("samples_first", "samples_second")
_MARK = re.compile(r"# sin: ([\w|-]+)")
_OPTIONS = ReviewOptions(disable=("bandit", "detect-secrets"))
_LOUD = ("critical", "high", "medium")
Tally = Counter[tuple[str, str]]
"""Counts by family and by `pairs`, `found`, `loud` (twins with a finding of medium or higher) and `quiet` (with a lower one)."""


def measure(which: str) -> tuple[Tally, list[str]]:
    """The counts of one set, and what went wrong."""
    text = Path(__file__).with_name(f"{which}.txt").read_text(encoding="utf-8")
    tally: Tally = Counter()
    wrong = []
    for number, pair in enumerate(text.split("\n@@ ")[1:], 1):
        family, _, body = pair.partition("\n")
        bad, _, good = body.partition("\n--\n")
        found: dict[int, set[str]] = {}
        for one in _findings(bad, number):
            found.setdefault(one.line, set()).add(one.rule)
        marks = [(line, mark[1].split("|")) for line, told in enumerate(bad.split("\n"), 1) if (mark := _MARK.search(told))]
        hit = all(found.get(line, set()) & set(names) for line, names in marks)
        tally[family, "pairs"] += 1
        tally[family, "found"] += hit
        wrong += [] if hit else [f"missed in pair {number} ({family}): {marks}"]
        extra = _findings(good, number)
        loud = [one for one in extra if one.severity in _LOUD]
        tally[family, "loud"] += bool(loud)
        tally[family, "quiet"] += bool(extra) and not loud
        wrong += [f"besides in the twin of pair {number} ({family}): {one.rule}, line {one.line}" for one in loud]
    return tally, wrong


def _findings(text: str, number: int) -> tuple[Finding, ...]:
    plain = "\n".join(_MARK.sub("", line).rstrip() for line in text.split("\n"))
    return review_file(SourceFile(f"sample_{number}.py", f"{plain}\n".encode()), _OPTIONS).findings


def total(tally: Tally, what: str) -> int:
    """One count over all families."""
    return sum(count for (_, kind), count in tally.items() if kind == what)
