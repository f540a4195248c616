"""Findings as SARIF 2.1.0, the form that code hosts and editors read.

https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/sarif-v2.1.0-errata01-os-complete.html
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any
from urllib.parse import quote

from analyzers import duplicates
from analyzers.finding import Diagnostic, Finding, Severity, Skipped, Step, Suppressed
from analyzers.version import engine_version

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
FINGERPRINT = "lockgate/v1"
_ROOT = "SRCROOT"
_LEVEL: dict[Severity, str] = {
    "critical": "error", "high": "error", "medium": "warning", "low": "note", "info": "note"
}  # fmt: skip
_SECURITY_SEVERITY: dict[Severity, str] = {"critical": "9.5", "high": "8.0", "medium": "5.5", "low": "2.5", "info": "0.5"}
"""The middle of CVSS's bands, which is how code hosts read this number back into a word."""


@dataclass(frozen=True)
class About:
    """Where to read about a rule: `page` is a server's own page of it, `references` are what it rests on, the best first."""

    page: str = ""
    references: tuple[str, ...] = ()


Tell = Callable[[str], About]
"""What is known about a rule of ours, by its name."""


def document(
    findings: Iterable[Finding],
    diagnostics: Iterable[Diagnostic] = (),
    suppressed: Iterable[Suppressed] = (),
    skipped: Iterable[Skipped] = (),
    *,
    commit: str = "",
    repository: str = "",
    about: Tell | None = None,
) -> dict[str, Any]:
    """A SARIF log with one run for each tool that found something, Lockgate's own always among them.

    `commit` and `repository` (its address) say what was reviewed, where that is known; `about` is asked for pages about our rules.
    """
    results: list[tuple[Finding, Suppressed | None]] = [(one, None) for one in findings]
    results += [(one.finding, one) for one in suppressed]
    by_tool = {"lockgate": [pair for pair in results if pair[0].tool == "lockgate"]}
    others = sorted((pair for pair in results if pair[0].tool != "lockgate"), key=lambda pair: pair[0].tool)
    by_tool.update((tool, list(pairs)) for tool, pairs in groupby(others, key=lambda pair: pair[0].tool))
    runs = [_run(tool, pairs, commit, repository, about) for tool, pairs in by_tool.items()]
    runs[0]["invocations"] = [_invocation(list(diagnostics), list(skipped))]
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": runs}


def _run(
    tool: str, results: Sequence[tuple[Finding, Suppressed | None]], commit: str, repository: str, about: Tell | None
) -> dict[str, Any]:
    rules = {finding.rule: finding for finding, _ in sorted(results, key=lambda pair: pair[0].rule)}
    numbers = {rule: number for number, rule in enumerate(rules)}
    driver: dict[str, Any] = {"name": tool, "rules": [_rule(finding, about) for finding in rules.values()]}
    if tool == "lockgate":
        driver["version"] = engine_version()
    run: dict[str, Any] = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {_ROOT: {"description": {"text": "The root of the repository."}}},
        "results": [_result(finding, silenced, numbers[finding.rule]) for finding, silenced in results],
    }
    if repository and commit:
        run["versionControlProvenance"] = [{"repositoryUri": repository, "revisionId": commit}]
    elif commit:
        run["automationDetails"] = {"id": f"lockgate/{commit}"}
    return run


def _rule(finding: Finding, about: Tell | None) -> dict[str, Any]:
    tags = ["security"] if finding.cwe is not None else ["correctness"]
    properties: dict[str, Any] = {"tags": tags, "precision": finding.confidence}
    if finding.cwe is not None:
        tags.append(f"external/cwe/cwe-{finding.cwe:03d}")
        properties["security-severity"] = _SECURITY_SEVERITY[finding.severity]
    known = about(finding.rule) if about is not None and finding.tool == "lockgate" else About()
    weakness = () if finding.cwe is None else (f"https://cwe.mitre.org/data/definitions/{finding.cwe}.html",)
    links = tuple(dict.fromkeys((*((known.page,) if known.page else ()), *known.references, *weakness)))
    parts = [finding.why, f"**Fix:** {finding.fix}" if finding.fix else "", "\n".join(f"- <{link}>" for link in links)]
    return {
        "id": finding.rule,
        "shortDescription": {"text": finding.rule.replace("-", " ")},
        "fullDescription": {"text": finding.why or finding.message},
        **({"helpUri": links[0]} if links else {}),
        "help": {
            "text": finding.fix or finding.message,
            "markdown": "\n\n".join(part for part in parts if part) or finding.message,
        },
        "defaultConfiguration": {"level": _LEVEL[finding.severity]},
        "properties": properties,
    }


