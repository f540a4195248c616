"""Content-addressed bytes: a blob is named by its SHA-256 and is visible whole or not at all."""

import hashlib
import itertools
import os
import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Protocol
from urllib.parse import urlsplit

from service.kernel.errors import Malformed, Missing, TooLarge

CHUNK_BYTES = 256 * 1024
_DIGEST = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Blob:
    """A stored blob: SHA-256 in hex and its size in bytes."""

    digest: str
    size: int


@dataclass(frozen=True)
class StoredBlob:
    """A blob as the store holds it; putting the same bytes again makes it new."""

    digest: str
    size: int
    written_at: datetime


class DigestMismatch(Malformed):
    """The bytes that came are not the bytes that were announced."""

    says = "the content has SHA-256 {got}, announced was {expected}; nothing was stored"


class Reader(Protocol):
    """Anything with `read(n)`."""

    def read(self, size: int, /) -> bytes:
        """At most `size` bytes; empty at the end."""


class Blobs(Protocol):
    """Where blobs live."""

    def put(self, source: Reader, *, expected: str | None = None, limit_bytes: int | None = None) -> Blob:
        """Stores all of `source`. Raises DigestMismatch or TooLarge, and then nothing is visible."""

    def open(self, digest: str, start: int = 0, end: int | None = None) -> IO[bytes]:
        """The bytes from `start` up to, not including, `end`. Raises Missing."""

    def size(self, digest: str) -> int:
        """Bytes. Raises Missing."""

    def delete(self, digest: str) -> None:
        """Removes the blob if it is there."""

    def listing(self) -> Iterator[StoredBlob]:
        """Every blob, each looked at when it is its turn."""


def open_blobs(url: str) -> Blobs:
    """The store behind `file:///folder` or `s3://bucket/prefix?endpoint=http://host:port`."""
    parts = urlsplit(url)
    if parts.scheme == "file":
        return LocalBlobs(Path(parts.path))
    if parts.scheme == "s3":
        from service.kernel.blobs_s3 import S3Blobs  # only sites on object storage pay for the import

        return S3Blobs(url)
    raise Malformed(where="--blob-url", why=f"{url!r} is neither file:///folder nor s3://bucket/prefix")


class LocalBlobs:
    """Plain files `ab/cd/<digest>`: written beside, then named and fsynced."""

    def __init__(self, root: Path) -> None:
        self._root = root
        temporary = root / "tmp"
        temporary.mkdir(parents=True, exist_ok=True)
        # The names of this store in this process; it may be forked before it is used.
        self._beside, self._numbers = f"{temporary}/{secrets.token_hex(8)}", itertools.count()

    def put(self, source: Reader, *, expected: str | None = None, limit_bytes: int | None = None) -> Blob:
        """See Blobs.put."""
        name = f"{self._beside}-{os.getpid()}-{next(self._numbers)}"
        fd = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            with os.fdopen(fd, "wb") as out:
                blob = copy_hashed(source, out, limit_bytes)
                if expected is not None and blob.digest != expected:
                    raise DigestMismatch(got=blob.digest, expected=expected)
                out.flush()
                _take_name(fd, name, f"{self._root}/{blob.digest[:2]}/{blob.digest[2:4]}", blob.digest)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
        return blob

    def open(self, digest: str, start: int = 0, end: int | None = None) -> IO[bytes]:
        """See Blobs.open."""
        try:
            file = self._path(digest).open("rb")
        except FileNotFoundError:
            raise Missing(what="blob", name=digest) from None
        if start:
            file.seek(start)
        return file if end is None else _Window(file, end - start)  # type: ignore[return-value]

    def size(self, digest: str) -> int:
        """See Blobs.size."""
        try:
            return self._path(digest).stat().st_size
        except FileNotFoundError:
            raise Missing(what="blob", name=digest) from None

    def delete(self, digest: str) -> None:
        """See Blobs.delete."""
        self._path(digest).unlink(missing_ok=True)

    def listing(self) -> Iterator[StoredBlob]:
        """See Blobs.listing."""
        for path in self._root.glob("[0-9a-f][0-9a-f]/[0-9a-f][0-9a-f]/*"):
            try:
                stat = path.stat()
            except FileNotFoundError:
                continue
            if _DIGEST.fullmatch(path.name):
                yield StoredBlob(path.name, stat.st_size, datetime.fromtimestamp(stat.st_mtime, UTC))

    def _path(self, digest: str) -> Path:
        if not _DIGEST.fullmatch(digest):
            raise Missing(what="blob", name=digest)
        return self._root / digest[:2] / digest[2:4] / digest


def copy_hashed(source: Reader, out: IO[bytes], limit_bytes: int | None) -> Blob:
    """Copies all of `source` to `out`, counting and hashing. Raises TooLarge past `limit_bytes`."""
    digest, size = hashlib.sha256(), 0
    while chunk := source.read(CHUNK_BYTES):
        size += len(chunk)
        if limit_bytes is not None and size > limit_bytes:
            raise TooLarge(what="the content", limit_bytes=limit_bytes)
        digest.update(chunk)
        out.write(chunk)
    return Blob(digest.hexdigest(), size)


def stream(file: IO[bytes]) -> Iterator[bytes]:
    """The file in chunks, closed at the end; for WSGI answers."""
    with file:
        while chunk := file.read(CHUNK_BYTES):
            yield chunk


class _Window:
    """The next `length` bytes of an open file."""

    def __init__(self, file: IO[bytes], length: int) -> None:
        self._file, self._left = file, length

    def read(self, size: int = -1) -> bytes:
        wanted = self._left if size < 0 else min(size, self._left)
        data = self._file.read(wanted)
        self._left -= len(data)
        return data

    def close(self) -> None:
        self._file.close()

    def __enter__(self) -> "_Window":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _take_name(fd: int, beside: str, folder: str, digest: str) -> None:
    """Gives a file that was written beside its name in the store, and syncs both.

    One fsync will do for a new name: journaling file systems commit with it what the file was called before it. Until then nobody
    asks for the blob, as rows name it only later. What has the name already may be in use, so it is replaced by whole bytes only.
    """
    place = f"{folder}/{digest}"
    try:
        _link(beside, folder, place)
        os.unlink(beside)  # noqa: PTH108  as text: a Path costs more than the call
    except OSError:  # it is there, or the file system knows no second names
        os.fsync(fd)
        os.rename(beside, place)  # noqa: PTH104
    os.fsync(fd)


def _link(beside: str, folder: str, place: str) -> None:
    try:
        os.link(beside, place)
    except FileNotFoundError:
        os.makedirs(folder, exist_ok=True)  # noqa: PTH103
        os.link(beside, place)
