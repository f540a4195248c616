"""Fetching a file from an external index once, for any number of clients: streamed to them while it is stored.

A download belongs to no client: one that goes away does not stop it. Nobody gets the last bytes before all digests fit,
so a client never takes a wrong file for a whole one, and the file is an asset only after that.
"""

import hashlib
import os
import tempfile
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import structlog

from registry.catalog import Connection
from registry.intake import Hashing
from registry.upstream import http
from registry.upstream.http import UpstreamDown
from registry.upstream.locks import alone
from service.kernel.blobs import CHUNK_BYTES, Blob, Reader
from service.kernel.errors import Missing, Problem, TooLarge
from service.kernel.site import Site

FILE_BYTES_MAX = 8 * 1024**3
WAIT_SECONDS_MAX = 900.0
STREAMED_BYTES_MIN = 1024 * 1024
_log = structlog.get_logger("registry")


@dataclass(frozen=True)
class RemoteFile:
    """A file of an external index, and what the index says about it."""

    connection: Connection
    url: str
    hashes: dict[str, str]
    """Hex digests by hashlib's names; each is checked."""
    size: int | None = None


class UpstreamLies(UpstreamDown):
    """The index sent other bytes than it announced."""

    says = "the external index {host} sent a file that is not what it announced ({why}); it was thrown away"
    todo = "Tell whoever runs that index; nothing of the file was kept."


class Download:
    """One download in flight; `state` is starting, streaming, stored or failed."""

    def __init__(self, folder: Path, keep: Callable[[Blob, dict[str, str]], None], is_stored: Callable[[], bool]) -> None:
        self.state = "starting"
        self.size: int | None = None
        self.problem: Problem | None = None
        self._keep, self._is_stored = keep, is_stored
        self._changed = threading.Condition()
        self._spool = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115  closed when the last reader is gone, with the object
        self._written = 0
        self._readable = 0

    def run(self, site: Site, key: str, file: RemoteFile) -> None:
        """Downloads; the body of the thread. It never raises: problems are handed to the waiting clients."""
        try:
            with alone(site, f"file {key}"):
                if self._is_stored():
                    self._become("stored")
                    return
                self._download(site, file)
        except Problem as problem:
            self.problem = problem
        except Exception as error:  # noqa: BLE001  a waiting client must hear of any failure
            _log.error("fetching a file failed", url=http.shown(file.url), exc_info=error)
            self.problem = UpstreamDown(host=http.host_of(file.url), why=f"fetching failed ({type(error).__name__})")
        finally:
            if self.state != "stored":
                self._become("failed")

    def wait(self, *, whole: bool) -> None:
        """Waits until bytes flow, or with `whole` until all is stored. Raises the download's problem."""
        over = ("stored", "failed") if whole else ("streaming", "stored", "failed")
        with self._changed:
            if not self._changed.wait_for(lambda: self.state in over, WAIT_SECONDS_MAX):
                raise UpstreamDown(host="upstream", why=f"the file did not come within {WAIT_SECONDS_MAX:.0f} seconds")
        if self.state == "failed":
            raise self.problem or UpstreamDown(host="upstream", why="the file did not come")

    def is_streamed(self, *, whole: bool) -> bool:
        """Waits until there is something to send; answers whether to send it as it comes, or (False) from the store.

        A small file is waited for, and one of unknown length, of which a client could not tell that it broke off: their
        failures get a proper answer. Raises the download's problem.
        """
        self.wait(whole=whole)
        if self.state == "stored":
            return False
        if self.size is None or self.size <= STREAMED_BYTES_MIN:
            self.wait(whole=True)
            return False
        return True

    def follow(self) -> Iterator[bytes]:
        """The bytes as they come. Raises when the download fails, which breaks the client's connection: it must not look whole."""
        at = 0
        while True:
            with self._changed:
                self._changed.wait_for(partial(self._has_news, at), WAIT_SECONDS_MAX)
                upto, state = self._readable, self.state
            if upto <= at:
                if state == "stored":
                    return
                raise self.problem or UpstreamDown(host="upstream", why="the file stopped coming")
            chunk = os.pread(self._spool.fileno(), min(CHUNK_BYTES, upto - at), at)
            at += len(chunk)
            yield chunk

    def _download(self, site: Site, file: RemoteFile) -> None:
        with http.get(file.connection, file.url, decode=False, seconds=http.FILE_SECONDS) as remote:
            _check_answer(remote, file)
            length = remote.headers.get("Content-Length", "")
            self.size = int(length) if length.isdigit() else file.size
            if self.size is not None and self.size > FILE_BYTES_MAX:
                raise TooLarge(what=file.url.rpartition("/")[2], limit_bytes=FILE_BYTES_MAX)
            algorithms = tuple({"sha256", *file.hashes})
            hashing = Hashing(remote, algorithms)
            self._become("streaming")
            blob = site.blobs.put(_Checked(_Tee(hashing, self), hashing, file), limit_bytes=FILE_BYTES_MAX)
        self._keep(blob, hashing.digests())
        self._readable = self._written
        self._become("stored")

    def write(self, data: bytes) -> None:
        """Takes the next bytes; they can be read once others came after them."""
        self._spool.write(data)
        self._spool.flush()
        with self._changed:
            self._readable = self._written
            self._written += len(data)
            self._changed.notify_all()

    def _has_news(self, at: int) -> bool:
        return self._readable > at or self.state in ("stored", "failed")

    def _become(self, state: str) -> None:
        with self._changed:
            self.state = state
            self._changed.notify_all()


