"""Smaller answers: gzip for pages, styles, scripts and JSON.

Safe with form tokens in a page, because those are masked anew each time.
"""

import gzip
from functools import lru_cache

from flask import Response, request

SMALL_BYTES = 1024
LARGE_BYTES = 8 * 1024 * 1024
_KINDS = ("text/html", "text/css", "text/javascript", "application/javascript", "application/json", "image/svg+xml",
          "application/vnd.pypi.simple.v1+json", "application/vnd.pypi.simple.v1+html", "application/vnd.npm.install-v1+json")


def shrink(response: Response) -> Response:
    """Compresses a whole, short answer for a reader that understands it; streams and ranges pass untouched."""
    if response.mimetype not in _KINDS or response.status_code in (204, 206, 304) or "Content-Encoding" in response.headers:
        return response
    static = request.endpoint == "static"
    if response.is_streamed and not static:
        return response
    response.vary.add("Accept-Encoding")
    if request.method != "GET" or not request.accept_encodings.quality("gzip") or "Range" in request.headers:
        return response
    if static:
        response.direct_passthrough = False
    body = response.get_data()
    if not SMALL_BYTES <= len(body) <= LARGE_BYTES:
        return response
    response.set_data(_squeezed(body) if static else gzip.compress(body, compresslevel=5, mtime=0))
    response.headers["Content-Encoding"] = "gzip"
    tag, _weak = response.get_etag()
    if tag:
        response.set_etag(tag, weak=True)
    return response


@lru_cache(maxsize=64)
def _squeezed(body: bytes) -> bytes:
    return gzip.compress(body, compresslevel=9, mtime=0)
