"""Source lines with the secrets in them covered."""

import re
from collections.abc import Iterable

from analyzers.finding import Finding

COVER = "•"
_QUOTED = re.compile(r"(['\"])(?:(?!\1).){4,}\1")
_COVERED_MAX = 24


def masked(line: str, number: int, findings: Iterable[Finding]) -> str:
    """Line `number` of a file with every secret that a finding marks covered, all but quotes.

    A finding that marks more than the secret itself (another tool's) has the strings of its lines covered.
    """
    for finding in findings:
        if not finding.secret or not finding.line <= number <= finding.end_line:
            continue
        if finding.tool == "bandit":
            line = _QUOTED.sub(lambda match: f"{match[1]}{COVER * 8}{match[1]}", line)
            continue
        first = finding.column - 1 if number == finding.line else 0
        last = finding.end_column - 1 if number == finding.end_line else len(line)
        marked = line[first:last]
        bare = marked.strip("\"'")
        if bare:
            line = line[:first] + marked.replace(bare, COVER * min(len(bare), _COVERED_MAX)) + line[last:]
    return line
