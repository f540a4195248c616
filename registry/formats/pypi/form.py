"""The legacy upload form, streamed: the file goes to the blob store while it arrives, and only a small one whole into memory."""

import hashlib
import io
import re
from dataclasses import dataclass, field
from typing import Any
from wsgiref.types import WSGIEnvironment

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from registry.intake import Counted, Hashing, length_of, whole
from service.kernel.blobs import CHUNK_BYTES, Blob, Blobs, Reader
from service.kernel.errors import Malformed

FIELDS_BYTES_MAX = 8 * 1024 * 1024
PARTS_MAX = 5000
SMALL_BYTES_MAX = 1024 * 1024
"""A body up to this size is read whole, and at once where it is of the form that every client sends."""
DIGESTS = ("md5", "blake2b_256")
"""Beside SHA-256, which the blob store takes anyway."""
_HEAD = re.compile(
    rb'Content-Disposition: form-data; name="([^"\\;%\r\n]*)"(?:; filename="([^"\\;%\r\n]*)")?'
    rb"(?:\r\nContent-Type: [\x20-\x7e]*)?", re.IGNORECASE,
)


@dataclass
class Form:
    """Text fields, each a list in the order sent, and the stored file."""

    fields: dict[str, list[str]] = field(default_factory=dict)
    filename: str = ""
    blob: Blob | None = None
    data: bytes = b""
    """The file itself, where it was read at once."""
    hashes: dict[str, str] = field(default_factory=dict)

    def one(self, name: str) -> str:
        """The field's only or first value, or ""."""
        return self.fields.get(name, [""])[0]


def read_form(environ: WSGIEnvironment, body: Counted, blobs: Blobs) -> Form:
    """Reads a request's form to its end. Raises Malformed, Truncated, TooLarge; then the file is at most an orphan."""
    kind, options = parse_options_header(environ.get("CONTENT_TYPE", ""))
    boundary = options.get(b"boundary", b"")
    if kind != b"multipart/form-data" or not boundary:
        raise Malformed(where="Content-Type", why="an upload is multipart/form-data with a boundary")
    if (length_of(environ) or SMALL_BYTES_MAX + 1) > SMALL_BYTES_MAX:
        return parsed(body, boundary, blobs)
    data = whole(body)
    return plain(data, boundary, blobs) or parsed(io.BytesIO(data), boundary, blobs)


def plain(body: bytes, boundary: bytes, blobs: Blobs) -> Form | None:
    """The form of a whole body that is written as clients write it; None: it is for the parser to say what it is.

    What it answers is what `parsed` would, at a tenth of the time: that calls us back for every piece of every line.
    """
    first, *pieces = (b"\r\n" + body).split(b"\r\n--" + boundary)
    if first or not pieces or pieces.pop() not in (b"--", b"--\r\n") or len(pieces) > PARTS_MAX:
        return None
    form, content = Form(), None
    for piece in pieces:
        head, is_whole, data = piece[2:].partition(b"\r\n\r\n")
        told = _HEAD.fullmatch(head)
        if not is_whole or told is None or piece[:2] != b"\r\n":
            return None
        try:
            name, filename = told[1].decode(), (told[2] or b"").decode()
            if name != "content":
                form.fields.setdefault(name, []).append(data.decode())
                continue
        except UnicodeDecodeError:
            return None
        if content is not None or not filename or not data:
            return None
        content, form.filename = data, filename
    form.fields.pop("gpg_signature", None)
    if content is not None:
        form.blob, form.data = blobs.put(io.BytesIO(content)), content
        md5, blake2b = hashlib.md5(content, usedforsecurity=False), hashlib.blake2b(content, digest_size=32)
        form.hashes = {"md5": md5.hexdigest(), "blake2b_256": blake2b.hexdigest(), "sha256": form.blob.digest}
    return form


def parsed(body: Reader, boundary: bytes, blobs: Blobs) -> Form:
    """The form of any body, as the parser reads it."""
    parts = _Parts(body, boundary)
    form = parts.form
    while parts.feed_until(lambda: parts.in_file):
        if form.blob is not None:
            raise Malformed(where="content", why="one upload carries one file")
        file = Hashing(_FilePart(parts), DIGESTS)
        form.blob = blobs.put(file)
        form.hashes = {**file.digests(), "sha256": form.blob.digest}
        parts.in_file = False
    if not parts.ended:
        raise Malformed(where="form", why="the closing boundary is missing")
    return form


class _Parts:
    """Pushes the body through the parser as far as somebody needs it."""

    def __init__(self, body: Reader, boundary: bytes) -> None:
        self.form = Form()
        self.in_file = self.file_ended = self.ended = False
        self.pending = bytearray()
        self._body = body
        self._headers: dict[bytes, bytes] = {}
        self._header, self._value, self._text = bytearray(), bytearray(), bytearray()
        self._name: str = ""
        self._texts_size = self._count = 0
        self._parser = MultipartParser(boundary, {
            "on_part_begin": self._begin, "on_header_field": self._field, "on_header_value": self._header_value,
            "on_header_end": self._header_end, "on_headers_finished": self._headers_finished, "on_part_data": self._data,
            "on_part_end": self._end, "on_end": self._finish,
        })

    def feed_until(self, reached: Any) -> bool:
        """Reads on until `reached()`, or the end of the body; answers whether it was reached."""
        while not reached():
            chunk = self._body.read(CHUNK_BYTES)
            if not chunk:
                return bool(reached())
            try:
                self._parser.write(chunk)
            except FormParserError as error:
                raise Malformed(where="form", why=f"broken multipart: {error}") from None
        return True

    def _begin(self) -> None:
        self._count += 1
        if self._count > PARTS_MAX:
            raise Malformed(where="form", why=f"more than {PARTS_MAX} fields")
        self._headers.clear()
        self._text.clear()

    def _field(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _header_end(self) -> None:
        self._headers[bytes(self._header).lower()] = bytes(self._value)
        self._header.clear()
        self._value.clear()

    def _headers_finished(self) -> None:
        _, options = parse_options_header(self._headers.get(b"content-disposition", b""))
        self._name = _text(options.get(b"name", b""), "field name")
        if self._name == "content":
            if self.form.filename:
                raise Malformed(where="content", why="one upload carries one file")
            self.form.filename = _text(options.get(b"filename", b""), "file name")
            self.in_file, self.file_ended = True, False

    def _data(self, data: bytes, start: int, end: int) -> None:
        if self._name == "content":
            self.pending += data[start:end]
            return
        self._texts_size += end - start
        if self._texts_size > FIELDS_BYTES_MAX:
            raise Malformed(where="form", why=f"the text fields are larger than {FIELDS_BYTES_MAX} bytes together")
        self._text += data[start:end]

    def _end(self) -> None:
        if self._name == "content":
            self.file_ended = True
        elif self._name != "gpg_signature":
            self.form.fields.setdefault(self._name, []).append(_text(bytes(self._text), self._name))

    def _finish(self) -> None:
        self.ended = True


class _FilePart:
    """The bytes of the file part, as a reader."""

    def __init__(self, parts: _Parts) -> None:
        self._parts = parts

    def read(self, size: int, /) -> bytes:
        """At most `size` bytes; the end of the body inside the file is an error."""
        parts = self._parts
        if not parts.feed_until(lambda: parts.pending or parts.file_ended):
            raise Malformed(where="content", why="the form ends inside the file")
        data = bytes(parts.pending[:size])
        del parts.pending[:size]
        return data


def _text(raw: bytes, where: str) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        raise Malformed(where=where, why="is not UTF-8") from None
