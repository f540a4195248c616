"""Reviews files: source text in, findings out. Pure: no clock, no network, no files beyond what is given."""

import hashlib
import io
import time
import tokenize
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import date
from functools import partial

import libcst as cst

from analyzers import accept, duplicates, fingerprint, rule_names, shingles, suppress
from analyzers import notebook as notebooks
from analyzers.adapters import bandit, detect_secrets
from analyzers.brought import PREFIX, TOOL, Brought, Reported
from analyzers.cells import NoNotebook, code_of, is_notebook
from analyzers.context import Draft
from analyzers.detector import scan
from analyzers.finding import SECRET_CWES, Diagnostic, FileReport, Finding, Report, SourceFile
from analyzers.flow.findings import concerns, find
from analyzers.flow.models import models_for
from analyzers.flow.modules import Modules, settings_file
from analyzers.flow.places import Read
from analyzers.limits import FINDINGS_PER_FILE_MAX, is_python, left_out, too_large
from analyzers.lines import Lines
from analyzers.lint import lint
from analyzers.merge import FINDINGS_PER_LINE_MAX, crowded_lines, merge
from analyzers.metering import code_lines
from analyzers.notebook import Notebook
from analyzers.options import FILE, ReviewOptions
from analyzers.parse import parse_module, uncollected
from analyzers.ranker import rank
from analyzers.rule import Rule, all_rules, name_of
from analyzers.totals import summed
from analyzers.version import engine_version

__all__ = ["engine_version", "review", "review_file"]


def review(
    files: Iterable[SourceFile], options: ReviewOptions, today: date, rules: Sequence[type[Rule]] | None = None
) -> Report:
    """Reviews files one after the other, in this process."""
    begun = time.monotonic()
    every = list(files)
    reports = [review_file(file, options, rules) for file in every]
    reports = duplicates.added([(file.path, report) for file, report in zip(every, reports, strict=True)], options)
    return summed(reports, today, time.monotonic() - begun)


@uncollected()  # trees and what is found out about them hold hardly a cycle; looking for some takes a fifth of the time
def review_file(
    file: SourceFile, options: ReviewOptions, rules: Sequence[type[Rule]] | None = None, read: Read | None = None,
    brought: Brought | None = None,
) -> FileReport:  # fmt: skip
    """Everything about one file. The same for the same content, path, options, rules, engine and what `read` gives.

    `read` gives other files of the tree, for data flow through what the file imports; without it each file stands alone.
    `brought` is what rules of the file's own repository said of it.

    Deeply nested code can exhaust this process's stack: what strangers wrote goes through `isolated.Reviewer`.
    """
    if left := left_out(file, options):
        return FileReport(skipped=(left,))
    if large := too_large(file):
        return FileReport(diagnostics=(large,))
    text, told = _decoded(file)
    lines = Lines(text)
    drafts = list(scan(text, lines, file.path))
    if is_python(file):
        drafts += _python(file, text, lines, _chosen(rules, options), told, options, read)
    notebook = _notebook(file, text, told)
    if notebook is not None:
        chosen = _chosen(rules, options)
        code = SourceFile(file.path, notebook.text.encode(errors="replace"))
        inside = _python(code, notebook.text, Lines(notebook.text), chosen, told, options, read)
        drafts += [notebook.placed(one, lines, file.path) for one in inside]
    if not options.disables("", detect_secrets.TOOL):
        drafts += detect_secrets.find(lines, file.path, python=is_python(file))
        if skipped := detect_secrets.skipped_lines(lines):
            told.append(Diagnostic(file.path, 0, f"{skipped} very long lines were searched for known tokens only"))
    if file.path == FILE:
        told += rule_names.unknown(file.content, all_rules() if rules is None else rules)
    if brought is not None:
        drafts += [_of_repository(one) for one in brought.findings]
        told += [Diagnostic(file.path, 0, one) for one in brought.told]
    drafts = merge([one for one in drafts if not options.disables(one.rule, one.tool)])
    unknown = partial(rule_names.misspelt, rules=all_rules() if rules is None else rules)
    report = _report(file, lines, drafts, told, options, unknown)
    shared = shingles.packed(text) if is_python(file) and duplicates.wanted(options) else ""
    return replace(report, code=shared) if shared else report


def _chosen(rules: Sequence[type[Rule]] | None, options: ReviewOptions) -> list[type[Rule]]:
    chosen = [one for one in (all_rules() if rules is None else rules) if not one.extended or options.enables(name_of(one))]
    return [one for one in chosen if one.cwe in SECRET_CWES] if options.only_secrets else chosen


def _notebook(file: SourceFile, text: str, told: list[Diagnostic]) -> Notebook | None:
    if not is_notebook(file.path):
        return None
    try:
        found = notebooks.read(text, file.path)
    except NoNotebook as error:
        told.append(Diagnostic(file.path, 0, f"its cells were not read: {error}"))
        return None
    told += found.told if found is not None else ()
    return found


