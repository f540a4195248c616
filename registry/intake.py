"""Reading what clients send: counted, hashed and never believed to be whole before it is."""

import hashlib
import threading
from contextlib import suppress
from typing import Any
from wsgiref.types import WSGIEnvironment

from flask import request
from werkzeug.sansio.utils import get_content_length

from service.kernel.blobs import CHUNK_BYTES, Reader
from service.kernel.errors import Malformed, Problem, TooLarge

DRAIN_BYTES_MAX = 64 * 1024 * 1024
_DRAINING = threading.BoundedSemaphore(8)
"""So many refused clients of a process are listened to at once: anybody can be refused, and may send as slowly as they like."""
FAILED = "lockgate.failed"
"""In the WSGI environment: why the Receiver could not take the publication."""


class LengthRequired(Problem):
    """411: a body whose end cannot be told from a broken connection."""

    status = 411
    says = "the request needs a Content-Length"


class Truncated(Malformed):
    """The connection ended before the body did."""

    says = "the upload broke off: {missing} bytes of the announced Content-Length never came; nothing was stored"
    todo = "Publish again."


class Counted:
    """A body that must be as long as announced: the servers under us end a broken upload silently, like a whole one.

    Without a length (chunked) the end is believed, so the content must delimit itself, as multipart and JSON do.
    """

    def __init__(self, source: Reader, length: int | None, limit_bytes: int) -> None:
        if length is not None and length > limit_bytes:
            raise TooLarge(what="the upload", limit_bytes=limit_bytes)
        self._source, self._left, self._limit_bytes = source, length, limit_bytes
        self._count = 0

    def read(self, size: int, /) -> bytes:
        """At most `size` bytes; raises Truncated or TooLarge."""
        if self._left == 0:
            return b""
        data = self._source.read(size if self._left is None else min(size, self._left))
        self._count += len(data)
        if self._left is not None:
            if not data:
                raise Truncated(missing=self._left)
            self._left -= len(data)
        if self._count > self._limit_bytes:
            raise TooLarge(what="the upload", limit_bytes=self._limit_bytes)
        return data


class Hashing:
    """Passes bytes on and remembers their digests."""

    def __init__(self, source: Reader, algorithms: tuple[str, ...]) -> None:
        self._source = source
        self._hashes: dict[str, Any] = {name: _new_hash(name) for name in algorithms}
        self.size = 0

    def read(self, size: int, /) -> bytes:
        """At most `size` bytes of the source."""
        data = self._source.read(size)
        self.size += len(data)
        for one in self._hashes.values():
            one.update(data)
        return data

    def digests(self) -> dict[str, str]:
        """Hex digests of all that passed, by algorithm."""
        return {name: one.hexdigest() for name, one in self._hashes.items()}


def body(limit_bytes: int, *, needs_length: bool = False) -> Counted:
    """The body of the running request. Raises TooLarge at once when more is announced, LengthRequired."""
    if needs_length and request.content_length is None:
        raise LengthRequired
    return body_of(request.environ, limit_bytes)


def body_of(environ: WSGIEnvironment, limit_bytes: int) -> Counted:
    """The body of a request. Raises TooLarge at once when more is announced."""
    return Counted(environ["wsgi.input"], length_of(environ), limit_bytes)


def length_of(environ: WSGIEnvironment) -> int | None:
    """The length that a request announces; None: it announces none."""
    return get_content_length(environ.get("CONTENT_LENGTH"), environ.get("HTTP_TRANSFER_ENCODING"))


def raise_failure() -> None:
    """Raises what kept the Receiver from taking the running request, so that the view tells it."""
    error = request.environ.pop(FAILED, None)
    if error is not None:
        raise error


def whole(source: Reader) -> bytes:
    """All of a body that is small by its limit."""
    parts = []
    while chunk := source.read(CHUNK_BYTES):
        parts.append(chunk)
    return b"".join(parts)


def drain() -> None:
    """Reads what a refused client still sends: one that finds the connection closed shows that instead of our answer."""
    left = min(request.content_length or 0, DRAIN_BYTES_MAX)
    source = request.environ["wsgi.input"]
    if not _DRAINING.acquire(blocking=False):
        return
    try:
        with suppress(Problem):  # too many wait for bodies already
            while left > 0 and (chunk := source.read(min(CHUNK_BYTES, left))):
                left -= len(chunk)
    finally:
        _DRAINING.release()


def _new_hash(name: str) -> Any:
    if name == "blake2b_256":
        return hashlib.blake2b(digest_size=32)
    return hashlib.new(name, usedforsecurity=False)
