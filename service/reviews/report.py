"""A stored review as SARIF: what a comment silenced and what a person waived are results with suppressions."""

from collections.abc import Sequence
from functools import partial
from typing import Any, cast

from analyzers import sarif
from analyzers.finding import Confidence, Diagnostic, Finding, Mend, Severity, Skipped, SkipReason, Step, Suppressed
from analyzers.reports import FORMS
from service.reviews import detectors_asked
from service.reviews.models import DiagnosticRow, FindingRow, Review
from service.reviews.queries import Shown


def document(review: Review, findings: Sequence[Shown], told: Sequence[DiagnosticRow], site_url: str) -> dict[str, Any]:
    """The SARIF 2.1.0 log of a review; `site_url` is where this server is."""
    log = sarif.document(
        [_finding(one.row) for one in findings if one.row.suppression is None],
        [Diagnostic(row.path, row.line, row.message, row.unreadable) for row in told if not row.skipped],
        [Suppressed(_finding(one.row), one.row.suppression) for one in findings if one.row.suppression is not None],
        [Skipped(row.path, cast(SkipReason, row.skipped), row.message) for row in told if row.skipped],
        commit=review.commit,
        repository=f"{site_url}/git/{review.repository}",
        about=partial(detectors_asked.about, pages=f"{site_url}/detectors/"),
    )
    reasons = {one.row.fingerprint: one.waiver.reason for one in findings if one.waiver is not None}
    for run in log["runs"]:
        for result in run["results"]:
            reason = reasons.get(result["partialFingerprints"][sarif.FINGERPRINT])
            if reason is not None:
                result["suppressions"] = [{"kind": "external", "status": "accepted", "justification": reason}]
    return log


def other_form(review: Review, findings: Sequence[Shown], form: str) -> Any:
    """What stands, neither silenced by a comment nor waived, in a form of analyzers.reports.FORMS."""
    begun = review.started_at or review.created_at
    standing = [_finding(one.row) for one in findings if one.row.suppression is None and one.waiver is None]
    return FORMS[form](standing, begun, review.finished_at or begun, review.commit)


def _finding(row: FindingRow) -> Finding:
    return Finding(
        row.rule, row.tool, row.message, cast(Severity, row.severity), cast(Confidence, row.confidence), row.cwe,
        row.path, row.line, row.column, row.end_line, row.end_column, row.fingerprint, row.why, row.fix, row.rank,
        row.is_new, tuple(Step(**step) for step in row.steps or ()), Mend(**row.mend) if row.mend else None,
    )
