"""What other indexes say about packages: kept, asked again when old, served as it was when they cannot be reached."""

import hashlib
import threading
import time
import zlib
from collections.abc import Callable, Collection, Hashable
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import select
from sqlalchemy.orm import load_only

from registry.catalog import Connection
from registry.models import UpstreamDocument
from registry.upstream.http import Unreachable, UpstreamDown, host_of, read_whole
from registry.upstream.http import get as get_url
from registry.upstream.locks import alone
from service.kernel import clock
from service.kernel.site import Site

ABSENT = (404, 410)
FRESH_SECONDS = 300.0
ABSENT_FRESH_SECONDS = 60.0
FOREVER_SECONDS = 10 * 365 * 86400.0
PATIENCE_SECONDS, FIRST_PATIENCE_SECONDS = 2.0, 20.0
DOWN_SECONDS = 10.0
"""How long an index that could not be reached is not asked again, nor one that answered nonsense for that package."""


@dataclass(frozen=True)
class Said:
    """An index's answer, in our own form; `body` None: it has no such package."""

    body: Any
    etag: str = ""


@dataclass(frozen=True)
class Answer:
    """An index's 200, read whole."""

    content: bytes
    kind: str
    """Its media type, "" when it names none."""
    url: str
    """Where it came from after redirects."""


UNCHANGED = Said(body=..., etag="")
Ask = Callable[[str], Said]
"""Asks the index, given the ETag of the copy or ""; raises UpstreamDown when the answer is none that can be used."""


def asking(
    connection: Connection, url: str, read: Callable[[Answer], Any], what: str, *, limit_bytes: int, accept: str = "",
    absent: Collection[int] = ABSENT,
) -> Ask:
    """Asks for a URL and reads its answer into our own form; where `read` raises ValueError and its like, the index answered nonsense.

    `what` names the thing in that error; a status of `absent` means that there is none.
    """

    def ask(etag: str) -> Said:
        headers = ({"Accept": accept} if accept else {}) | ({"If-None-Match": etag} if etag else {})
        with get_url(connection, url, headers) as remote:
            if remote.status == 304:
                return UNCHANGED
            if remote.status in absent:
                return Said(None)
            if remote.status != 200:
                raise UpstreamDown(host=host_of(url), why=f"it answered {remote.status}")
            kind = remote.headers.get("Content-Type", "").partition(";")[0].strip().lower()
            answer = Answer(read_whole(remote, limit_bytes), kind, remote.url)
        try:
            return Said(read(answer), remote.headers.get("ETag", ""))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise UpstreamDown(host=host_of(url), why=f"its answer is no {what} ({error})") from None

    return ask


@dataclass(frozen=True)
class Document:
    """A kept answer. The body is loaded when asked for, since most readers only compare stamps."""

    id: int
    stamp: str

    def load(self, site: Site) -> Any:
        """The body."""
        with site.db.read() as session:
            packed = session.scalar(select(UpstreamDocument.body).where(UpstreamDocument.id == self.id))
        return orjson.loads(zlib.decompress(packed)) if packed is not None else None


@dataclass(frozen=True)
class _Copy:
    id: int
    etag: str
    stamp: str
    checked_at: datetime

    @property
    def document(self) -> Document | None:
        return Document(self.id, self.stamp) if self.stamp else None

    def is_fresh(self, fresh_seconds: float) -> bool:
        limit = fresh_seconds if self.stamp else min(fresh_seconds, ABSENT_FRESH_SECONDS)
        return (clock.now() - self.checked_at).total_seconds() < limit


def key_of(connection: Connection) -> str:
    """What a connection's documents are filed under."""
    return hashlib.sha256(f"{connection.format} {connection.url}".encode()).hexdigest()


