"""A stored review as SARIF: what a comment silenced and what a person waived are results with suppressions."""

from collections.abc import Sequence
from typing import Any, cast

from analyzers import sarif
from analyzers.finding import Confidence, Diagnostic, Finding, Severity, Step, Suppressed
from service.reviews.models import DiagnosticRow, FindingRow, Review
from service.reviews.queries import Shown


def document(review: Review, findings: Sequence[Shown], told: Sequence[DiagnosticRow], repository_url: str) -> dict[str, Any]:
    """The SARIF 2.1.0 log of a review."""
    log = sarif.document(
        [_finding(one.row) for one in findings if one.row.suppression is None],
        [Diagnostic(row.path, row.line, row.message, row.unreadable) for row in told],
        [Suppressed(_finding(one.row), one.row.suppression) for one in findings if one.row.suppression is not None],
        commit=review.commit,
        repository=repository_url,
    )
    reasons = {one.row.fingerprint: one.waiver.reason for one in findings if one.waiver is not None}
    for run in log["runs"]:
        for result in run["results"]:
            reason = reasons.get(result["partialFingerprints"][sarif.FINGERPRINT])
            if reason is not None:
                result["suppressions"] = [{"kind": "external", "status": "accepted", "justification": reason}]
    return log


def _finding(row: FindingRow) -> Finding:
    return Finding(
        row.rule, row.tool, row.message, cast(Severity, row.severity), cast(Confidence, row.confidence), row.cwe,
        row.path, row.line, row.column, row.end_line, row.end_column, row.fingerprint, row.why, row.fix, row.rank,
        row.is_new, tuple(Step(**step) for step in row.steps or ()),
    )
