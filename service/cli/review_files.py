"""Reports on the files of a tree: those that are known from before are taken from the cache, the others analysed."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path

from analyzers.finding import FileReport, SourceFile
from analyzers.flow.places import Read, may_serve, name_of, places_of, recorded, serves, unchanged
from analyzers.options import ReviewOptions
from analyzers.pool import Pool
from service.cli.review_cache import Kept, Results, context_of, key_of

BATCH_FILES = 100


class Known:
    """The contents of a tree by digest, each read once."""

    def __init__(self, read: Read) -> None:
        self._read = read
        self._digests: dict[tuple[str, ...], str] = {}

    def agrees(self, path: str, asked: Mapping[str, str]) -> bool:
        """Whether what the file at `path` imports, and the settings it reads, are what they were."""
        return all(self._is_unchanged(before, tuple(places_of(name, path))) for name, before in asked.items())

    def _is_unchanged(self, before: str, paths: tuple[str, ...]) -> bool:
        if paths not in self._digests:
            self._digests[paths] = _digest_of(self._read(paths))

        def speaks() -> bool:
            file = self._read(paths)
            return file is not None and serves(file.content)

        return unchanged(before, self._digests[paths], speaks)


class Reading:
    """What one file asks the tree for."""

    def __init__(self, read: Read, importer: bytes) -> None:
        self._read, self._serves = read, may_serve(importer)
        self.asked: dict[str, str] = {}

    def read(self, paths: Sequence[str]) -> SourceFile | None:
        """See analyzers.flow.places.Read."""
        file = self._read(paths)
        self.asked[name_of(paths)] = recorded(self._serves, file, _digest_of(file))
        return file


class Reviewed:
    """Analyses files with a pool, and keeps what it says in `results` if there are any."""

    def __init__(self, pool: Pool, results: Results | None, rules_folder: Path | None) -> None:
        self._pool, self._results, self._rules_folder = pool, results, rules_folder

    def reports(self, files: Iterable[SourceFile], options: ReviewOptions, read: Read | None = None) -> list[FileReport]:
        """One report for each file, in order. Raises analyzers.isolated.ReviewerBroken."""
        context = context_of(options, self._rules_folder)
        known = Known(read) if read is not None else None
        return [one for part in _batches(files) for one in self._batch(part, context, options, read, known)]

    def _batch(
        self, files: Sequence[SourceFile], context: bytes, options: ReviewOptions, read: Read | None, known: Known | None
    ) -> list[FileReport]:
        keys = [key_of(context + (b"tree" if read is not None else b"alone"), file) for file in files]
        kept = self._results.load(keys) if self._results is not None else {}
        found: dict[bytes, FileReport] = {}
        for key, file in zip(keys, files, strict=True):
            if key in kept and (not kept[key][1] or (known is not None and known.agrees(file.path, kept[key][1]))):
                found[key] = kept[key][0]
        missing = {key: file for key, file in zip(keys, files, strict=True) if key not in found}
        readings = [Reading(read, file.content) if read is not None else None for file in missing.values()]
        reads: list[Callable[[Sequence[str]], SourceFile | None] | None] = [one.read if one is not None else None for one in readings]
        fresh: dict[bytes, Kept] = {}
        for key, report, reading in zip(missing, self._pool.review_each(list(missing.values()), options, reads), readings, strict=True):
            found[key] = report
            if report.settled:
                fresh[key] = report, reading.asked if reading is not None else {}
        if self._results is not None:
            self._results.save(fresh)
        return [found[key] for key in keys]


def _batches(files: Iterable[SourceFile]) -> Iterator[list[SourceFile]]:
    left = iter(files)
    while part := list(islice(left, BATCH_FILES)):
        yield part


def _digest_of(file: SourceFile | None) -> str:
    return hashlib.sha256(file.content).hexdigest() if file is not None else ""
