"""Reading a publication as it arrives: the tarball inside the JSON goes to a file, only the rest of it into memory."""

import binascii
import io
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast

import orjson

from registry.intake import whole
from service.kernel.blobs import CHUNK_BYTES, Reader
from service.kernel.errors import Malformed, TooLarge

DOCUMENT_BYTES_MAX = 64 * 1024 * 1024
TARBALL_BYTES_MAX = 2 * 1024**3
IN_MEMORY_BYTES = 1024 * 1024
DEPTH_MAX = 500
_STRUCTURE = re.compile(rb'["{}\[\]:,]')
_STRING_PART = re.compile(rb'["\\]')
_DATA = re.compile(rb'"data"\s*:\s*"')


@dataclass
class Received:
    """A body: the document with each tarball's `data` left empty, and the tarball (None: there was none), at its start."""

    document: Any
    tarball: IO[bytes] | None
    size: int


def receive(source: Reader, folder: Path, length: int | None = None) -> Received:
    """Reads all of `source`, `length` bytes as far as that is known; files are made in `folder` and vanish when closed.

    Raises Malformed or TooLarge.
    """
    if (length or IN_MEMORY_BYTES + 1) > IN_MEMORY_BYTES:
        return _Scanner(source, folder).run()
    raw = whole(source)
    return at_once(raw) or _Scanner(io.BytesIO(raw), folder).run()


def at_once(raw: bytes) -> Received | None:
    """A small body as clients write it, read whole; None: it is for the scanner to say what it is.

    There the key `data` stands once, so that what is cut out is the tarball's wherever the document has it.
    """
    found = _DATA.search(raw)
    is_plain = raw.count(b'"data"') == raw.count(b'"_attachments"') == 1 and b"\\u" not in raw
    if found is None or not is_plain or raw.count(b"{") + raw.count(b"[") > DEPTH_MAX:
        return None
    end = raw.find(b'"', found.end())
    try:
        data = binascii.a2b_base64(raw[found.end() : end], strict_mode=True)
        document = orjson.loads(raw[: found.end()] + raw[end:])
        [attached] = [value for key, value in document["_attachments"].items() if key.endswith(".tgz")]
        is_there = attached["data"] == ""
    except (binascii.Error, ValueError, LookupError, TypeError, AttributeError):
        return None
    return Received(document, io.BytesIO(data), len(data)) if is_there and data else None


class _Scanner:
    """Follows the JSON's structure just far enough to know where it is; what it means is for the real parser."""

    def __init__(self, source: Reader, folder: Path) -> None:
        self._source, self._folder = source, folder
        self._buffer, self._at = b"", 0
        self._kept = bytearray()
        self._path: list[str | None] = []
        """Of each container that is open the key one is at; None in lists."""
        self._is_key = False
        self._tarball: IO[bytes] | None = None
        self._size = 0

    def run(self) -> Received:
        while True:
            found = _STRUCTURE.search(self._buffer, self._at)
            self._keep(found.end() if found else len(self._buffer))
            if found is None:
                if not self._more():
                    break
                continue
            self._step(found[0])
        if self._tarball is not None:
            self._tarball.seek(0)
        try:
            return Received(orjson.loads(self._kept), self._tarball, self._size)
        except orjson.JSONDecodeError:
            raise Malformed(where="body", why="is no whole JSON document") from None

    def _step(self, mark: bytes) -> None:
        if mark in b"{[":
            self._path.append("" if mark == b"{" else None)
            self._is_key = mark == b"{"
            if len(self._path) > DEPTH_MAX:
                raise Malformed(where="body", why=f"is nested more than {DEPTH_MAX} deep")
        elif mark in b"}]":
            if self._path:
                self._path.pop()
            self._is_key = False
        elif mark == b",":
            self._is_key = bool(self._path) and self._path[-1] is not None
        elif mark == b":":
            self._is_key = False
        elif not self._is_key and self._is_tarball():
            self._stream()
        else:
            text = self._string()
            if self._is_key and self._path:
                self._path[-1] = text

    def _is_tarball(self) -> bool:
        path = self._path
        return len(path) == 3 and path[0] == "_attachments" and (path[1] or "").endswith(".tgz") and path[2] == "data"

    def _string(self) -> str:
        """Keeps a string whose opening quote was kept already."""
        start = len(self._kept)
        while True:
            found = _STRING_PART.search(self._buffer, self._at)
            if found is None:
                self._keep(len(self._buffer))
                self._demand()
                continue
            self._keep(found.end())
            if found[0] == b'"':
                break
            if self._at >= len(self._buffer):
                self._demand()
            self._keep(self._at + 1)
        if not self._is_key:
            return ""
        try:
            return str(orjson.loads(b'"' + self._kept[start:]))
        except orjson.JSONDecodeError:
            raise Malformed(where="body", why="is no whole JSON document") from None

    def _stream(self) -> None:
        """Decodes a base64 string into the file; of the string only its closing quote is kept."""
        if self._tarball is not None:
            raise Malformed(where="_attachments", why="a publication carries exactly one tarball")
        self._tarball = cast(IO[bytes], tempfile.SpooledTemporaryFile(IN_MEMORY_BYTES, dir=str(self._folder)))  # noqa: SIM115
        rest = b""
        while True:
            end = self._buffer.find(b'"', self._at)
            chunk = rest + self._buffer[self._at : end if end >= 0 else None]
            self._at = end if end >= 0 else len(self._buffer)
            whole = len(chunk) if end >= 0 else len(chunk) - len(chunk) % 4
            self._write(chunk[:whole])
            rest = chunk[whole:]
            if end >= 0:
                break
            self._demand()
        self._keep(self._at + 1)

    def _write(self, encoded: bytes) -> None:
        if not encoded:
            return
        try:
            data = binascii.a2b_base64(encoded, strict_mode=True)
        except binascii.Error:
            raise Malformed(where="_attachments", why="the tarball is not base64") from None
        if self._size % 3:
            # Padding ended the data in an earlier piece.
            raise Malformed(where="_attachments", why="the tarball is not base64")
        self._size += len(data)
        if self._size > TARBALL_BYTES_MAX:
            raise TooLarge(what="the tarball", limit_bytes=TARBALL_BYTES_MAX)
        assert self._tarball is not None
        self._tarball.write(data)

    def _keep(self, end: int) -> None:
        self._kept += self._buffer[self._at : end]
        self._at = end
        if len(self._kept) > DOCUMENT_BYTES_MAX:
            raise TooLarge(what="the document without its tarball", limit_bytes=DOCUMENT_BYTES_MAX)

    def _more(self) -> bool:
        self._buffer, self._at = self._source.read(CHUNK_BYTES), 0
        return bool(self._buffer)

    def _demand(self) -> None:
        if not self._more():
            raise Malformed(where="body", why="is no whole JSON document")
