"""What the local review said of a file before: one SQLite file below the user's cache folder, good for nothing but speed.

A result counts for one content at one path, with one engine, rules and settings, and while the modules that it read are the
same. Whatever is wrong with the cache is a miss: an entry carries its own digest, a file that is no database is made anew, and
one that cannot be read or written (two at once, a full disk) is done without. Results hold hashes of secrets, so the folder
is the user's alone.
"""

import hashlib
import json
import os
import sqlite3
import time
import zlib
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from analyzers.finding import FileReport, SourceFile
from analyzers.options import ReviewOptions
from analyzers.version import engine_version

BYTES_MAX = 256 * 1024 * 1024
"""Of kept results, packed; beyond, those unused for longest go."""
KEPT_SHARE = 0.8
ENTRIES_MAX = 400_000
WAIT_SECONDS_MAX = 5.0
_DAY_SECONDS = 86_400
_DIGEST_BYTES = 16
_PART = 500
_TABLE = "CREATE TABLE IF NOT EXISTS results (key BLOB PRIMARY KEY, report BLOB NOT NULL, used INTEGER NOT NULL) WITHOUT ROWID"

Kept = tuple[FileReport, Mapping[str, str]]
"""A report, and the modules that were asked for: name → SHA-256 of what was read, "" where the tree had none."""


def place(environ: Mapping[str, str]) -> Path:
    """The cache's file for this user, by the XDG rules: https://specifications.freedesktop.org/basedir-spec/latest/"""
    named = environ.get("XDG_CACHE_HOME", "")
    folder = Path(named) if named.startswith("/") else Path(environ.get("HOME") or Path.home()) / ".cache"
    return folder / "lockgate" / "reviews.sqlite"


def context_of(options: ReviewOptions, rules_folder: Path | None) -> bytes:
    """The part of every key that a whole run shares: engine, settings and the user's own rules."""
    digest = hashlib.sha256(f"{engine_version()}\0{options.text}".encode())
    for path in sorted(rules_folder.rglob("*.py")) if rules_folder is not None else ():
        digest.update(path.relative_to(rules_folder or path).as_posix().encode(errors="surrogateescape") + b"\0")
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.digest()


def key_of(context: bytes, file: SourceFile) -> bytes:
    """Of one file: the path is part of fingerprints, and rules may look at it."""
    name = hashlib.sha256(file.path.encode(errors="surrogateescape")).digest()
    return hashlib.sha256(context + name + hashlib.sha256(file.content).digest()).digest()


class Results:
    """The kept results. `load` and `save` never raise for what is wrong with the cache. Close it: that trims it."""

    def __init__(self, path: Path, *, bytes_max: int = BYTES_MAX) -> None:
        self._path, self._bytes_max = path, bytes_max
        self._used: set[bytes] = set()
        self._wrote = False
        self._open: sqlite3.Connection | None = None
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._open = _opened(path)
        except sqlite3.OperationalError:
            pass  # another one holds it for long, or the folder is not writable: go without
        except (sqlite3.DatabaseError, OSError):
            self._renew()

    def load(self, keys: Iterable[bytes]) -> dict[bytes, Kept]:
        """Those that are there and whole."""
        wanted, found = list(keys), {}
        for start in range(0, len(wanted), _PART):
            part = wanted[start : start + _PART]
            for key, packed in self._rows(f"SELECT key, report FROM results WHERE key IN ({','.join('?' * len(part))})", part):
                if (kept := _unpacked(key, packed)) is not None:
                    found[key] = kept
        self._used.update(found)
        return found

    def save(self, results: Mapping[bytes, Kept]) -> None:
        """Keeps results, all of them or none."""
        day = int(time.time() // _DAY_SECONDS)
        rows = [(key, _packed(key, kept), day) for key, kept in results.items()]
        self._wrote = self._write("INSERT OR REPLACE INTO results VALUES (?, ?, ?)", rows) or self._wrote

    def close(self) -> None:
        """Notes what was of use today, and lets go of what is too much."""
        day = int(time.time() // _DAY_SECONDS)
        self._write("UPDATE results SET used = ? WHERE key = ? AND used <> ?", [(day, key, day) for key in self._used])
        if self._wrote:
            self._trim()
        if self._open is not None:
            self._open.close()
            self._open = None

    def _trim(self) -> None:
        [(size, number)] = self._rows("SELECT COALESCE(SUM(LENGTH(report)), 0), COUNT(*) FROM results", []) or [(0, 0)]
        if size <= self._bytes_max and number <= ENTRIES_MAX:
            return
        kept, gone = 0, []
        for at, (key, length) in enumerate(self._rows("SELECT key, LENGTH(report) FROM results ORDER BY used DESC, key", [])):
            kept += length
            if kept > self._bytes_max * KEPT_SHARE or at >= ENTRIES_MAX * KEPT_SHARE:
                gone.append((key,))
        self._write("DELETE FROM results WHERE key = ?", gone)

    def _rows(self, query: str, values: Sequence[Any]) -> list[Any]:
        if self._open is None:
            return []
        try:
            return self._open.execute(query, values).fetchall()
        except sqlite3.OperationalError:
            return []
        except sqlite3.DatabaseError:
            self._renew()
            return []

    def _write(self, statement: str, rows: Sequence[Any]) -> bool:
        if self._open is None or not rows:
            return False
        try:
            with self._open:
                self._open.executemany(statement, rows)
        except sqlite3.OperationalError:
            return False
        except sqlite3.DatabaseError:
            self._renew()
            return False
        return True

    def _renew(self) -> None:
        """Another file in the place of one that is no database. Who still reads the old one reads on in what has no name any more."""
        if self._open is not None:
            self._open.close()
            self._open = None
        try:
            for end in ("", "-journal"):
                Path(f"{self._path}{end}").unlink(missing_ok=True)
            self._open = _opened(self._path)
        except (sqlite3.Error, OSError):
            pass  # no cache then


def _opened(path: Path) -> sqlite3.Connection:
    """Made readable for its owner alone before anything is in it. Not synchronised: a lost write is a miss, a torn one has no digest."""
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600))
    connection = sqlite3.connect(path, timeout=WAIT_SECONDS_MAX)
    try:
        connection.execute("PRAGMA synchronous=OFF")
        connection.execute(_TABLE)
        with closing(connection.execute("SELECT key, report, used FROM results LIMIT 1")) as rows:
            rows.fetchone()
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _packed(key: bytes, kept: Kept) -> bytes:
    report, asked = kept
    body = zlib.compress(json.dumps([report.to_dict(), dict(asked)]).encode(errors="surrogatepass"), 1)
    return _digest(key, body) + body


def _unpacked(key: bytes, packed: bytes) -> Kept | None:
    digest, body = packed[:_DIGEST_BYTES], packed[_DIGEST_BYTES:]
    if digest != _digest(key, body):
        return None
    report, asked = json.loads(zlib.decompress(body))
    return FileReport.from_dict(report), asked


def _digest(key: bytes, body: bytes) -> bytes:
    return hashlib.sha256(key + body).digest()[:_DIGEST_BYTES]
