"""`lockgate review`: the same analysers as the server's, on a folder or git tree, without a server."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from time import monotonic
from typing import Literal, NoReturn

import click
import orjson

from analyzers import accept, duplicates, limits, sarif
from analyzers.finding import SEVERITIES, Diagnostic, FileReport, Finding, Report, SourceFile, at_or_above
from analyzers.isolated import Reviewer, ReviewerBroken, environment, python
from analyzers.lesson import ROLES, CannotTeach, Role
from analyzers.lines import Lines
from analyzers.options import ALL_BUT_SECRETS, CODEGURU_FILE, FILE, BrokenOptions, ReviewOptions, read_options
from analyzers.pool import Pool
from analyzers.reports import FORMS, NO_COMMIT
from analyzers.totals import summed
from service.cli import review_accept, review_baseline, review_cache, review_git, review_teach, review_text
from service.cli.review_files import Reviewed
from service.cli.review_source import CannotRead, Tree, before, commit_of, has_commit, open_tree
from service.reviews import detectors_asked

CLEAN, FOUND, ERROR = 0, 1, 2


Form = Literal["text", "json", "sarif", "gitlab-sast", "gitlab-secrets", "gitlab-codequality", "sonar"]


@dataclass(frozen=True)
class Asked:
    """What the command line asks for."""

    base: str | None
    baseline: Path | None
    rules_folder: Path | None
    hook: bool
    history: bool
    cache: bool = True


@click.command()
@click.argument("path", type=click.Path(path_type=Path, exists=True), default=".")
@click.option("--base", metavar="REV", help="A git revision; only findings that it does not have count.")
@click.option("--format", "form", type=click.Choice(["text", "json", "sarif", *FORMS]), default="text", show_default=True)
@click.option(
    "--fail-on", type=click.Choice([*SEVERITIES, "never"]), default="high", show_default=True, metavar="LEVEL",
    help="The lowest severity that ends with exit code 1: critical, high, medium, low, info, or never.",
)  # fmt: skip
@click.option(
    "--rules", "rules_folder", type=click.Path(path_type=Path, exists=True, file_okay=False), metavar="DIR",
    help="A folder with rules of your own. They are Python and run: use only what you trust.",
)  # fmt: skip
@click.option("--test-rules", is_flag=True, help="Run the examples of the rules in DIR instead of a review.")
@click.option("--hook", is_flag=True, help="Review what is staged, against HEAD: for git's pre-commit hook.")
@click.option("--history", is_flag=True, help="Search every blob that the repository ever held for secrets, unreachable ones too.")
@click.option("--cache/--no-cache", default=True, show_default=True, help="Keep results in ~/.cache/lockgate for the next review.")
@click.option("--baseline", type=click.Path(path_type=Path), metavar="FILE", help="Secrets in this detect-secrets baseline do not count.")
@click.option(
    "--write-baseline", "target", type=click.Path(path_type=Path), metavar="FILE", help="Write the secrets found as such a baseline.",
)  # fmt: skip
@click.option(
    "--treat-as", "lesson", type=(click.Choice(ROLES), str), metavar="sanitizer|guard|source|sink NAME",
    help="Teach instead of reviewing: what a function is, by its full name or by the fingerprint of a finding.",
)  # fmt: skip
@click.option(
    "--accept", "places", multiple=True, metavar="PATH:LINE",
    help="Accept instead of reviewing: write into .lockgate.yml that what is found there may stay. For files without comments.",
)  # fmt: skip
@click.option("--reason", default="", help="With --accept: why it may stay.")
@click.option("--until", type=click.DateTime(["%Y-%m-%d"]), help="With --accept: the last day on which it counts.")
@click.option("--kinds", default="", help="With --treat-as: the kinds of sink, such as sql,xss; without it the finding's own, or all.")
def review(
    path: Path, base: str | None, form: Form, fail_on: str, rules_folder: Path | None, test_rules: bool,
    hook: bool, history: bool, cache: bool, baseline: Path | None, target: Path | None, lesson: tuple[Role, str] | None,
    places: tuple[str, ...], reason: str, until: datetime | None, kinds: str,
) -> None:  # fmt: skip
    """Review the files in PATH: a folder, a git work tree or one file.

    In a git tree, files that git ignores are left out. Exit code 0: nothing counts, 1: something does, 2: error.
    """
    begun = datetime.now(UTC)
    if test_rules:
        _test(rules_folder)
    if hook + history + (base is not None) > 1:
        _fail(["--base, --hook and --history exclude one another"])
    try:
        tree = open_tree(path)
        if lesson is not None:
            _teach(tree, lesson, kinds)
        if places:
            _accept(tree, places, reason, until)
        options = read_options(tree.settings(FILE), tree.settings(CODEGURU_FILE))
        report, line_of = _reviewed(tree, options, Asked(base, baseline, rules_folder, hook, history, cache))
    except (CannotRead, CannotTeach, ReviewerBroken, review_baseline.BrokenBaseline) as error:
        _fail([str(error)])
    except BrokenOptions as error:
        _fail(error.problems)
    if target is not None:
        target.write_bytes(review_baseline.written(report.findings))
    shown = replace(report, findings=tuple(one.without_hashes() for one in report.findings),
                    suppressed=tuple(replace(one, finding=one.finding.without_hashes()) for one in report.suppressed))  # fmt: skip
    _print(shown, line_of, form, begun)
    counted = [one for one in report.findings if one.new is not False]
    failed = fail_on != "never" and any(at_or_above(one.severity, fail_on) for one in counted)
    sys.exit(FOUND if failed else CLEAN)


def _reviewed(tree: Tree, options: ReviewOptions, asked: Asked) -> tuple[Report, review_text.SourceLine]:
    known = review_baseline.read(asked.baseline) if asked.baseline else frozenset()
    folder = asked.rules_folder.resolve() if asked.rules_folder else None
    with _reviewer(tree, folder, cache=asked.cache) as (pool, reviewer):
        if asked.history:
            report, line_of = _history(tree, reviewer)
        elif asked.hook:
            files = {one.path: one for one in map(_shown, review_git.staged(tree.root))}
            commit = commit_of(tree, "HEAD") if has_commit(tree) else ""
            report = _compared(tree, options, reviewer, files.values(), commit, across=_alone)
            line_of = _lines_of(files)
        else:
            patterns = {name: options.excluded_by(_readable(name)) for name in tree.names}
            names = [name for name in tree.names if not patterns[name]]
            commit = commit_of(tree, asked.base) if asked.base else ""
            across = partial(duplicates.added, options=options)
            report = _compared(tree, options, reviewer, (_shown(tree.file(name)) for name in names), commit, across=across)
            left = [*tree.skipped, *(limits.excluded(name, pattern) for name, pattern in patterns.items() if pattern)]
            left = sorted((replace(one, path=_readable(one.path)) for one in left), key=lambda one: one.path)
            idle = accept.unused(options.accept, report.suppressed, datetime.now(UTC).date())
            report = replace(report, skipped=(*left, *report.skipped), diagnostics=(*report.diagnostics, *idle))
            line_of = _source(tree, report.findings)
        if options.rules and folder is None:
            told = f"the rules in {options.rules} did not run: they are code; `lockgate review --rules {options.rules}` runs them"
            report = replace(report, diagnostics=(Diagnostic(FILE, 0, told), *report.diagnostics))
        if folder is not None:
            report = replace(report, diagnostics=(*_unused(pool, folder), *report.diagnostics))
        for name, cost in pool.costs.most_common():
            click.echo(f"rule {name}: {cost / 1_000_000:.1f} s", err=True)
    if known:
        marked = [replace(one, new=False) if review_baseline.knows(known, one) else one for one in report.findings]
        report = replace(report, findings=tuple(marked))
    return report, line_of


def _unused(pool: Pool, folder: Path) -> Iterator[Diagnostic]:
    """What is said of classes among the user's rules that are not run, each time and not only when a file is looked at."""
    return (replace(one, path=str(folder / one.path)) for one in pool.unused())


