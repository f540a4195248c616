"""A review as text for people: each finding with its source lines, the worst first, and a summing-up."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import click

from analyzers import duplicates
from analyzers.finding import SEVERITIES, Finding, Report
from analyzers.mask import masked
from service.cli import review_teach

CONTEXT_LINES = 1
LINES_MAX = 6
WIDTH_MAX = 160
LEFT_OUT_MAX = 10
"""Files shown for one reason."""
_LOOKS: dict[str, dict[str, Any]] = {
    "critical": {"fg": "white", "bg": "red", "bold": True},
    "high": {"fg": "red", "bold": True},
    "medium": {"fg": "yellow"},
    "low": {"fg": "cyan"},
    "info": {"dim": True},
}

SourceLine = Callable[[str, int], str | None]
"""A file's line by path and number, None outside the file."""


def render(report: Report, line_of: SourceLine) -> Iterator[str]:
    """The lines to print."""
    near: dict[str, list[Finding]] = {}
    for finding in report.findings:
        near.setdefault(finding.path, []).append(finding)
    for finding in report.findings:
        yield from _finding(finding, line_of, near[finding.path])
        yield ""
    for told in report.diagnostics:
        place = f"{told.path}:{told.line}" if told.line else told.path
        yield clean(f"{click.style('not read' if told.unreadable else 'note', fg='yellow')}  {place}: {told.message}")
    yield from (clean(f"{click.style('left out', fg='yellow')}  {told}") for told in _left_out(report))
    if report.diagnostics or report.skipped:
        yield ""
    yield _summary(report)


def clean(text: str) -> str:
    """Text of strangers without what a terminal would obey; our own colours stay."""
    return "".join(c if c.isprintable() or c == "\x1b" else "�" for c in text)


def _finding(finding: Finding, line_of: SourceLine, near: Sequence[Finding]) -> Iterator[str]:
    place = click.style(f"{_plain(finding.path)}:{finding.line}:{finding.column}", bold=True)
    word = click.style(finding.severity, **_LOOKS[finding.severity])
    facts = [finding.rule] + ([f"CWE-{finding.cwe}"] if finding.cwe else [])
    facts += [] if finding.tool == "lockgate" else [f"says {finding.tool}"]
    facts += [] if finding.new is None else ["new" if finding.new else "not new"]
    yield f"{place}  {word}  {' · '.join(facts)}"
    yield f"  {_plain(finding.message)}"
    last = min(finding.end_line, finding.line + LINES_MAX - 1)
    for number in range(finding.line - CONTEXT_LINES, last + CONTEXT_LINES + 1):
        line = line_of(finding.path, number) if number > 0 else None
        if line is not None:
            yield from _source(finding, number, _plain(masked(line, number, near).expandtabs(4))[:WIDTH_MAX])
    if finding.rule == duplicates.RULE:
        yield from (f"  {click.style('Also at:', bold=True)} {_plain(one.path)}:{one.line} to {one.end_line}" for one in finding.steps)
    elif len(finding.steps) > 1:
        yield f"  {click.style('The way of the value:', bold=True)}"
        for number, step in enumerate(finding.steps, 1):
            yield f"    {number:2}. {_plain(step.path)}:{step.line}  {_plain(step.message)}"
    if lesson := review_teach.hint(finding):
        yield f"  {click.style('If a function on the way makes it harmless:', bold=True)} {lesson}"
    if finding.fix:
        yield f"  {click.style('Fix:', bold=True)} {_plain(finding.fix)}"


def _left_out(report: Report) -> Iterator[str]:
    """Every file that was not reviewed, with why; of many for one reason the first ones."""
    by_reason: dict[str, list[str]] = {}
    for one in report.skipped:
        by_reason.setdefault(one.why, []).append(one.path)
    for why, paths in by_reason.items():
        yield from (f"{path}: {why}" for path in paths[:LEFT_OUT_MAX])
        if len(paths) > LEFT_OUT_MAX:
            yield f"{len(paths) - LEFT_OUT_MAX:,} more: {why} (--format json lists them all)"


def _source(finding: Finding, number: int, line: str) -> Iterator[str]:
    marked = finding.line <= number <= finding.end_line
    mark = click.style("▸", fg="red") if marked else " "
    yield f"  {mark} {number:5} │ {line}" if marked else click.style(f"    {number:5} │ {line}", dim=True)


def _plain(text: str) -> str:
    return "".join(c if c.isprintable() else "�" for c in text)


def _summary(report: Report) -> str:
    counts = Counter(finding.severity for finding in report.findings)
    parts = [click.style(f"{counts[one]} {one}", **_LOOKS[one]) for one in SEVERITIES if counts[one]]
    number = len(report.findings)
    what = _counted(number, "finding") + (f" ({', '.join(parts)})" if parts else "")
    silenced = f", {len(report.suppressed)} suppressed" if report.suppressed else ""
    old = sum(finding.new is False for finding in report.findings)
    known = f", {old} of them not new" if old else ""
    left = f", {len(report.skipped):,} left out" if report.skipped else ""
    read = f"{_counted(report.files, 'file')}, {_counted(report.lines, 'line')}"
    return f"{what}{known}{silenced} in {read}{left}, {report.seconds:.1f} s"


def _counted(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"
