"""The hot path: answers of the registry given again before Flask is asked.

Nothing is decided here a second time. A miss goes to Flask, and its answer, byte for byte and header for header, is kept if
the view said what it was made from (`registry.replay`). It is given again to the same request while that source is
unchanged and the caller is allowed, by the very functions the views use; on any doubt Flask answers: it alone refuses,
and it alone writes audit rows.

Fresh in every process at once: each request asks the database whether anything was committed since the answer was last
looked at (`Database.state`), and looks its source up again if so.
"""

import hashlib
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from werkzeug.datastructures import EnvironHeaders

from registry.replay import VARYING, Replay, noted
from service.kernel import access
from service.kernel.auth import Principal
from service.kernel.errors import Problem
from service.kernel.site import Site

KEPT_BYTES_MAX = 24 * 1024 * 1024
ONE_BYTES_MAX = 8 * 1024 * 1024
FILE_BYTES_MAX = 64 * 1024
"""Files up to this size are kept with their answer; larger ones are read from the blob store each time."""
OVERHEAD_BYTES = 2048
"""What an answer takes beside its body."""
CALLERS_MAX = 2048
RECHECK_SECONDS = 1.0
"""How long what depends on the clock, and not only on rows, may go unnoticed: the age of an outside index's page."""
_PREFIXES = ("/pypi/", "/npm/", "/maven/", "/nuget/", "/generic/")
_KEPT_STATUS = ("200", "206", "304", "416")
Headers = list[tuple[str, str]]


@dataclass
class _Answer:
    """An answer of Flask, kept. `state` and `looked_at` tell when its source was last found unchanged."""

    status: str
    headers: Headers
    body: bytes | None
    """None: the bytes of `replay.span`."""
    replay: Replay
    grants: tuple[tuple[str, str], ...]
    state: object
    looked_at: float

    @property
    def code(self) -> int:
        """The status as a number."""
        return int(self.status[:3])

    @property
    def size(self) -> int:
        return OVERHEAD_BYTES + len(self.body or b"")


@dataclass
class _Caller:
    """Who sends certain credentials from a certain address, as the database said in `state`."""

    who: Principal
    state: object
    looked_at: float
    ends_at: float
    granted: set[tuple[str, str]] = field(default_factory=set)