@contextmanager
def _reviewer(tree: Tree, rules_folder: Path | None, *, cache: bool) -> Iterator[tuple[Pool, Reviewed]]:
    results = review_cache.Results(review_cache.place(os.environ)) if cache else None
    try:
        with Pool(len(tree.names), rules_folder) as pool:
            yield pool, Reviewed(pool, results, rules_folder)
    finally:
        if results is not None:
            results.close()


Across = Callable[[Sequence[tuple[str, FileReport]]], Sequence[FileReport]]
"""Adds to the files' reports what only all of them together show."""


def _alone(files: Sequence[tuple[str, FileReport]]) -> Sequence[FileReport]:
    """Nothing: a few files of a tree are no tree."""
    return [report for _, report in files]


def _compared(
    tree: Tree, options: ReviewOptions, reviewer: Reviewed, files: Iterable[SourceFile], commit: str, *, across: Across
) -> Report:
    begun = monotonic()
    today = datetime.now(UTC).date()
    paths: list[str] = []
    reports = reviewer.reports(_noted(files, paths), options, partial(_first, tree, frozenset(tree.names)))
    report = summed(across(list(zip(paths, reports, strict=True))), today, monotonic() - begun)
    if not commit:
        return report
    beside = {step.path for finding in report.findings if finding.rule == duplicates.RULE for step in finding.steps}
    touched = sorted({finding.path for finding in report.findings} | beside)
    base_files = [_shown(file) for file in before(tree, commit, touched)]
    old = reviewer.reports(base_files, options, partial(_first_before, tree, frozenset(tree.names), commit))
    old = list(across([(file.path, one) for file, one in zip(base_files, old, strict=True)]))
    known = {finding.fingerprint for one in old for finding in one.on(today).findings}
    marked = [replace(finding, new=finding.fingerprint not in known) for finding in report.findings]
    new_first = sorted(marked, key=lambda one: not one.new)
    return replace(report, findings=tuple(new_first), seconds=monotonic() - begun)


