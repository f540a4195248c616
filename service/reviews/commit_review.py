"""The review of one commit, from its tree to what is new in it."""

from collections.abc import Iterator, Mapping
from datetime import date
from functools import partial
from pathlib import Path

from analyzers import accept
from analyzers.finding import FileReport, Finding
from service.git import browse
from service.kernel.site import Site
from service.reviews import analysis, baseline, cache, engine, imported, installed_rules, metering, minimum
from service.reviews.analysis import Analysis, FileAnalysis
from service.reviews.baseline import Baseline
from service.reviews.cache import Key
from service.reviews.keyed import analyse_keyed
from service.reviews.options import Options, read_options
from service.reviews.store import Outcome, Placed, Unread


def review(site: Site, repo: Path, repository: str, commit: str, *, today: date) -> Outcome:
    """Analyses the tree and compares it with what the gate let pass before. Writes nothing but results by file."""
    options = minimum.applied(site, repository, read_options(partial(browse.blob, repo, commit)))
    done = _analyse(site, repo, commit, options, today)
    commits = baseline.history(repo, commit)
    with site.db.read() as session:
        base = baseline.find(session, repository, commit, commits)
        earlier = metering.earlier_review(session, repository, commit, commits)
    base = _as_this_engine_sees(site, repo, base, today)
    before = _fingerprints_before(site, repo, commit, done, base, options)
    return Outcome(
        base_commit=base.commit,
        findings=[
            *(placed for file in done.files for placed in _placed(file, base, before, heed=options.heed_suppressions)),
            *imported.placed(site, repository, commit, base.fingerprints),
        ],
        diagnostics=[
            Unread(told, told.unreadable, told.path not in base.unreadable)
            for file in done.files for told in file.report.diagnostics
        ] + [
            Unread(told, unreadable=False, is_new=False)
            for told in accept.unused(options.review.accept, (one for file in done.files for one in file.report.suppressed))
        ],
        gate=options.gate,
        problems=options.problems,
        counts={
            "files": sum(not f.report.skipped for f in done.files), "skipped": len(done.skipped),
            "analysed": done.analysed,
            "lines": sum(f.report.lines for f in done.files), "suppressed": sum(len(f.report.suppressed) for f in done.files),
        },
        engine_version=installed_rules.version(site.settings.data),
        minimums=options.minimums,
        skipped=done.skipped,
        metered_lines=metering.metered(repo, done.files, earlier, commit),
    )


def _analyse(site: Site, repo: Path, commit: str, options: Options, today: date) -> Analysis:
    version = installed_rules.version(site.settings.data)
    engine.warm.use_rules(installed_rules.folder(site.settings.data), version)
    key = Key(version, cache.hash_of(options.review.text))
    analyse = analyse_keyed(site, partial(engine.warm.review_files, options=options.review))
    return analysis.analyse_tree(
        site, repo, commit, key=key, analyse=analyse, excluded_by=options.review.excluded_by, today=today
    )


def _as_this_engine_sees(site: Site, repo: Path, base: Baseline, today: date) -> Baseline:
    """The baseline with what the engine of today finds in commits that an older one let pass.

    Otherwise every new rule would block the next push for code that nobody touched.
    """
    fingerprints, unreadable = set(base.fingerprints), set(base.unreadable)
    for passed in base.reviews:
        if passed.engine_version == installed_rules.version(site.settings.data):
            continue
        options = minimum.applied(site, passed.repository, read_options(partial(browse.blob, repo, passed.commit)))
        for file in _analyse(site, repo, passed.commit, options, today).files:
            fingerprints.update(found.fingerprint for found in file.report.findings)
            unreadable.update(told.path for told in file.report.diagnostics if told.unreadable)
    return Baseline(base.reviews, frozenset(fingerprints - base.waived), base.waived, frozenset(unreadable))


def _fingerprints_before(
    site: Site, repo: Path, commit: str, done: Analysis, base: Baseline, options: Options
) -> dict[tuple[str, str, int, int], str]:
    """For findings in files that moved since the baseline: what their fingerprint would be at the old path.

    A fingerprint holds the path, so without this a moved file would look full of new findings.
    """
    if not base.commit:
        return {}
    doubtful = {
        file.path: file.blob for file in done.files
        if any(found.fingerprint not in base.fingerprints for found in file.report.findings)
    }
    if not doubtful:
        return {}
    moves = {
        analysis.readable(new): analysis.readable(old) for new, old in baseline.renames(repo, base.commit, commit).items()
    }
    moved = {path: (blob, moves[path]) for path, blob in doubtful.items() if path in moves}
    analyse = analyse_keyed(site, partial(engine.warm.review_files, options=options.review))
    reports = analysis.analyse_as(repo, moved, analyse, done.tree)
    return {
        (path, found.rule, found.line, found.column): found.fingerprint
        for path, report in reports.items() for found in report.findings
    }


def _placed(
    file: FileAnalysis, base: Baseline, before: Mapping[tuple[str, str, int, int], str], *, heed: bool
) -> Iterator[Placed]:
    for found, reason in _all_findings(file.report):
        earlier = before.get((file.path, found.rule, found.line, found.column), "")
        is_new = found.fingerprint not in base.fingerprints and earlier not in base.fingerprints
        yield Placed(found, file.blob, is_new, earlier, reason if heed else None)


def _all_findings(report: FileReport) -> Iterator[tuple[Finding, str | None]]:
    yield from ((found, None) for found in report.findings)
    yield from ((silenced.finding, silenced.reason) for silenced in report.suppressed)
