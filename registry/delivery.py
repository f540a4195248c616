"""Sending files and documents: ranges, ETags, caching."""

from collections.abc import Callable, Iterable, Mapping
from typing import IO

from flask import Response, request
from werkzeug.http import http_date
from werkzeug.wsgi import wrap_file

from registry.replay import Source, Span, note
from service.kernel.site import Site

IMMUTABLE = "private, max-age=31536000, immutable"
REVALIDATE = "private, max-age=0, must-revalidate"


def send_blob(site: Site, digest: str, size: int, content_type: str, source: Source | None = None) -> Response:
    """A stored file: whole, one range of it (206), 304 when the client has it, 416 for a range outside.

    With a `source` that says where it is found, the same request is answered without Flask from then on.
    """

    def body(start: int, end: int) -> Iterable[bytes]:
        note(request.environ, source, Span(digest, start, end))
        file: IO[bytes] = site.blobs.open(digest, start, end if end < size or start else None)
        return wrap_file(request.environ, file)

    return _part(digest, size, content_type, source, body)


def send_bytes(data: bytes, digest: str, content_type: str, source: Source | None = None) -> Response:
    """The same for what is at hand, of which `digest` is the SHA-256."""
    return _part(digest, len(data), content_type, source, lambda start, end: [data[start:end]])


def _part(digest: str, size: int, content_type: str, source: Source | None, body: Callable[[int, int], Iterable[bytes]]) -> Response:
    headers = {
        "ETag": f'"{digest}"', "Accept-Ranges": "bytes", "Cache-Control": IMMUTABLE, "Content-Type": content_type,
        # A page or picture among packages must not act with the reader's rights when opened in a browser.
        "Content-Security-Policy": "sandbox; default-src 'none'", "Content-Disposition": "attachment",
    }
    note(request.environ, source)
    if request.if_none_match.contains(digest):
        return Response(status=304, headers=headers)
    span = request.range if _range_holds(digest) else None
    start, end, status = 0, size, 200
    # A list of ranges may be answered whole (RFC 9110, 14.2); no package client sends one.
    if span is not None and span.units == "bytes" and len(span.ranges) == 1:
        start, end = _inside(*span.ranges[0], size)
        if start >= end:
            return Response(status=416, headers={"Content-Range": f"bytes */{size}"})
        status = 206
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
    headers["Content-Length"] = str(end - start)
    if request.method == "HEAD":
        return Response(status=status, headers=headers)
    return Response(body(start, end), status, headers, direct_passthrough=True)


def send_stream(chunks: Iterable[bytes], size: int | None, content_type: str) -> Response:
    """A file that is still arriving."""
    headers = {"Content-Type": content_type, "Cache-Control": IMMUTABLE, "Content-Disposition": "attachment"}
    if size is not None:
        headers["Content-Length"] = str(size)
    return Response(chunks, 200, headers, direct_passthrough=True)


def send_document(
    text: bytes, etag: str, content_type: str, source: Source | None = None, *, vary: str = "Accept", modified: float | None = None,
    more: Mapping[str, str] | None = None,
) -> Response:
    """An index page or packument: revalidated each time, 304 when unchanged. For `source` see `send_blob`."""
    note(request.environ, source)
    headers = {"ETag": f'"{etag}"', "Cache-Control": REVALIDATE, "Vary": vary, **(more or {})}
    if modified is not None:
        headers["Last-Modified"] = http_date(modified)
    if request.if_none_match.contains_weak(etag):
        return Response(status=304, headers=headers)
    return Response(text, 200, headers, content_type=content_type)


def _inside(start: int, end: int | None, size: int) -> tuple[int, int]:
    # A suffix longer than the file means all of it (RFC 9110, 14.1.2); werkzeug's own range_for_length refuses it.
    if start < 0:
        return max(size + start, 0), size
    return start, size if end is None else min(end, size)


def _range_holds(digest: str) -> bool:
    condition = request.if_range
    return condition is None or (condition.date is None and condition.etag in (None, digest))
