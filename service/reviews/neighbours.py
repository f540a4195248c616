"""What a file under review imports: read from the tree of its commit, and remembered as part of what its result depends on."""

from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from analyzers.finding import SourceFile
from analyzers.flow.places import candidates, may_serve, name_of, recorded, unchanged
from analyzers.limits import FILE_BYTES_MAX
from service.git import browse
from service.git.browse import Entry

KEPT_BYTES_MAX = 32 * 1024 * 1024
Asked = Mapping[str, str]
"""Module → blob that was read for it, "" when the tree had none; see analyzers.flow.places.recorded."""


class Tree:
    """The Python files of a commit, by path. Contents are kept for the next file that imports them."""

    def __init__(self, repo: Path, entries: Iterable[Entry]) -> None:
        self._repo = repo
        self._oids = {e.path: e.oid for e in entries if e.path.endswith(".py") and (e.size or 0) <= FILE_BYTES_MAX}
        self._contents: OrderedDict[str, bytes] = OrderedDict()
        self._size = 0

    def find(self, paths: Iterable[str]) -> tuple[str, str]:
        """The first path that is there and its blob; two empty strings when none is."""
        return next(((path, self._oids[path]) for path in paths if path in self._oids), ("", ""))

    def content(self, oid: str) -> bytes | None:
        """A blob's bytes, or None when git has it no more."""
        if oid not in self._contents:
            found = dict(browse.blobs(self._repo, [oid], limit_bytes=FILE_BYTES_MAX))
            if oid not in found:
                return None
            self._contents[oid] = found[oid]
            self._size += len(found[oid])
            while self._size > KEPT_BYTES_MAX and len(self._contents) > 1:
                self._size -= len(self._contents.popitem(last=False)[1])
        self._contents.move_to_end(oid)
        return self._contents[oid]

    def agrees(self, path: str, kept: Mapping[str, Any]) -> bool:
        """Whether what the file at `path` imports is what it was when the kept result was made."""
        asked: Asked = kept.get("asked", {})
        found = ((before, self.find(candidates(name, path))[1]) for name, before in asked.items())
        return all(unchanged(before, oid, partial(self.content, oid)) for before, oid in found)


class Reading:
    """What one file asks the tree for."""

    def __init__(self, tree: Tree, importer: bytes = b"") -> None:
        self._tree, self._serves = tree, may_serve(importer)
        self.asked: dict[str, str] = {}

    def read(self, paths: Sequence[str]) -> SourceFile | None:
        """See analyzers.flow.places.Read."""
        path, oid = self._tree.find(paths)
        content = self._tree.content(oid) if oid else None
        file = SourceFile(path, content) if content is not None else None
        self.asked[name_of(paths)] = recorded(self._serves, file, oid)
        return file