def _noted(files: Iterable[SourceFile], paths: list[str]) -> Iterator[SourceFile]:
    """The files one by one, as they are asked for; `paths` gets their names."""
    for file in files:
        paths.append(file.path)
        yield file


def _history(tree: Tree, reviewer: Reviewed) -> tuple[Report, review_text.SourceLine]:
    """Secrets of all times, each once, at the first path it is seen at."""
    if tree.top is None:
        raise CannotRead(f"--history needs a git work tree, and {tree.root} is in none")
    begun = monotonic()
    names = review_git.history(tree.root)
    placed: list[Callable[[Finding], Finding]] = []

    def searched() -> Iterator[SourceFile]:
        for part in review_git.history_parts(tree.root, names):
            placed.append(replace(part, file=SourceFile(part.file.path, b"")).placed)
            yield _shown(part.file)

    found = reviewer.reports(searched(), ReviewOptions(disable=(ALL_BUT_SECRETS,)))
    reports = [replace(one, diagnostics=(), findings=tuple(map(place, one.findings))) for one, place in zip(found, placed, strict=True)]
    report = summed(reports, datetime.now(UTC).date(), monotonic() - begun)
    once: dict[str, Finding] = {}
    for one in sorted((one for one in report.findings if one.secret_hash), key=lambda one: (one.path, one.line)):
        once.setdefault(one.secret_hash, one)
    return replace(report, findings=tuple(once.values()), suppressed=()), lambda _path, _number: None


def _first(tree: Tree, names: frozenset[str], paths: Sequence[str]) -> SourceFile | None:
    """The first of `paths` that belongs to the tree; links and what lies outside do not."""
    name = next((one for one in paths if one in names), None)
    return tree.file(name) if name is not None else None


def _first_before(tree: Tree, names: frozenset[str], commit: str, paths: Sequence[str]) -> SourceFile | None:
    """The same as it was at a commit."""
    name = next((one for one in paths if one in names), None)
    return next(before(tree, commit, [name]), None) if name is not None else None