def get(site: Site, connection: Connection, name: str, ask: Ask, *, fresh_seconds: float = FRESH_SECONDS) -> Document | None:
    """The document, or None when the index has none. Raises UpstreamDown when it cannot be asked and there is no copy.

    Any number of readers that find it old cause one question. Who has a copy waits `PATIENCE_SECONDS` for a newer one, and takes
    the copy then; who has none waits `FIRST_PATIENCE_SECONDS`. A slow index never blocks what is here, and its answer is kept for
    the next reader when it comes.
    """
    key = key_of(connection)
    copy = _read(site, key, name)
    if copy is not None and copy.is_fresh(fresh_seconds):
        return copy.document
    asking = _revalidations.start((str(site.settings.data), key, name), lambda: _ask(site, key, name, ask, fresh_seconds))
    try:
        return asking.result(FIRST_PATIENCE_SECONDS if copy is None else PATIENCE_SECONDS)
    except TimeoutError:
        if copy is None:
            why = f"it has not answered within {FIRST_PATIENCE_SECONDS:.0f} seconds, and is still being waited for"
            raise UpstreamDown(host=host_of(connection.url), why=why) from None
        return copy.document


def _ask(site: Site, key: str, name: str, ask: Ask, fresh_seconds: float) -> Document | None:
    with alone(site, f"document {key} {name}"):
        copy = _read(site, key, name)
        if copy is not None and copy.is_fresh(fresh_seconds):
            return copy.document
        try:
            _failures.raise_recent(key, name)
            said = ask(copy.etag if copy and copy.stamp else "")
        except UpstreamDown as problem:
            _failures.note(key, name, problem)
            if copy is None:
                raise
            return copy.document
        return _write(site, key, name, copy, said)


def _read(site: Site, key: str, name: str) -> _Copy | None:
    columns = load_only(UpstreamDocument.etag, UpstreamDocument.stamp, UpstreamDocument.checked_at)
    query = select(UpstreamDocument).where(UpstreamDocument.connection == key, UpstreamDocument.name == name)
    with site.db.read() as session:
        row = session.scalar(query.options(columns))
        return _Copy(row.id, row.etag, row.stamp, row.checked_at) if row else None


def _write(site: Site, key: str, name: str, copy: _Copy | None, said: Said) -> Document | None:
    body = b""
    if said is not UNCHANGED and said.body is not None:
        body = orjson.dumps(said.body)
    packed = zlib.compress(body, 3) if body else None
    with site.db.write() as session:
        row = session.scalar(select(UpstreamDocument).where(UpstreamDocument.connection == key, UpstreamDocument.name == name))
        if row is None:
            row = UpstreamDocument(connection=key, name=name, body=None, etag="", stamp="", checked_at=clock.now())
            session.add(row)
        row.checked_at = clock.now()
        if said is not UNCHANGED or copy is None:
            row.body, row.etag = packed, said.etag[:500]
            row.stamp = hashlib.sha256(body).hexdigest() if body else ""
        session.flush()
        return Document(row.id, row.stamp) if row.stamp else None


class _Failures:
    """What failed a moment ago, in this process; otherwise every reader would wait for the same time-out in turn."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._recent: dict[tuple[str, str], tuple[float, UpstreamDown]] = {}

    def note(self, key: str, name: str, problem: UpstreamDown) -> None:
        now = time.monotonic()
        with self._lock:
            self._recent = {k: v for k, v in self._recent.items() if v[0] > now}
            self._recent.setdefault((key, "" if isinstance(problem, Unreachable) else name), (now + DOWN_SECONDS, problem))

    def raise_recent(self, key: str, name: str) -> None:
        with self._lock:
            found = self._recent.get((key, "")) or self._recent.get((key, name))
        if found is not None and found[0] > time.monotonic():
            raise found[1].with_traceback(None)


class _Revalidations:
    """Questions under way in this process, each in a thread of its own, since no reader may have to wait for its end."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: dict[Hashable, Future[Document | None]] = {}

    def start(self, key: Hashable, ask: Callable[[], Document | None]) -> Future[Document | None]:
        """The question of `key`, asked now unless it is being asked."""
        with self._lock:
            found = self._running.get(key)
            if found is not None:
                return found
            answer = self._running[key] = Future()
        threading.Thread(target=self._run, args=(key, ask, answer), daemon=True, name="registry-revalidate").start()
        return answer

    def _run(self, key: Hashable, ask: Callable[[], Document | None], answer: "Future[Document | None]") -> None:
        try:
            result, failure = ask(), None
        except BaseException as error:  # noqa: BLE001  whoever waits gets it
            result, failure = None, error
        with self._lock:
            del self._running[key]
        if failure is None:
            answer.set_result(result)
        else:
            answer.set_exception(failure)


_failures = _Failures()
_revalidations = _Revalidations()
