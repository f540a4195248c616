"""`lockgate review`: the same analysers as the server's, on a folder or git tree, without a server."""

import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from itertools import islice
from pathlib import Path
from time import monotonic
from typing import Literal, NoReturn

import click
import orjson

from analyzers import rule_examples, sarif
from analyzers.finding import SEVERITIES, FileReport, Finding, Report, SourceFile, at_or_above
from analyzers.isolated import ReviewerBroken
from analyzers.lines import Lines
from analyzers.options import CODEGURU_FILE, FILE, BrokenOptions, ReviewOptions, read_options
from analyzers.pool import Pool
from analyzers.review import summed
from analyzers.rule import rules_in_folder
from service.cli import review_text
from service.cli.review_source import CannotRead, Tree, before, commit_of, open_tree

CLEAN, FOUND, ERROR = 0, 1, 2
BATCH_FILES = 50


@click.command()
@click.argument("path", type=click.Path(path_type=Path, exists=True), default=".")
@click.option("--base", metavar="REV", help="A git revision; only findings that it does not have count.")
@click.option("--format", "form", type=click.Choice(["text", "json", "sarif"]), default="text", show_default=True)
@click.option(
    "--fail-on", type=click.Choice([*SEVERITIES, "never"]), default="high", show_default=True, metavar="LEVEL",
    help="The lowest severity that ends with exit code 1: critical, high, medium, low, info, or never.",
)  # fmt: skip
@click.option(
    "--rules", "rules_folder", type=click.Path(path_type=Path, exists=True, file_okay=False), metavar="DIR",
    help="A folder with rules of your own. They are Python and run: use only what you trust.",
)  # fmt: skip
@click.option("--test-rules", is_flag=True, help="Run the examples of the rules in DIR instead of a review.")
def review(
    path: Path, base: str | None, form: Literal["text", "json", "sarif"], fail_on: str, rules_folder: Path | None, test_rules: bool
) -> None:
    """Review the files in PATH: a folder, a git work tree or one file.

    In a git tree, files that git ignores are left out. Exit code 0: nothing counts, 1: something does, 2: error.
    """
    if test_rules:
        _test(rules_folder)
    try:
        tree = open_tree(path)
        options = read_options(tree.settings(FILE), tree.settings(CODEGURU_FILE))
        report = _reviewed(tree, options, base, rules_folder)
    except (CannotRead, ReviewerBroken) as error:
        _fail([str(error)])
    except BrokenOptions as error:
        _fail(error.problems)
    _print(report, tree, form)
    counted = [one for one in report.findings if one.new is not False]
    failed = fail_on != "never" and any(at_or_above(one.severity, fail_on) for one in counted)
    sys.exit(FOUND if failed else CLEAN)


def _reviewed(tree: Tree, options: ReviewOptions, base: str | None, rules_folder: Path | None) -> Report:
    begun = monotonic()
    today = datetime.now(UTC).date()
    commit = commit_of(tree, base) if base else ""
    with Pool(len(tree.names), rules_folder.resolve() if rules_folder else None) as reviewer:
        reports: list[FileReport] = []
        names = iter([name for name in tree.names if not options.excludes(_readable(name))])
        while part := [_shown(tree.file(name)) for name in islice(names, BATCH_FILES)]:
            reports += reviewer.review_files(part, options, partial(_first, tree, frozenset(tree.names)))
        report = summed(reports, today, monotonic() - begun)
        if not commit:
            return report
        touched = sorted({finding.path for finding in report.findings})
        base_files = [_shown(file) for file in before(tree, commit, touched)]
        old = reviewer.review_files(base_files, options, partial(_first_before, tree, frozenset(tree.names), commit))
    known = {finding.fingerprint for one in old for finding in one.on(today).findings}
    marked = [replace(finding, new=finding.fingerprint not in known) for finding in report.findings]
    new_first = sorted(marked, key=lambda one: not one.new)
    return replace(report, findings=tuple(new_first), seconds=monotonic() - begun)


def _first(tree: Tree, names: frozenset[str], paths: Sequence[str]) -> SourceFile | None:
    """The first of `paths` that belongs to the tree; links and what lies outside do not."""
    name = next((one for one in paths if one in names), None)
    return tree.file(name) if name is not None else None


def _first_before(tree: Tree, names: frozenset[str], commit: str, paths: Sequence[str]) -> SourceFile | None:
    """The same as it was at a commit."""
    name = next((one for one in paths if one in names), None)
    return next(before(tree, commit, [name]), None) if name is not None else None


def _test(folder: Path | None) -> NoReturn:
    """Runs the examples of the user's own rules, which are code that is trusted."""
    if folder is None:
        _fail(["--test-rules needs --rules DIR, the folder with your rules"])
    try:
        rules = rules_in_folder(folder.resolve())
    except Exception as error:  # noqa: BLE001  whatever the user's own code raises is told to the user
        _fail([f"the rules in {folder} cannot be loaded: {type(error).__name__}: {error}"])
    wrong = list(rule_examples.broken(rules)) if rules else [f"there is no rule in {folder}"]
    for one in wrong:
        click.echo(one)
    examples = sum(len(rule.invalid) + len(rule.valid) for rule in rules)
    click.echo(f"{len(rules)} rules, {examples} examples, {len(wrong)} wrong")
    sys.exit(FOUND if wrong else CLEAN)


def _shown(file: SourceFile) -> SourceFile:
    """The file under a path that is text: git's and the file system's are bytes."""
    return replace(file, path=_readable(file.path))


def _readable(name: str) -> str:
    return name.encode(errors="surrogateescape").decode(errors="backslashreplace")


def _print(report: Report, tree: Tree, form: str) -> None:
    if form == "json":
        click.echo(orjson.dumps(report.to_dict(), option=orjson.OPT_INDENT_2))
    elif form == "sarif":
        log = sarif.document(report.findings, report.diagnostics, report.suppressed)
        click.echo(orjson.dumps(log, option=orjson.OPT_INDENT_2))
    else:
        for line in review_text.render(report, _source(tree, report.findings)):
            click.echo(line)


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
