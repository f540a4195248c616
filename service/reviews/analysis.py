"""What the analysers say about the whole tree of a commit, asking them only about files that are not known yet."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Protocol

from analyzers import duplicates, limits
from analyzers.cells import NOTEBOOK_BYTES_MAX, is_notebook
from analyzers.finding import Diagnostic, FileReport, Skipped, SourceFile
from analyzers.flow.places import Read
from analyzers.limits import is_binary, is_python
from analyzers.options import ReviewOptions
from service.git import browse
from service.git.browse import Entry
from service.kernel.errors import Problem
from service.kernel.site import Site
from service.reviews import cache
from service.reviews.cache import Key, Place
from service.reviews.neighbours import Asked, Reading, Tree

FILES_MAX = 200_000
FINDINGS_MAX = 50_000
BATCH_FILES = 100
BATCH_BYTES = 8 * 1024 * 1024
FEW_FILES = 20
"""Of so few it matters to whom waits in which order two children get them; of more, that neighbours come one after another."""
_SYMBOLIC_LINK = "120000"

AtOnce = Callable[[int], int]
"""How many of so many files may be analysed side by side."""
Prepare = Callable[[Sequence[SourceFile]], None]
"""Gets to see the files that are analysed next, many at once: what is slow to start looks at them then."""


class Analyse(Protocol):
    """The analysers with their options, one report for each file in the same order."""

    def __call__(self, files: Sequence[SourceFile], *, read: Read | None) -> Sequence[FileReport]:
        """Files that the given ones import come from `read`."""


class TooMuchToReview(Problem):
    """The commit is over a limit of the reviewer."""

    status = 422
    says = "the commit has more than {limit} {what}"
    todo = "Leave generated and vendored files out with `review: exclude:` in .lockgate.yml."


@dataclass(frozen=True)
class FileAnalysis:
    """One file of the commit: its blob and what is said about it."""

    path: str
    blob: str
    report: FileReport


@dataclass(frozen=True)
class Analysis:
    """The whole tree; `analysed` of the files were not known from before."""

    files: tuple[FileAnalysis, ...]
    analysed: int
    tree: Tree
    skipped: tuple[Skipped, ...] = ()
    """What was left out: links, submodules, what the settings exclude, what is no text."""


def analyse_tree(
    site: Site, repo: Path, commit: str, *, key: Key, analyse: Analyse, at_once: AtOnce, prepare: Prepare, options: ReviewOptions,
    today: date,
) -> Analysis:  # fmt: skip
    """Reviews every file of the commit but links, submodules and what is excluded by a pattern.

    Results are kept batch by batch, so that a worker that takes over after a crash goes on where the first one was. A kept
    one counts while what the file imports is the same too. `analyse` is called from as many threads as `at_once` says.
    Raises TooMuchToReview.
    """
    every = browse.files_and_submodules(repo, commit)
    tree = Tree(repo, (e for e in every if e.kind == "blob" and e.mode != _SYMBOLIC_LINK))
    left = {e.path: one for e in every if (one := _left_out(e, options.excluded_by))}
    entries = [e for e in every if e.path not in left]
    if len(entries) > FILES_MAX:
        raise TooMuchToReview(limit=FILES_MAX, what="files")
    places = [(entry.oid, readable(entry.path)) for entry in entries]
    with closing(tree):
        kept = cache.load(site, key, places)
        known = {place: FileReport.from_dict(one) for place, one in kept.items() if tree.agrees(place[1], one)}
        missing = [entry for entry, place in zip(entries, places, strict=True) if place not in known]
        for batch in _batches(missing):
            fresh = list(_analysed(repo, batch, analyse, at_once, prepare, tree))
            settled = {place: {**report.to_dict(), "asked": asked} for place, report, asked in fresh if report.settled}
            cache.save(site, key, settled)
            known.update((place, report) for place, report, _ in fresh)
    reports = duplicates.added([(path, known[blob, path]) for blob, path in places], options)
    files = tuple(FileAnalysis(path, blob, report.on(today)) for (blob, path), report in zip(places, reports, strict=True))
    if sum(len(file.report.findings) for file in files) > FINDINGS_MAX:
        raise TooMuchToReview(limit=FINDINGS_MAX, what="findings")
    skipped = (*left.values(), *(one for file in files for one in file.report.skipped))
    return Analysis(files, len(missing), tree, tuple(sorted(skipped, key=lambda one: one.path)))


def analyse_as(repo: Path, moved: Mapping[str, Place], analyse: Analyse, prepare: Prepare, tree: Tree) -> dict[str, FileReport]:
    """Reports on files as if they still were at another path; `moved` gives each path its blob and the other path."""
    found: dict[str, FileReport] = {}
    others = [path for path in moved if not is_notebook(moved[path][1])]
    parts = [others[at : at + BATCH_FILES] for at in range(0, len(others), BATCH_FILES)]
    parts += [[path] for path in moved if is_notebook(moved[path][1])]
    with closing(tree):
        for part in parts:
            size_max = limits.bytes_max(moved[part[0]][1])
            contents = dict(browse.blobs(repo, [moved[path][0] for path in part], limit_bytes=size_max))
            there = [path for path in part if moved[path][0] in contents]
            files = [limits.readable(moved[path][1], contents[moved[path][0]]) for path in there]
            prepare(files)
            found.update(zip(there, analyse(files, read=Reading(tree).read), strict=True))
    return found


def readable(path: str) -> str:
    """A path as text: git's are bytes, and what is no UTF-8 is shown as escapes."""
    return path.encode(errors="surrogateescape").decode(errors="backslashreplace")