class Front:
    """Wraps the application; see the module."""

    def __init__(self, application: WSGIApplication, site: Site, kept_bytes_max: int = KEPT_BYTES_MAX) -> None:
        self._application, self._site, self._limit = application, site, kept_bytes_max
        self._lock = threading.Lock()
        self._answers: OrderedDict[tuple[str, ...], _Answer] = OrderedDict()
        self._callers: OrderedDict[tuple[bytes, str], _Caller] = OrderedDict()
        self._size = 0

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """One request."""
        if not environ["PATH_INFO"].startswith(_PREFIXES) or environ["REQUEST_METHOD"] not in ("GET", "HEAD"):
            return self._application(environ, start_response)
        key = _key(environ)
        state = self._site.db.state()
        answer = self._answers.get(key)
        if answer is not None:
            body = self._again(key, answer, environ, state)
            if body is not None:
                start_response(answer.status, answer.headers.copy())
                return body
        return self._ask(key, environ, start_response, state)

    def at_once(self, environ: WSGIEnvironment) -> tuple[int, Headers, bytes] | None:
        """Status, headers and body of a kept answer, when all that allows to give it again is known without waiting for anything."""
        key = _key(environ)
        answer = self._answers.get(key)
        if answer is None or answer.body is None:
            return None
        state, now = self._site.db.state_at_hand(), time.monotonic()
        if state is None or answer.state != state or now - answer.looked_at > RECHECK_SECONDS:
            return None
        caller = self._callers.get(_caller_key(environ))
        if caller is None or caller.state != state or now - caller.looked_at > RECHECK_SECONDS or time.time() >= caller.ends_at:
            return None
        for grant in answer.grants:
            if grant not in caller.granted:
                return None
        self._touch(key)
        return answer.code, answer.headers, answer.body

    def _again(self, key: tuple[str, ...], answer: _Answer, environ: WSGIEnvironment, state: object) -> Iterable[bytes] | None:
        """The body, or None when the answer may not be given again."""
        now = time.monotonic()
        if not self._is_allowed(answer, environ, state, now):
            return None
        try:
            if (answer.state != state or now - answer.looked_at > RECHECK_SECONDS) and not _still(answer, state, now):
                self._drop(key)
                return None
            if answer.body is not None:
                body: Iterable[bytes] = [answer.body]
            else:
                span = answer.replay.span
                assert span is not None
                body = environ["wsgi.file_wrapper"](self._site.blobs.open(span.digest, span.start, span.end))
        except Problem:
            self._drop(key)
            return None
        self._touch(key)
        return body

    def _touch(self, key: tuple[str, ...]) -> None:
        with self._lock:
            if key in self._answers:
                self._answers.move_to_end(key)

    def _is_allowed(self, answer: _Answer, environ: WSGIEnvironment, state: object, now: float) -> bool:
        caller = self._caller(environ, state, now)
        if caller is None or time.time() >= caller.ends_at:
            return False
        for grant in answer.grants:
            if grant not in caller.granted:
                if not access.allowed(caller.who, *grant):
                    return False
                caller.granted.add(grant)
        return True

    def _caller(self, environ: WSGIEnvironment, state: object, now: float) -> _Caller | None:
        """Who asks, or None when Flask shall tell them what is wrong with their token."""
        key = _caller_key(environ)
        caller = self._callers.get(key)
        if caller is not None and caller.state == state and now - caller.looked_at <= RECHECK_SECONDS:
            return caller
        try:
            who = access.authenticate(self._site, EnvironHeaders(environ), key[1])
        except Problem:
            with self._lock:
                self._callers.pop(key, None)
            return None
        ends_at = who.expires_at.timestamp() if who.expires_at else float("inf")
        caller = _Caller(who, state, now, ends_at)
        with self._lock:
            self._callers[key] = caller
            self._callers.move_to_end(key)
            while len(self._callers) > CALLERS_MAX:
                self._callers.popitem(last=False)
        return caller

    def _ask(self, key: tuple[str, ...], environ: WSGIEnvironment, start_response: StartResponse, state: object) -> Iterable[bytes]:
        """Flask's answer, kept when it may be given again."""
        told: list[tuple[str, Headers]] = []

        def listen(status: str, headers: Headers, exc_info: Any = None) -> Callable[[bytes], object]:
            told.append((status, headers.copy()))
            return start_response(status, headers, exc_info) if exc_info else start_response(status, headers)

        now = time.monotonic()
        body = self._application(environ, listen)
        replay, grants = noted(environ), tuple(environ.get(access.GRANTS, ()))
        if replay is None or not grants or len(told) != 1 or not told[0][0].startswith(_KEPT_STATUS):
            return body
        status, headers = told[0]
        if any(name.lower() == "set-cookie" for name, _ in headers):
            return body
        content = self._content(replay, environ, body)
        self._keep(key, _Answer(status, headers, content, replay, grants, state, now))
        return body if content is None or replay.span is not None else [content]

    def _content(self, replay: Replay, environ: WSGIEnvironment, body: Iterable[bytes]) -> bytes | None:
        """The bytes to keep, or None when they are a large file's."""
        span = replay.span
        if span is None:
            try:
                return b"".join(body)
            finally:
                if hasattr(body, "close"):
                    body.close()
        if span.end - span.start > FILE_BYTES_MAX:
            return None
        with self._site.blobs.open(span.digest, span.start, span.end) as file:
            return file.read(span.end - span.start)

    def _keep(self, key: tuple[str, ...], answer: _Answer) -> None:
        if answer.size > ONE_BYTES_MAX:
            return
        with self._lock:
            old = self._answers.pop(key, None)
            self._size += answer.size - (old.size if old else 0)
            self._answers[key] = answer
            while self._size > self._limit:
                _, dropped = self._answers.popitem(last=False)
                self._size -= dropped.size

    def _drop(self, key: tuple[str, ...]) -> None:
        with self._lock:
            old = self._answers.pop(key, None)
            self._size -= old.size if old else 0


def _still(answer: _Answer, state: object, now: float) -> bool:
    """Whether the source is unchanged as of `state`. Raises what looking it up raises."""
    if answer.replay.source.look() != answer.replay.source.stamp:
        return False
    answer.state, answer.looked_at = state, now
    return True


def _caller_key(environ: WSGIEnvironment) -> tuple[bytes, str]:
    """Credentials and address. Tokens are not kept in memory, only what recognises them."""
    credentials = environ.get("HTTP_AUTHORIZATION", "") + "\n" + environ.get("HTTP_X_NUGET_APIKEY", "")
    return hashlib.sha256(credentials.encode("utf-8", "surrogatepass")).digest(), access.client_address(environ)


def _key(environ: WSGIEnvironment) -> tuple[str, ...]:
    """All of the request that the answer may depend on, beside who asks."""
    get = environ.get
    return (
        environ["REQUEST_METHOD"], environ["PATH_INFO"], get("QUERY_STRING", ""), get("HTTP_HOST", ""), get("wsgi.url_scheme", ""),
        *[get(name, "") for name in VARYING],
    )
