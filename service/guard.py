"""The outermost WSGI callable: refuses requests that two parsers could read differently, and never trusts their identity.

Both servers accept two Host headers or Content-Length beside Transfer-Encoding and pass `X-Forwarded-*` on; proxies and
applications then disagree about who asks for what. See docs/architecture.md, "The guard".
"""

import itertools
import re
import secrets
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from service import request_log
from service.kernel.blobs import CHUNK_BYTES
from service.kernel.errors import Unavailable

SECURITY_HEADERS = [
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "same-origin"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("X-Frame-Options", "DENY"),
]
_UNSAID = ("/healthz", "/readyz")
"""Asked every few seconds by whoever watches; their lines would only hide the others."""
BODIES_WAITING_MAX = 48
"""Threads of a process that may wait for bodies at once. The server gives a body all the time it wants, and as many slow clients as there
are threads, 64, would otherwise keep everybody from everything."""
Ready = tuple[int, list[tuple[str, str]], bytes]
"""Status, headers and body of an answer that is at hand."""
_HOST = re.compile(r"(?:[A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?")
_IDENTITY = re.compile(r"HTTP_(?:X_FORWARDED_.*|FORWARDED|X_REAL_IP|X_REMOTE_USER|REMOTE_USER|X_USER|X_CLIENT_.*)")
_BAD_PATH = re.compile(r"[\x00-\x1f\\]|(?:\A|/)\.{1,2}(?:/|\Z)")


class BodiesWait(Unavailable):
    """503: too many clients are slow to send what they announced."""

    says = "too many requests wait for the rest of their bodies; nothing of this one was kept"
    todo = "Try again. If it stays, look for clients that open requests and do not go on sending."

    @property
    def headers(self) -> dict[str, str]:
        """When to try again."""
        return {"Retry-After": "2"}


def secured(application: WSGIApplication) -> WSGIApplication:
    """The application with the security headers on each answer that does not set them itself."""

    def call(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        def answer(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Callable[[bytes], object]:
            present = {name.lower() for name, _ in headers}
            headers += [(name, value) for name, value in SECURITY_HEADERS if name.lower() not in present]
            return start_response(status, headers, exc_info) if exc_info else start_response(status, headers)

        return application(environ, answer)

    return call


class Guard:
    """Wraps the application; see the module."""

    def __init__(
        self, application: WSGIApplication, trusted_proxies: Iterable[str], ready: Callable[[WSGIEnvironment], Ready | None],
    ) -> None:
        self._application, self._ready = application, ready
        self._trusted = frozenset(trusted_proxies)
        self._waiting = threading.BoundedSemaphore(BODIES_WAITING_MAX)
        self._process, self._numbers = secrets.token_hex(4), itertools.count()

    def at_once(self, environ: WSGIEnvironment) -> Ready | None:
        """The answer that is ready for this request and waits for nothing; None: it takes a call.

        `ready` answers only what was answered before to the same Host and path, so `objection` has judged both.
        """
        if "HTTP_TRANSFER_ENCODING" in environ or (_claims_identity(environ) and environ.get("REMOTE_ADDR") not in self._trusted):
            return None
        started = time.perf_counter()
        found = self._ready(environ)
        if found is None:
            return None
        status, headers, body = found
        request_id = f"{self._process}{next(self._numbers):08x}"
        request_log.say(environ["REQUEST_METHOD"], environ["PATH_INFO"], status, time.perf_counter() - started, request_id)
        return status, [*headers, ("X-Request-Id", request_id)], body

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """One request."""
        request_id = f"{self._process}{next(self._numbers):08x}"
        environ["lockgate.request_id"] = request_id
        environ["wsgi.file_wrapper"] = FileWrapper
        environ["wsgi.input"] = _Body(environ["wsgi.input"], self._waiting)
        if environ.get("REMOTE_ADDR") not in self._trusted:
            _drop_identity(environ)
        why = objection(environ)
        if why:
            body = f"{why}\n".encode()
            start_response("400 Bad Request", [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(body))),
                                               ("X-Request-Id", request_id), ("Connection", "close")])
            return [body]
        started = time.perf_counter()

        def answer(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Callable[[bytes], object]:
            headers.append(("X-Request-Id", request_id))
            path = environ["PATH_INFO"]
            if path not in _UNSAID:
                request_log.say(environ["REQUEST_METHOD"], path, int(status[:3]), time.perf_counter() - started, request_id)
            return start_response(status, headers, exc_info)

        return self._application(environ, answer)


def objection(environ: WSGIEnvironment) -> str:
    """Why this request is refused, or ""."""
    host = environ.get("HTTP_HOST", "")
    if not _HOST.fullmatch(host):
        return "the Host header is missing, doubled or malformed"
    if environ.get("CONTENT_LENGTH") and environ.get("HTTP_TRANSFER_ENCODING"):
        return "Content-Length and Transfer-Encoding cannot both be sent"
    found = _BAD_PATH.search(environ.get("PATH_INFO", ""))
    if found and "." in found.group():
        return "the path holds a `.` or `..` segment"
    if found:
        return "the path holds a NUL, a control character or a backslash"
    return ""


def _claims_identity(environ: WSGIEnvironment) -> bool:
    # Nearly no request has such a header, and looking at each of some fifty keys would cost more than a hot answer.
    keys = " ".join(environ)
    return "HTTP_X_" in keys or "HTTP_FORWARDED" in keys or "HTTP_REMOTE_USER" in keys


def _drop_identity(environ: WSGIEnvironment) -> None:
    if _claims_identity(environ):
        for key in [k for k in environ if _IDENTITY.fullmatch(k)]:
            del environ[key]


class _Body:
    """A request's body. What has arrived is read in no time; a thread that waits for the rest must be one of few."""

    def __init__(self, source: Any, waiting: threading.BoundedSemaphore) -> None:
        self._source, self._waiting = source, waiting

    def read(self, *size: int) -> bytes:
        """As PEP 3333 has it. Raises BodiesWait."""
        data: bytes = self._wait(self._source.read, *size)
        return data

    def readline(self, *size: int) -> bytes:
        """The same of a line."""
        line: bytes = self._wait(self._source.readline, *size)
        return line

    def readlines(self, *size: int) -> list[bytes]:
        """The same of all lines."""
        found: list[bytes] = self._wait(self._source.readlines, *size)
        return found

    def __iter__(self) -> Iterator[bytes]:
        while line := self.readline():
            yield line

    def _wait(self, read: Callable[..., Any], *size: int) -> Any:
        if not self._waiting.acquire(blocking=False):
            raise BodiesWait
        try:
            return read(*size)
        finally:
            self._waiting.release()


class FileWrapper:
    """A file as an iterable of large blocks; small ones cost three times the CPU."""

    def __init__(self, file: Any, block_bytes: int = CHUNK_BYTES) -> None:
        self._file, self._block_bytes = file, max(block_bytes, CHUNK_BYTES)

    def __iter__(self) -> Iterator[bytes]:
        while block := self._file.read(self._block_bytes):
            yield block

    def close(self) -> None:
        """Closes the file; the server calls it also when the client went away."""
        if hasattr(self._file, "close"):
            self._file.close()