def _report(
    file: SourceFile, lines: Lines, drafts: list[Draft], told: list[Diagnostic], options: ReviewOptions, unknown: Callable[[str], str]
) -> FileReport:
    if len(drafts) > FINDINGS_PER_FILE_MAX:
        told.append(Diagnostic(file.path, 0, f"{len(drafts)} findings; the first {FINDINGS_PER_FILE_MAX} are kept"))
        drafts = drafts[:FINDINGS_PER_FILE_MAX]
    kept = f"the first {FINDINGS_PER_LINE_MAX} findings of this line are kept"
    told += [Diagnostic(file.path, line, kept) for line in crowded_lines(drafts)]
    prints = fingerprint.fingerprints(drafts, lines, file.path)
    found = [(_finding(one, file.path, mark), one.silenced) for one, mark in zip(drafts, prints, strict=True)]
    commented = notebooks.readable_comments(lines) if is_notebook(file.path) else lines
    comments, wrong = suppress.read_comments(commented, file.path, python=is_python(file))
    silences = tuple(suppress.across(comments, duplicates.RULE, file.path)) if is_python(file) else ()
    standing, silenced = suppress.apply(found, comments)
    standing, accepted = accept.apply(standing, options.accept) if options.accept else (standing, [])
    diagnostics = (*told, *wrong, *suppress.unused(comments, file.path, unknown))
    metered = code_lines(code_of(lines.text) if is_notebook(file.path) else lines.all(), file.path)
    return FileReport(tuple(standing), diagnostics, (*silenced, *accepted), len(lines), metered=metered, silences=silences)


def _of_repository(one: Reported) -> Draft:
    return Draft(
        f"{PREFIX}{one.rule}", TOOL, one.message, one.severity, one.confidence, one.cwe, one.line, one.column,
        one.end_line, one.end_column, one.why, one.fix, Rule.prior,
    )  # fmt: skip


def _finding(draft: Draft, path: str, mark: str) -> Finding:
    return Finding(
        draft.rule, draft.tool, draft.message, draft.severity, draft.confidence, draft.cwe, path, draft.line,
        draft.column, draft.end_line, draft.end_column, mark, draft.why, draft.fix,
        rank(draft.severity, draft.confidence, draft.prior), steps=draft.steps, mend=draft.mend,
        secret_hash=hashlib.sha256(draft.secret.encode(errors="replace")).hexdigest() if draft.secret else "",
        secret_sha1=hashlib.sha1(draft.secret.encode(errors="replace"), usedforsecurity=False).hexdigest() if draft.secret else "",
    )  # fmt: skip


def _python(
    file: SourceFile, text: str, lines: Lines, rules: Sequence[type[Rule]], told: list[Diagnostic],
    options: ReviewOptions, read: Read | None,
) -> list[Draft]:  # fmt: skip
    try:
        module = parse_module(text)
    except cst.ParserSyntaxError as error:
        message = error.message.split("\n", 1)[0]
        if not any(one.unreadable for one in told):
            told.append(Diagnostic(file.path, error.raw_line, f"not valid Python: {message}", unreadable=True))
        return []
    drafts, failed = lint(module, text, file.path, rules)
    models, refutation = models_for(options.models), None
    if not options.only_secrets and concerns(text, drafts, models):
        drafts, partly, refutation = find(module, file.path, drafts, models, _modules.loader(file.path, text, read),
                                           settings_file(file.path, text, read))  # fmt: skip
        failed += partly
    told.extend(Diagnostic(file.path, 0, one) for one in failed)
    if not options.disables("", bandit.TOOL) and not any(one.unreadable for one in told):
        try:
            second = bandit.find(file.content, lines)
            drafts += second if refutation is None else refutation.stands(second)
        except bandit.CannotRead as error:
            told.append(Diagnostic(file.path, error.line, f"Bandit cannot read this file, our own rules did: {error}"))
    return drafts


_modules = Modules()
_UTF16 = (b"\xff\xfe", b"\xfe\xff")


def _decoded(file: SourceFile) -> tuple[str, list[Diagnostic]]:
    """The text, whatever it takes: what cannot be decoded is told of and still searched for secrets."""
    encoding = "utf-16" if file.content.startswith(_UTF16) else "utf-8"
    told: list[Diagnostic] = []
    if is_python(file):
        try:
            encoding, _ = tokenize.detect_encoding(io.BytesIO(file.content).readline)
        except SyntaxError as error:
            what = "not valid UTF-8, and no other encoding is declared" if "missing" in str(error) else str(error)
            told.append(Diagnostic(file.path, 1, f"not valid Python: {what}", unreadable=True))
    try:
        return file.content.decode(encoding).removeprefix("\ufeff"), told
    except (UnicodeError, LookupError) as error:  # `punycode` and `undefined` raise what is no UnicodeDecodeError
        if is_python(file) and not told:
            told.append(Diagnostic(file.path, 1, f"not valid {encoding}: {error}"[:200], unreadable=True))
        return file.content.decode("latin-1"), told
