"""What a file under review imports: read from the tree of its commit, and remembered as part of what its result depends on."""

import threading
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from analyzers.finding import SourceFile
from analyzers.flow.places import (
    SETTINGS_BYTES_MAX,
    is_settings,
    last_words,
    may_serve,
    name_of,
    names_settings,
    places_of,
    recorded,
    serves,
    unchanged,
)
from analyzers.limits import FILE_BYTES_MAX
from service.git import browse
from service.git.browse import Entry

KEPT_BYTES_MAX = 32 * 1024 * 1024
Asked = Mapping[str, str]
"""Module → blob that was read for it, "" when the tree had none; see analyzers.flow.places.recorded."""


class Tree:
    """The Python files and settings of a commit, by path. Contents are kept for the next file that imports them; for several threads."""

    def __init__(self, repo: Path, entries: Iterable[Entry]) -> None:
        self._oids = {e.path: e.oid for e in entries if _may_be_asked_for(e)}
        self._last_words = {word for path in self._oids if not is_settings(path) for word in last_words(path)}
        self._found: dict[tuple[str, str], str] = {}
        self._serves: dict[str, bool] = {}
        self._blobs = browse.BlobReader(repo, limit_bytes=FILE_BYTES_MAX)
        self._contents: OrderedDict[str, bytes] = OrderedDict()
        self._size = 0
        self._lock = threading.Lock()

    def find(self, paths: Iterable[str]) -> tuple[str, str]:
        """The first path that is there and its blob; two empty strings when none is."""
        return next(((path, self._oids[path]) for path in paths if path in self._oids), ("", ""))

    def content(self, oid: str) -> bytes | None:
        """A blob's bytes, or None when git has it no more."""
        with self._lock:
            if oid not in self._contents:
                found = self._blobs.read(oid)
                if found is None:
                    return None
                self._contents[oid] = found
                self._size += len(found)
                while self._size > KEPT_BYTES_MAX and len(self._contents) > 1:
                    self._size -= len(self._contents.popitem(last=False)[1])
            self._contents.move_to_end(oid)
            return self._contents[oid]

    def agrees(self, path: str, kept: Mapping[str, Any]) -> bool:
        """Whether what the file at `path` imports, and the settings it reads, are what they were when the kept result was made."""
        asked: Asked = kept.get("asked", {})
        folder = path.rpartition("/")[0]
        for name, before in asked.items():
            oid = self._module(name, path, folder)
            if before != oid and not unchanged(before, oid, partial(self._speaks, oid)):
                return False
        return True

    def close(self) -> None:
        """Ends what reads contents; it starts again when asked again."""
        with self._lock:
            self._blobs.close()

    def _module(self, name: str, path: str, folder: str) -> str:
        """The blob of what files of this folder mean by `name`; "" without one, as for most modules: other packages'."""
        if not names_settings(name) and name.rpartition(".")[2] not in self._last_words:
            return ""
        found = self._found.get((name, folder))
        if found is None:
            found = self._found[name, folder] = self.find(places_of(name, path))[1]
        return found

    def _speaks(self, oid: str) -> bool:
        if oid not in self._serves:
            self._serves[oid] = serves(self.content(oid) or b"")
        return self._serves[oid]


def _may_be_asked_for(entry: Entry) -> bool:
    return (entry.size or 0) <= (FILE_BYTES_MAX if entry.path.endswith(".py") else SETTINGS_BYTES_MAX if is_settings(entry.path) else -1)


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
