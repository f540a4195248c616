"""Comments in code that silence a finding: `# lockgate: ignore[rule] reason until=2031-12-24`.

The comment stands on a line of the finding, or alone on the line above. The reason must be there; `until` may.
"""

import io
import re
import tokenize
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date

from analyzers.finding import Diagnostic, Finding, Silence, Suppressed
from analyzers.lines import Lines

_COMMENT = re.compile(r"(?:#|//|--|<!--|/\*|;)[^\n]*?\blockgate:\s*ignore\b\s*(?:\[(?P<rules>[^\]\n]{0,300})\])?(?P<rest>.*)$")
_UNTIL = re.compile(r"\buntil=(\S+)")
_ONLY_COMMENT = re.compile(r"\s*(?:#|//|--|<!--|/\*|;)")
_PROSE = (".md", ".rst", ".txt", ".adoc")
_EXAMPLE = "`# lockgate: ignore[rule-name] why it may stay`"


@dataclass
class Comment:
    """One suppression as written. `lines` are the lines it is about."""

    line: int
    lines: frozenset[int]
    rules: frozenset[str]
    reason: str
    until: str
    used: bool = field(default=False)


def read_comments(lines: Lines, path: str, *, python: bool) -> tuple[list[Comment], list[Diagnostic]]:
    """The suppressions of a file, and what is wrong with those that do not count."""
    if "lockgate:" not in lines.text:
        return [], []
    comments, wrong = [], []
    real = _comment_lines(lines.text) if python else None
    for number, line in enumerate(lines.all(), 1):
        match = _COMMENT.search(line) if "lockgate:" in line else None
        if match is None or (real is not None and number not in real):
            continue
        rules = frozenset(name.strip() for name in (match["rules"] or "").split(",") if name.strip())
        if any("{" in name for name in rules):
            continue  # a template that writes such comments
        until = _UNTIL.search(match["rest"])
        day = until.group(1).rstrip(".,;)") if until else ""
        reason = re.sub(r"\s*(-->|\*/)\s*$", "", _UNTIL.sub("", match["rest"])).strip(" \t:-")
        if problem := _problem(rules, reason, day):
            wrong.append(Diagnostic(path, number, f"this suppression does not count: {problem}"))
            continue
        below = number + 1 if _ONLY_COMMENT.match(line) else number
        comments.append(Comment(number, frozenset({number, below}), rules, reason, day))
    return comments, wrong


def apply(
    findings: Iterable[tuple[Finding, str]], comments: Sequence[Comment]
) -> tuple[list[Finding], list[Suppressed]]:
    """Splits findings into those that stand and those that are silenced.

    Each comes with the reason why another tool's own comment silences it, "" if none does. Marks used comments.
    """
    standing: list[Finding] = []
    silenced: list[Suppressed] = []
    for finding, other in findings:
        area = range(finding.line, finding.end_line + 1)
        hits = [one for one in comments if finding.rule in one.rules and any(line in one.lines for line in area)]
        for comment in hits:
            comment.used = True
        if hits:
            silenced.append(Suppressed(finding, hits[0].reason, hits[0].until, hits[0].line))
        elif other:
            silenced.append(Suppressed(finding, other, line=finding.line))
        else:
            standing.append(finding)
    return standing, silenced


def across(comments: Iterable[Comment], rule: str, path: str) -> Iterator[Silence]:
    """The comments that name a rule about several files: what they silence is not known here, so here they count as used."""
    for one in comments:
        if rule in one.rules:
            one.used = True
            yield Silence(path, one.line, one.reason, one.until, alone=one.rules == {rule})


def unused(comments: Iterable[Comment], path: str, unknown: Callable[[str], str]) -> list[Diagnostic]:
    """What is said of suppressions that silence nothing: the sin is gone, so the comment should go too, or its rule is misspelt.

    `unknown` says of a name that no rule has what may be meant, and "" of one that a rule has.
    """
    if path.lower().endswith(_PROSE):
        return []  # documentation shows such comments
    told = []
    for one in comments:
        if not one.used:
            misspelt = "; ".join(said for name in sorted(one.rules) if (said := unknown(name)))
            why = misspelt or "remove it"
            told.append(Diagnostic(path, one.line, f"this suppression of {', '.join(sorted(one.rules))} silences nothing; {why}"))
    return told


def _comment_lines(text: str) -> set[int] | None:
    """The lines of Python that hold a comment, so that a string about suppressions is none; None if unknown."""
    try:
        tokens = list(tokenize.generate_tokens(io.StringIO(text).readline))
    except (tokenize.TokenError, SyntaxError):
        return None
    return {token.start[0] for token in tokens if token.type == tokenize.COMMENT}


def _problem(rules: frozenset[str], reason: str, until: str) -> str:
    if not rules:
        return f"it names no rule; write {_EXAMPLE}"
    if not reason:
        return f"it gives no reason; write {_EXAMPLE}"
    try:
        if until:
            date.fromisoformat(until)
    except ValueError:
        return f"`until={until}` is no day; write it as until=2031-12-24"
    return ""
