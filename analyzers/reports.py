"""Findings in the forms of other services: GitLab's security, secret detection and code quality reports, Sonar's generic issues.

https://docs.gitlab.com/development/integrations/secure/ · https://docs.gitlab.com/ci/testing/code_quality/ ·
https://docs.sonarsource.com/sonarqube-server/latest/analyzing-source-code/importing-external-issues/generic-issue-import-format/
"""

import uuid
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any

from analyzers.finding import Finding
from analyzers.version import engine_version

_GITLAB = {"critical": "Critical", "high": "High", "medium": "Medium", "low": "Low", "info": "Info"}
_QUALITY = {"critical": "blocker", "high": "critical", "medium": "major", "low": "minor", "info": "info"}
_SONAR = {"critical": "BLOCKER", "high": "HIGH", "medium": "MEDIUM", "low": "LOW", "info": "INFO"}
NO_COMMIT = "0000000"
"""What stands for the commit of files that are not under git, or changed since."""
_SCHEMAS = "https://gitlab.com/gitlab-org/security-products/security-report-schemas"
_NAMES = uuid.uuid5(uuid.NAMESPACE_URL, "urn:lockgate:findings")


def gitlab_sast(findings: Iterable[Finding], begun: datetime, ended: datetime) -> dict[str, Any]:
    """GitLab's SAST report 15: security findings only, for `artifacts: reports: sast`."""
    return _security("sast", [_vulnerability(one, "sast") for one in findings if one.cwe is not None], begun, ended)


def gitlab_secrets(findings: Iterable[Finding], begun: datetime, ended: datetime, commit: str = NO_COMMIT) -> dict[str, Any]:
    """GitLab's secret detection report 15: secrets only, for `artifacts: reports: secret_detection`. Each is said to be in `commit`."""
    found = [_vulnerability(one, "secret_detection") for one in findings if one.secret]
    for one in found:
        one["location"]["commit"] = {"sha": commit}
    return _security("secret_detection", found, begun, ended)


def gitlab_codequality(findings: Iterable[Finding]) -> list[dict[str, Any]]:
    """GitLab's code quality report: every finding, for `artifacts: reports: codequality`."""
    return [
        {
            "description": one.message, "check_name": one.rule, "fingerprint": one.fingerprint, "severity": _QUALITY[one.severity],
            "location": {"path": one.path, "lines": {"begin": one.line, "end": one.end_line}},
        }
        for one in findings
    ]  # fmt: skip


def sonar(findings: Iterable[Finding]) -> dict[str, Any]:
    """Sonar's generic issues, for `sonar.externalIssuesReportPaths`."""
    every = list(findings)
    rules = {one.rule: one for one in every}
    return {"rules": [_rule(one) for _, one in sorted(rules.items())], "issues": [_issue(one) for one in every]}


def _security(kind: str, found: Sequence[dict[str, Any]], begun: datetime, ended: datetime) -> dict[str, Any]:
    tool = {"id": "lockgate", "name": "Lockgate", "version": engine_version(), "vendor": {"name": "Lockgate"}}
    return {
        "version": "15.2.1",
        "schema": f"{_SCHEMAS}/-/raw/v15.2.1/dist/{kind.replace('_', '-')}-report-format.json",
        "scan": {
            "analyzer": tool, "scanner": tool, "type": kind, "status": "success",
            "start_time": begun.strftime("%Y-%m-%dT%H:%M:%S"), "end_time": ended.strftime("%Y-%m-%dT%H:%M:%S"),
        },
        "vulnerabilities": found,
    }  # fmt: skip


def _vulnerability(one: Finding, category: str) -> dict[str, Any]:
    identifiers = [{"type": f"{one.tool}_rule", "name": one.rule, "value": one.rule}]
    identifiers.append({
        "type": "cwe", "name": f"CWE-{one.cwe}", "value": str(one.cwe), "url": f"https://cwe.mitre.org/data/definitions/{one.cwe}.html",
    })  # fmt: skip
    return {
        "id": str(uuid.uuid5(_NAMES, one.fingerprint)), "category": category,
        "name": one.rule.replace("-", " "), "description": one.message,
        "severity": _GITLAB[one.severity], "solution": one.fix or one.message,
        "scanner": {"id": "lockgate", "name": "Lockgate"}, "identifiers": identifiers,
        "location": {"file": one.path, "start_line": one.line, "end_line": one.end_line},
        "tracking": {"type": "source", "items": [{
            "file": one.path, "line_start": one.line, "line_end": one.end_line,
            "signatures": [{"algorithm": "scope_offset", "value": one.fingerprint}],
        }]},
    }  # fmt: skip


def _rule(one: Finding) -> dict[str, Any]:
    quality = "MAINTAINABILITY" if one.cwe is None else "SECURITY"
    return {
        "id": one.rule, "name": one.rule.replace("-", " "), "description": one.why or one.message, "engineId": one.tool,
        "cleanCodeAttribute": "CONVENTIONAL" if one.cwe is None else "TRUSTWORTHY",
        "impacts": [{"softwareQuality": quality, "severity": _SONAR[one.severity]}],
    }  # fmt: skip


def _issue(one: Finding) -> dict[str, Any]:
    area: dict[str, int] = {"startLine": one.line, "endLine": one.end_line}
    if (one.line, one.column) < (one.end_line, one.end_column):  # Sonar refuses an empty range; its columns count from 0
        area |= {"startColumn": one.column - 1, "endColumn": one.end_column - 1}
    return {"ruleId": one.rule, "primaryLocation": {"message": one.message, "filePath": one.path, "textRange": area}}


Form = Callable[[Iterable[Finding], datetime, datetime, str], Any]
FORMS: dict[str, Form] = {
    "gitlab-sast": lambda findings, begun, ended, _commit: gitlab_sast(findings, begun, ended),
    "gitlab-secrets": gitlab_secrets,
    "gitlab-codequality": lambda findings, _begun, _ended, _commit: gitlab_codequality(findings),
    "sonar": lambda findings, _begun, _ended, _commit: sonar(findings),
}
"""By the name that the command line and the API know: what makes it of findings, the review's begin and end, and its commit."""