def _left_out(entry: Entry, excluded_by: Callable[[str], str]) -> Skipped | None:
    path = readable(entry.path)
    if entry.kind != "blob":
        return limits.submodule(path)
    if entry.mode == _SYMBOLIC_LINK:
        return limits.link(path)
    pattern = excluded_by(path)
    return limits.excluded(path, pattern) if pattern else None


def _batches(entries: Iterable[Entry]) -> Iterator[list[Entry]]:
    batch: list[Entry] = []
    size = 0
    for entry in entries:
        if batch and (len(batch) >= BATCH_FILES or size + (entry.size or 0) > BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(entry)
        size += min(entry.size or 0, limits.bytes_max(entry.path))
    if batch:
        yield batch


def _analysed(
    repo: Path, batch: Sequence[Entry], analyse: Analyse, at_once: AtOnce, prepare: Prepare, tree: Tree
) -> Iterator[tuple[Place, FileReport, Asked]]:
    small = list(dict.fromkeys(e.oid for e in batch if _fits(e)))
    contents = dict(browse.blobs(repo, small, limit_bytes=NOTEBOOK_BYTES_MAX))
    wanted = []
    for entry in batch:
        path = readable(entry.path)
        if not _fits(entry) or entry.oid not in contents:
            yield (entry.oid, path), FileReport(diagnostics=(_too_large(path, entry.size or 0),)), {}
        elif is_binary(SourceFile(path, contents[entry.oid])):
            yield (entry.oid, path), FileReport(skipped=(limits.binary(path),)), {}
        else:
            wanted.append((entry.oid, limits.readable(path, contents[entry.oid])))
    prepare([file for _, file in wanted])
    if len(wanted) <= FEW_FILES:
        wanted.sort(key=lambda one: len(one[1].content), reverse=True)  # else the largest may come last, with nothing beside it

    def analysed(one: tuple[str, SourceFile]) -> tuple[Place, FileReport, Asked]:
        oid, file = one
        reading = Reading(tree, file.content)
        [report] = analyse([file], read=reading.read)
        return (oid, file.path), report, reading.asked

    with ThreadPoolExecutor(max(1, at_once(len(wanted)))) as threads:
        yield from threads.map(analysed, wanted)


def _fits(entry: Entry) -> bool:
    return (entry.size or 0) <= limits.bytes_max(entry.path)


def _too_large(path: str, size: int) -> Diagnostic:
    told = f"not reviewed: {size:,} bytes, and the limit is {limits.bytes_max(path):,}"
    return Diagnostic(path, 0, told, unreadable=is_python(SourceFile(path, b"")))