def start(site: Site, key: str, file: RemoteFile, keep: Callable[[Blob, dict[str, str]], None], is_stored: Callable[[], bool]) -> Download:
    """The download of `key`, started unless one is in flight in this process.

    `keep(blob, digests)` makes the asset; `is_stored()` tells whether another process did so meanwhile.
    """
    with _lock:
        found = _running.get(key)
        if found is not None:
            return found
        download = _running[key] = Download(_spool_folder(site), keep, is_stored)

    def run() -> None:
        try:
            download.run(site, key, file)
        finally:
            with _lock:
                del _running[key]

    threading.Thread(target=run, daemon=True, name="registry-fetch").start()
    return download


def _spool_folder(site: Site) -> Path:
    folder = site.settings.data / "work"
    folder.mkdir(exist_ok=True)
    return folder


_lock = threading.Lock()
_running: dict[str, Download] = {}


class _Tee:
    def __init__(self, source: Reader, download: Download) -> None:
        self._source, self._download = source, download

    def read(self, size: int, /) -> bytes:
        data = self._source.read(size)
        if data:
            self._download.write(data)
        return data


class _Checked:
    """At the end of the bytes, raises UpstreamLies unless size and every digest fit; the blob store then keeps nothing."""

    def __init__(self, source: Reader, hashing: Hashing, file: RemoteFile) -> None:
        self._source, self._hashing, self._file = source, hashing, file

    def read(self, size: int, /) -> bytes:
        data = self._source.read(size)
        if self._file.size is not None and self._hashing.size > self._file.size:
            raise self._lie(f"more than the announced {self._file.size} bytes")
        if not data:
            got = self._hashing.digests()
            for algorithm, expected in self._file.hashes.items():
                if got[algorithm] != expected.lower():
                    raise self._lie(f"{algorithm} is {got[algorithm]}, announced was {expected}")
            if self._file.size is not None and self._hashing.size != self._file.size:
                raise self._lie(f"{self._hashing.size} bytes, announced were {self._file.size}")
        return data

    def _lie(self, why: str) -> UpstreamLies:
        return UpstreamLies(host=http.host_of(self._file.url), why=why)


def _check_answer(remote: http.Remote, file: RemoteFile) -> None:
    if remote.status in (404, 410):
        raise Missing(what="file at the external index", name=file.url.rpartition("/")[2][:200])
    if remote.status != 200:
        raise UpstreamDown(host=http.host_of(file.url), why=f"it answered {remote.status}")
    if not file.hashes and str(remote.headers.get("Content-Type", "")).startswith("text/html"):
        raise UpstreamLies(host=http.host_of(file.url), why="a page instead of a file")


def usable_hashes(hashes: Any) -> dict[str, str]:
    """Of what an index says, the digests that can be checked here."""
    if not isinstance(hashes, dict):
        return {}
    sizes = {"md5": 32, "sha1": 40, "sha256": 64, "sha384": 96, "sha512": 128}
    good = {}
    for name, value in hashes.items():
        if name in sizes and isinstance(value, str) and len(value) == sizes[name] and set(value.lower()) <= set("0123456789abcdef"):
            good[name] = value.lower()
    assert set(good) <= hashlib.algorithms_available
    return good