def _teach(tree: Tree, lesson: tuple[Role, str], kinds: str) -> NoReturn:
    """Writes a model into the tree's settings and ends. Raises CannotTeach, BrokenOptions."""
    asked = Asked(None, None, None, hook=False, history=False)

    def reviewed() -> Report:
        return _reviewed(tree, read_options(tree.settings(FILE), tree.settings(CODEGURU_FILE)), asked)[0]

    for line in review_teach.taught(tree, *lesson, [kind.strip() for kind in kinds.split(",") if kind.strip()], reviewed):
        click.echo(review_text.clean(line))
    sys.exit(CLEAN)


def _accept(tree: Tree, places: Sequence[str], reason: str, until: datetime | None) -> NoReturn:
    """Writes entries into the tree's settings and ends. Raises CannotRead, BrokenOptions, ReviewerBroken."""
    options = read_options(tree.settings(FILE), tree.settings(CODEGURU_FILE))
    read = partial(_first, tree, frozenset(tree.names))
    day = until.date() if until else None
    with Reviewer() as reviewer:
        told = list(review_accept.accepted(
            tree, places, reason, day, lambda file: reviewer.review_files([file], options, read)[0].findings
        ))  # fmt: skip
    for line in told:
        click.echo(review_text.clean(line))
    sys.exit(CLEAN)


def _test(folder: Path | None) -> NoReturn:
    """Runs the examples of the user's own rules, which are code that is trusted."""
    if folder is None:
        _fail(["--test-rules needs --rules DIR, the folder with your rules"])
    command = [*python("analyzers.rule_examples"), str(folder.resolve())]
    ran = subprocess.run(command, capture_output=True, text=True, errors="replace", env=environment(), cwd="/", check=False)
    for told, err in ((ran.stdout, False), (ran.stderr, True)):
        for line in told.splitlines():
            click.echo(review_text.clean(line), err=err)
    sys.exit(ran.returncode)


def _shown(file: SourceFile) -> SourceFile:
    """The file under a path that is text: git's and the file system's are bytes."""
    return replace(file, path=_readable(file.path))


def _readable(name: str) -> str:
    return name.encode(errors="surrogateescape").decode(errors="backslashreplace")


def _print(report: Report, line_of: review_text.SourceLine, form: str, begun: datetime) -> None:
    if form in FORMS:
        click.echo(orjson.dumps(FORMS[form](report.findings, begun, datetime.now(UTC), NO_COMMIT), option=orjson.OPT_INDENT_2))
    elif form == "json":
        click.echo(orjson.dumps(report.to_dict(), option=orjson.OPT_INDENT_2))
    elif form == "sarif":
        log = sarif.document(report.findings, report.diagnostics, report.suppressed, report.skipped, about=detectors_asked.about)
        click.echo(orjson.dumps(log, option=orjson.OPT_INDENT_2))
    else:
        for line in review_text.render(report, line_of):
            click.echo(line)


def _lines_of(files: Mapping[str, SourceFile]) -> review_text.SourceLine:
    """Reads from what was reviewed, which may differ from the work tree."""
    known: dict[str, Lines] = {}

    def line_of(path: str, number: int) -> str | None:
        if path not in known:
            known[path] = Lines(files[path].content.decode(errors="replace"))
        return known[path][number] if number <= len(known[path]) else None

    return line_of


def _source(tree: Tree, findings: Sequence[Finding]) -> review_text.SourceLine:
    """Reads each file that has findings once, when its first line is asked for."""
    known: dict[str, Lines] = {}
    real = {_readable(name): name for name in tree.names} if findings else {}

    def line_of(path: str, number: int) -> str | None:
        if path not in known:
            known[path] = Lines(tree.file(real[path]).content.decode(errors="replace"))
        return known[path][number] if number <= len(known[path]) else None

    return line_of


def _fail(problems: Sequence[str]) -> NoReturn:
    for problem in problems:
        click.echo(f"lockgate: {problem}", err=True)
    sys.exit(ERROR)
