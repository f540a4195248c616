"""The review of one commit, from its tree to what is new in it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from pathlib import Path

from analyzers import accept
from analyzers.finding import Diagnostic, FileReport, Finding, SourceFile
from analyzers.isolated import Extra
from service.git import browse
from service.kernel.site import Site
from service.reviews import analysis, baseline, brought_rules, cache, engine, imported, installed_rules, metering, minimum
from service.reviews.analysis import Analysis, FileAnalysis
from service.reviews.baseline import Baseline
from service.reviews.brought_rules import BroughtRules
from service.reviews.cache import Key
from service.reviews.keyed import analyse_keyed
from service.reviews.options import Options, read_options
from service.reviews.store import Outcome, Placed, Unread


def review(site: Site, repo: Path, repository: str, commit: str, *, today: date) -> Outcome:
    """Analyses the tree and compares it with what the gate let pass before. Writes nothing but results by file."""
    options = minimum.applied(site, repository, read_options(partial(browse.blob, repo, commit)))
    brought, refused = brought_rules.find(site, repo, repository, commit, options.review.rules)
    rules = Rules(brought, installed_rules.version(site.settings.data))
    done = _analyse(site, repo, commit, options, rules, today)
    commits = baseline.history(repo, commit)
    with site.db.read() as session:
        base = baseline.find(session, repository, commit, commits)
        earlier = metering.earlier_review(session, repository, commit, commits)
    base = _as_this_engine_sees(site, repo, base, rules, today)
    before = _fingerprints_before(site, repo, commit, done, base, options, rules)
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
            for told in (*refused, *rules.told, *accept.unused(
                options.review.accept, (one for file in done.files for one in file.report.suppressed), today))
        ],
        gate=options.gate,
        problems=options.problems,
        counts={
            "files": sum(not f.report.skipped for f in done.files), "skipped": len(done.skipped),
            "analysed": done.analysed,
            "lines": sum(f.report.lines for f in done.files), "suppressed": sum(len(f.report.suppressed) for f in done.files),
        },
        engine_version=rules.version,
        minimums=options.minimums,
        skipped=done.skipped,
        metered_lines=metering.metered(repo, done.files, earlier, commit),
        rule_costs=rules.costs,
    )


@dataclass
class Rules:
    """What runs beside our own rules in one review, and what it cost."""

    brought: BroughtRules | None
    installed: str
    """The engine's version with the installed rules."""
    extra: Extra = field(default_factory=Extra)

    @property
    def version(self) -> str:
        """Of all that decides what is found in a file."""
        return self.installed if self.brought is None else f"{self.installed}+{self.brought.version}"

    @property
    def told(self) -> Sequence[Diagnostic]:
        """What is said of brought rules as such."""
        return self.brought.told if self.brought is not None else ()

    @property
    def costs(self) -> dict[str, int]:
        """Milliseconds by rule, of all that was analysed anew."""
        mine = {name: round(cost / 1000) for name, cost in self.extra.costs.items()}
        return {**mine, **(self.brought.costs if self.brought is not None else {})}

    def look_at(self, files: Sequence[SourceFile]) -> None:
        """Runs the brought rules over files that are analysed next."""
        if self.brought is not None:
            self.brought.look_at(files)
            self.extra.brought = self.brought.answers


def _analyse(site: Site, repo: Path, commit: str, options: Options, rules: Rules, today: date) -> Analysis:
    engine.warm.use_rules(installed_rules.folder(site.settings.data), rules.installed)
    key = Key(rules.version, cache.hash_of(options.review.text))
    analyse = analyse_keyed(site, partial(engine.warm.review_files, options=options.review, extra=rules.extra))
    return analysis.analyse_tree(
        site, repo, commit, key=key, analyse=analyse, at_once=engine.warm.at_once, prepare=rules.look_at, options=options.review,
        today=today,
    )


def _as_this_engine_sees(site: Site, repo: Path, base: Baseline, rules: Rules, today: date) -> Baseline:
    """The baseline with what the engine and the rules of today find in commits that older ones let pass.

    Otherwise every new rule would block the next push for code that nobody touched.
    """
    fingerprints, unreadable = set(base.fingerprints), set(base.unreadable)
    for passed in base.reviews:
        if passed.engine_version == rules.version:
            continue
        options = minimum.applied(site, passed.repository, read_options(partial(browse.blob, repo, passed.commit)))
        for file in _analyse(site, repo, passed.commit, options, rules, today).files:
            fingerprints.update(found.fingerprint for found in file.report.findings)
            unreadable.update(told.path for told in file.report.diagnostics if told.unreadable)
    return Baseline(base.reviews, frozenset(fingerprints - base.waived), base.waived, frozenset(unreadable))


def _fingerprints_before(
    site: Site, repo: Path, commit: str, done: Analysis, base: Baseline, options: Options, rules: Rules
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
    analyse = analyse_keyed(site, partial(engine.warm.review_files, options=options.review, extra=rules.extra))
    reports = analysis.analyse_as(repo, moved, analyse, rules.look_at, done.tree)
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
