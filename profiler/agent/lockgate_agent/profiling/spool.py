"""Profiles that could not be delivered wait in a folder: at most twenty files and twenty megabytes, oldest go first.

A file is one line of JSON (where it is to be sent) and the profile. Several processes may share the folder: a profile
that two of them deliver counts once, because the server knows a profile by its content.
"""

import itertools
import json
import os
import stat
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

FILES_MAX = 20
BYTES_MAX = 20_000_000
AGE_SECONDS_MAX = 2 * 86_400
PART_SECONDS_MAX = 600
SUFFIX = ".profile"
_serial = itertools.count()


def default_folder(group: str) -> Path:
    """In the temporary folder, of this user and group."""
    safe = "".join(c if c.isalnum() or c in "-_" else "_" for c in group)[:60]
    return Path(tempfile.gettempdir()) / f"lockgate-profiles-{os.getuid()}" / safe


class Spool:
    """The folder. Every method may raise OSError; what is kept is then simply not kept."""

    def __init__(self, folder: Path, files_max: int = FILES_MAX, bytes_max: int = BYTES_MAX) -> None:
        self.folder, self._files_max, self._bytes_max = folder, files_max, bytes_max

    def keep(self, query: "dict[str, str]", profile: bytes) -> Path:
        """Stores a profile and drops the oldest ones beyond the limits."""
        self._make()
        name = f"{time.time_ns():020d}-{os.getpid()}-{next(_serial)}"
        unfinished = self.folder / f"{name}.part"
        with unfinished.open("xb") as file:
            file.write(json.dumps(query).encode() + b"\n" + profile)
        path = self.folder / (name + SUFFIX)
        unfinished.rename(path)
        self._trim()
        return path

    def waiting(self) -> "Iterator[tuple[Path, dict[str, str], bytes]]":
        """Every stored profile, oldest first: its path for `forget`, where it goes, its bytes."""
        for path in self._files():
            try:
                head, _, profile = path.read_bytes().partition(b"\n")
                query = json.loads(head)
            except (OSError, ValueError):
                self.forget(path)
                continue
            yield path, {str(k): str(v) for k, v in query.items()}, profile

    def forget(self, path: Path) -> None:
        """The profile was delivered or will never be."""
        path.unlink(missing_ok=True)

    def _files(self) -> "list[Path]":
        try:
            self._check()
            return sorted(p for p in self.folder.iterdir() if p.suffix == SUFFIX)
        except FileNotFoundError:
            return []

    def _make(self) -> None:
        self.folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.folder.mkdir(mode=0o700, exist_ok=True)
        self._check()

    def _check(self) -> None:
        # In a shared temporary folder anybody could have put a link here to have our files written elsewhere.
        for folder in (self.folder.parent, self.folder):
            found = folder.lstat()
            if stat.S_ISLNK(found.st_mode) and found.st_uid not in (0, os.getuid()):
                raise PermissionError(f"{folder} is a link that somebody else made")
        if self.folder.stat().st_uid != os.getuid():
            raise PermissionError(f"{self.folder} belongs to somebody else")

    def _trim(self) -> None:
        oldest = time.time() - AGE_SECONDS_MAX
        count, size = 0, 0
        for path in self.folder.glob("*.part"):  # a process ended while it wrote
            if path.stat().st_mtime < time.time() - PART_SECONDS_MAX:
                self.forget(path)
        for path in reversed(self._files()):
            try:
                found = path.stat()
            except FileNotFoundError:
                continue
            count, size = count + 1, size + found.st_size
            if count > self._files_max or size > self._bytes_max or found.st_mtime < oldest:
                self.forget(path)
