"""Code that stands in two files: found over a whole tree, from what each file's report holds of it. Cheap to import.

What is said follows from the reports alone, so that a review that analysed all files and one that took most of them from a store
say the same.
"""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from analyzers import accept
from analyzers.finding import Diagnostic, FileReport, Finding, Severity, Silence, Step, Suppressed, place
from analyzers.options import ReviewOptions
from analyzers.ranker import rank
from analyzers.shingles import LINES, WINDOW, Code, kept_shingles, unpacked

RULE = "duplicate-code"
SEVERITY: Severity = "low"
CWE = 1041
MESSAGE = "The same lines of code stand in another file."
WHY = "A fault that is mended in one place stays in the other, and whoever changes one has to know of both."
FIX = "Move the lines into a function or class that both places use."
PRIOR = 0.4
REFERENCES = ("https://refactoring.guru/smells/duplicate-code",)
LINES_MIN = LINES + WINDOW - 1
"""Lines of code; blank lines, comments and imports do not count."""
DISTINCT_MIN = 9
"""So many of the lines must differ: tables and long calls are alike by nature."""
PLACES_PER_SHINGLE_MAX = 4
"""What stands in more places is compared with the first ones."""
FINDINGS_MAX = 1000
_SHIFT, _LOW = 32, 0xFFFF_FFFF
"""A place is one number: the file's above the line's."""


@dataclass
class _Tree:
    """The files of a tree in order of their paths; lines are unpacked when they are first compared."""

    files: Sequence[tuple[str, FileReport]]
    known: dict[int, Code] = field(default_factory=dict)

    def code(self, number: int) -> Code:
        if number not in self.known:
            self.known[number] = unpacked(self.files[number][1].code)
        return self.known[number]


@dataclass(frozen=True)
class _Copy:
    """Lines `start` to before `end` of a file, counted among its lines of code, that also begin at `other_start` of another one."""

    file: int
    start: int
    end: int
    other: int
    other_start: int


def wanted(options: ReviewOptions) -> bool:
    """Whether duplicates are looked for."""
    return not (options.disables(RULE, "lockgate") or options.only_secrets)


def added(files: Sequence[tuple[str, FileReport]], options: ReviewOptions) -> list[FileReport]:
    """The reports, in order, with what duplicates each file holds of files before it by path. For reports of a whole tree.

    Of several copies the first by path is the one that the others are told of.
    """
    if not wanted(options):
        return [report for _, report in files]
    order = sorted(range(len(files)), key=lambda at: files[at][0])
    tree = _Tree([files[at] for at in order if files[at][1].code])
    told: dict[str, list[Finding]] = defaultdict(list)
    seen: Counter[str] = Counter()
    number = 0
    for number, copy in enumerate(_copies(tree), 1):
        if number > FINDINGS_MAX:
            break
        finding = _finding(tree, copy, seen)
        told[finding.path].append(finding)
    reports = [_with(report, told.get(path, ()), options) for path, report in files]
    if number > FINDINGS_MAX and reports:
        more = Diagnostic(files[order[0]][0], 0, f"{RULE}: more than {FINDINGS_MAX:,} in this tree; the first by path are told")
        reports[order[0]] = replace(reports[order[0]], diagnostics=(*reports[order[0]].diagnostics, more))
    return reports


def _copies(tree: _Tree) -> Iterator[_Copy]:
    """What each file has in common with files before it, the longest first found at each place; no line is told twice."""
    index: dict[int, tuple[int, ...]] = {}
    for number, (_, report) in enumerate(tree.files):
        shingles = tuple(kept_shingles(report.code))
        done = 0
        for value, at in shingles:
            if at < done or value not in index:
                continue
            best = max((_shared(tree, number, at, where, done) for where in index[value]), key=lambda one: one.end - one.start)
            if best.end - best.start < LINES_MIN:
                continue
            done = best.end
            if len(set(tree.code(number).hashes[best.start : best.end])) >= DISTINCT_MIN:
                yield best
        for value, at in shingles:
            places = index.get(value, ())
            if len(places) < PLACES_PER_SHINGLE_MAX and not (places and places[-1] >> _SHIFT == number):
                index[value] = (*places, number << _SHIFT | at)


def _shared(tree: _Tree, file: int, at: int, where: int, least: int) -> _Copy:
    """The lines around two places that are the same, back to `least`."""
    other, other_at = where >> _SHIFT, where & _LOW
    ours, theirs = tree.code(file).hashes, tree.code(other).hashes
    start, other_start = at, other_at
    while start > least and other_start > 0 and ours[start - 1] == theirs[other_start - 1]:
        start, other_start = start - 1, other_start - 1
    end, other_end = at, other_at
    while end < len(ours) and other_end < len(theirs) and ours[end] == theirs[other_end]:
        end, other_end = end + 1, other_end + 1
    return _Copy(file, start, end, other, other_start)


def _finding(tree: _Tree, copy: _Copy, seen: Counter[str]) -> Finding:
    """No path is in the fingerprint: the same lines are the same finding after either file was moved."""
    code, other = tree.code(copy.file), tree.code(copy.other)
    path, other_path = tree.files[copy.file][0], tree.files[copy.other][0]
    first, last = code.numbers[copy.start], code.numbers[copy.end - 1]
    size = copy.end - copy.start
    other_first, other_last = other.numbers[copy.other_start], other.numbers[copy.other_start + size - 1]
    content = hashlib.sha256(",".join(map(str, code.hashes[copy.start : copy.end])).encode()).hexdigest()
    print_ = hashlib.sha256(f"{RULE}\0{content}\0{seen[content]}".encode()).hexdigest()
    seen[content] += 1
    step = Step(other_path, other_first, 1, other_last, 1, f"The same {size} lines of code, up to line {other_last}")
    message = f"{size} lines of code, {first} to {last}, are the same as lines {other_first} to {other_last} of {other_path}."
    return Finding(
        RULE, "lockgate", message, SEVERITY, "high", CWE, path, first, 1, last, 1, print_, WHY, FIX,
        rank(SEVERITY, "high", PRIOR), steps=(step,),
    )  # fmt: skip


def _with(report: FileReport, found: Sequence[Finding], options: ReviewOptions) -> FileReport:
    silences: Mapping[Silence, list[Finding]] = {one: [] for one in report.silences}
    standing, silenced = [], []
    for finding in found:
        hit = next((one for one in report.silences if finding.line - 1 <= one.line <= finding.end_line), None)
        if hit is None:
            standing.append(finding)
        else:
            silences[hit].append(finding)
            silenced.append(Suppressed(finding, hit.reason, hit.until, hit.line))
    standing, accepted = accept.apply(standing, options.accept) if options.accept else (standing, [])
    idle = [
        Diagnostic(one.path, one.line, f"this suppression of {RULE} silences nothing; remove it")
        for one, hits in silences.items() if one.alone and not hits
    ]  # fmt: skip
    if not (standing or silenced or accepted or idle):
        return report
    return replace(
        report, findings=tuple(sorted((*report.findings, *standing), key=place)),
        suppressed=(*report.suppressed, *silenced, *accepted), diagnostics=(*report.diagnostics, *idle),
    )  # fmt: skip
