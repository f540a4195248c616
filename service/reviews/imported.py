"""Other tools' findings about a commit, from their SARIF logs. The only writer of imported logs.

They stand beside our own findings, are new or old by the same rule, and count for the gate where it says so.
"""

from collections.abc import Collection, Sequence

from sqlalchemy import select

from analyzers.finding import Finding
from analyzers.sarif_in import BrokenLog, read_log
from service.git import browse, repos
from service.kernel import audit, clock
from service.kernel.errors import Malformed, Problem
from service.kernel.site import Site
from service.reviews import baseline, store
from service.reviews.models import ImportedLog
from service.reviews.store import IMPORTED, Placed


class NotSarif(Problem):
    """The uploaded log cannot be read."""

    status = 422
    says = "the SARIF log cannot be read: {why}"
    todo = "Send the SARIF 2.1.0 log of another tool as it wrote it."


def upload(site: Site, repository: str, commit: str, content: bytes, actor: str) -> dict[str, int]:
    """Takes a log about a commit of a git repository; answers how many findings each tool brought.

    A later log of the same tool about the same commit replaces the earlier one. Raises NotSarif, Missing, Malformed.
    """
    with site.db.read() as session:
        folder = repos.folder(site.settings, repos.find(session, repository))
    if site.sources.resolve(repository, commit) != commit:
        raise Malformed(where="commit", why=f"{commit!r} is not the whole hash of a commit in {repository}")
    names = frozenset(one.path for one in browse.files_and_submodules(folder, commit))
    try:
        findings = read_log(content, names)
    except BrokenLog as error:
        raise NotSarif(why=str(error)) from None
    history = baseline.history(folder, commit)
    with site.db.read() as session:
        base = baseline.find(session, repository, commit, history)
    by_tool: dict[str, list[Finding]] = {}
    for one in findings:
        by_tool.setdefault(one.tool, []).append(one)
    with site.db.write() as session:
        review = store.of_commit(session, repository, commit)
        for tool, group in by_tool.items():
            row = session.scalar(select(ImportedLog).where(
                ImportedLog.repository == repository, ImportedLog.commit == commit, ImportedLog.tool == tool))  # fmt: skip
            if row is None:
                row = ImportedLog(repository=repository, commit=commit, tool=tool)
                session.add(row)
            row.findings, row.actor, row.created_at = [one.to_dict() for one in group], actor, clock.now()
            if review is not None and review.state in ("passed", "blocked"):
                store.add_imported(session, review, tool, _placed(group, base.fingerprints))
        counts = {tool: len(group) for tool, group in by_tool.items()}
        audit.record(session, actor, "review:Import", f"review/{repository}", commit=commit, tools=counts)
    return counts


def placed(site: Site, repository: str, commit: str, old: Collection[str]) -> Sequence[Placed]:
    """What other tools said about a commit before its review."""
    query = select(ImportedLog.findings).where(ImportedLog.repository == repository, ImportedLog.commit == commit)
    with site.db.read() as session:
        logs = session.scalars(query.order_by(ImportedLog.tool)).all()
    return _placed([Finding.from_dict(one) for log in logs for one in log], old)


def _placed(findings: Sequence[Finding], old: Collection[str]) -> list[Placed]:
    return [Placed(one, IMPORTED, one.fingerprint not in old) for one in findings]