def _result(finding: Finding, silenced: Suppressed | None, rule_number: int) -> dict[str, Any]:
    place = {"artifactLocation": {"uri": quote(finding.path), "uriBaseId": _ROOT}, "region": _region(finding)}
    result: dict[str, Any] = {
        "ruleId": finding.rule,
        "ruleIndex": rule_number,
        "level": _LEVEL[finding.severity],
        "message": {"text": finding.message},
        "locations": [{"physicalLocation": place}],
        "partialFingerprints": {FINGERPRINT: finding.fingerprint},
        "rank": round(finding.rank * 100, 2),
        "properties": {"severity": finding.severity, "confidence": finding.confidence},
    }
    if finding.rule == duplicates.RULE:
        result["relatedLocations"] = [{"id": number, **_step(one)["location"]} for number, one in enumerate(finding.steps, 1)]
    elif finding.steps:
        result["codeFlows"] = [{"threadFlows": [{"locations": [_step(one) for one in finding.steps]}]}]
    if finding.mend is not None:
        result["fixes"] = [_fix(finding)]
    if finding.new is not None:
        result["baselineState"] = "new" if finding.new else "unchanged"
    if silenced is not None:
        result["suppressions"] = [
            {"kind": "external" if silenced.entry else "inSource", "status": "accepted", "justification": silenced.reason}
        ]
    return result


def _region(area: Finding | Step) -> dict[str, int]:
    """Lines and columns; lines alone where they are meant whole, as the last one then is (SARIF 2.1.0, 3.30.2)."""
    lines = {"startLine": area.line, "endLine": area.end_line}
    if area.column == area.end_column == 1:
        return lines
    return {**lines, "startColumn": area.column, "endColumn": area.end_column}


def _step(step: Step) -> dict[str, Any]:
    place = {"artifactLocation": {"uri": quote(step.path), "uriBaseId": _ROOT}, "region": _region(step)}
    return {"location": {"physicalLocation": place, "message": {"text": step.message}}}


def _fix(finding: Finding) -> dict[str, Any]:
    mend = finding.mend
    assert mend is not None
    gone = {"startLine": mend.line, "startColumn": mend.column, "endLine": mend.end_line, "endColumn": mend.end_column}
    change = {
        "artifactLocation": {"uri": quote(finding.path), "uriBaseId": _ROOT},
        "replacements": [{"deletedRegion": gone, "insertedContent": {"text": mend.text}}],
    }
    return {"description": {"text": finding.fix or finding.message}, "artifactChanges": [change]}


def _invocation(diagnostics: Sequence[Diagnostic], skipped: Sequence[Skipped]) -> dict[str, Any]:
    """How the run went; a file that could not be read is an error there, so that no reader takes it for clean.

    What was left out on purpose is a note each.
    """
    return {
        "executionSuccessful": not any(one.unreadable for one in diagnostics),
        "toolExecutionNotifications": [*(_notification(one) for one in diagnostics), *(_left_out(one) for one in skipped)],
    }


def _notification(told: Diagnostic) -> dict[str, Any]:
    place: dict[str, Any] = {"artifactLocation": {"uri": quote(told.path), "uriBaseId": _ROOT}}
    if told.line:
        place["region"] = {"startLine": told.line}
    return {
        "level": "error" if told.unreadable else "warning",
        "message": {"text": told.message},
        "locations": [{"physicalLocation": place}],
    }


def _left_out(one: Skipped) -> dict[str, Any]:
    place = {"artifactLocation": {"uri": quote(one.path), "uriBaseId": _ROOT}}
    return {
        "level": "note", "descriptor": {"id": f"left-out/{one.reason}"}, "message": {"text": f"not reviewed: {one.why}"},
        "locations": [{"physicalLocation": place}],
    }
