"""One report out of the reports on single files. Cheap to import."""

from collections.abc import Sequence
from datetime import date

from analyzers.finding import FileReport, Report


def summed(reports: Sequence[FileReport], today: date, seconds: float) -> Report:
    """One report out of the files', findings in order of rank, suppressions that ended before `today` lifted."""
    current = [report.on(today) for report in reports]
    findings = sorted((f for one in current for f in one.findings), key=lambda f: (-f.rank, f.path, f.line, f.column))
    return Report(
        tuple(findings),
        tuple(told for one in current for told in one.diagnostics),
        sum(not one.skipped for one in reports),
        sum(one.lines for one in current),
        seconds,
        tuple(silenced for one in current for silenced in one.suppressed),
        tuple(sorted((left for one in current for left in one.skipped), key=lambda left: left.path)),
        sum(one.metered for one in current),
    )
