"""The database: SQLite (embedded) or PostgreSQL, one writer at a time on SQLite.

The lock recipe: BEGIN IMMEDIATE alone lets SQLite's busy handler starve writers for seconds, and deferred transactions
fail with "database is locked". A `flock` taken before BEGIN lets one in after the other instead. The threads of a process
queue for a turn first, so that each process has at most one that asks for the lock; asking, unlike waiting in the kernel,
can end: a writer that was stopped where it stood must not hold up every request for good.
"""

import fcntl
import json
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, ClassVar

import orjson
from sqlalchemy import JSON, BigInteger, Engine, Integer, MetaData, create_engine, event, text
from sqlalchemy.engine import Dialect
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import DeclarativeBase, Session, mapped_column
from sqlalchemy.pool import PoolProxiedConnection
from sqlalchemy.types import TypeDecorator

from service.kernel.committed import Committed
from service.kernel.errors import Unavailable
from service.kernel.statements import Snapshot, Statement, Transaction, prepare_all

READER_CACHE_KIB, WRITER_CACHE_KIB = 1024, 2048
"""Of each SQLite connection. A process keeps up to eight readers and five writers, so four times as much was 128 MB in two processes;
what is not kept here, the operating system keeps once for all."""
POOL_SIZE, AT_HAND_MAX = 4, 4
"""Connections to SQLite that are kept, in each pool and beside it: what only prepared statements use is not given back to the pool, which
costs as much as two statements each time."""
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_big = BigInteger().with_variant(Integer, "sqlite")

Id = Annotated[int, mapped_column(_big, primary_key=True, autoincrement=True)]
"""Column type of every surrogate key: 64 bits on PostgreSQL, rowid on SQLite."""


class UtcMicros(TypeDecorator[datetime]):
    """A moment, stored as whole microseconds since 1970 UTC: sorts and compares alike on both databases."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        """Zone-aware datetime to microseconds; a naive one is a bug of ours."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment without a time zone cannot be stored")
        return micros_of(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """Microseconds back to a UTC datetime."""
        return None if value is None else moment_of(value)


def micros_of(moment: datetime) -> int:
    """What a column of `UtcMicros` stores of a moment that has a zone."""
    return (moment - EPOCH) // timedelta(microseconds=1)


def moment_of(micros: int) -> datetime:
    """The moment behind what a column of `UtcMicros` stores."""
    return EPOCH + timedelta(microseconds=micros)


class Base(DeclarativeBase):
    """Every table of the product. Foreign keys stay inside a room or go to the kernel."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar[Any] = {datetime: UtcMicros, int: BigInteger, dict[str, Any]: JSON, list[Any]: JSON, list[str]: JSON}


WAIT_SECONDS_MAX = 10.0
"""How long a writer waits for its turn, unless the opener of the database says otherwise."""
_ASK_SECONDS = 0.001


class WritersWait(Unavailable):
    """503: another writer has held the database for longer than a request may wait."""

    says = "the database has been held by another writer for {seconds:g} s; nothing of this was kept"
    todo = "Try again. If it stays, a process that writes hangs or was stopped: look for one that has {lock} open, and end it."

    @property
    def headers(self) -> dict[str, str]:
        """When to try again."""
        return {"Retry-After": "5"}


class Database:
    """Two engines over one database: `read()` and `write()` give sessions.

    Open one per process, after any fork. Never hold a `write()` across network, blob or git work.
    """

    def __init__(
        self, url: str, *, lock_path: Path, on_facts: Callable[[], None] = lambda: None, wait_seconds_max: float = WAIT_SECONDS_MAX
    ) -> None:
        self.url = url
        self.is_sqlite = url.startswith("sqlite")
        self._lock_path, self._wait_seconds_max = lock_path, wait_seconds_max
        self._turn = threading.Lock()
        self._local = threading.local()
        self.on_facts = on_facts
        """Called after a commit that published facts; the roof hangs the wake-up of the worker here."""
        self.unheard: frozenset[str] = frozenset()
        """Kinds of facts from which nothing follows, named by the roof: they are recorded, and nobody is woken for them."""
        self._reader = _engine(url, read_only=True)
        self._writer = _engine(url, read_only=False)
        self._at_hand: dict[Engine, deque[PoolProxiedConnection]] = {self._reader: deque(), self._writer: deque()}
        self._committed = Committed(self._reader)
        self._shown_url = str(self._reader.url)

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session that sees one snapshot and may not write."""
        with Session(self._reader, expire_on_commit=False) as session, session.begin():
            yield session

    @contextmanager
    def snapshot(self) -> Iterator[Snapshot]:
        """What `read` gives, for prepared statements alone and at a tenth of its cost."""
        with self._lent(self._reader, "BEGIN") as connection:
            yield Snapshot(connection, self._reader.dialect, self._shown_url)

    @contextmanager
    def write(self) -> Iterator[Session]:
        """A session that commits when the block ends well and rolls back when it raises. Raises WritersWait."""
        with self._alone(), Session(self._writer, expire_on_commit=False, info={"unheard": self.unheard}) as session:
            with session.begin():
                yield session
            told = session.info.pop("facts", 0)
        if told:
            self.on_facts()

    @contextmanager
    def writing(self) -> Iterator[Transaction]:
        """What `write` gives, for prepared statements alone. Raises WritersWait."""
        with self._alone(), self._lent(self._writer, "BEGIN IMMEDIATE") as connection:
            transaction = Transaction(connection, self._writer.dialect, self._shown_url)
            transaction.info["unheard"] = self.unheard
            yield transaction
            transaction.commit()
        if transaction.info.get("facts"):
            self.on_facts()

    @contextmanager
    def _lent(self, engine: Engine, begin: str) -> Iterator[PoolProxiedConnection]:
        """A connection of the driver, in a transaction that leaves no trace unless it is committed."""
        dialect = engine.dialect
        base: Any = dialect.loaded_dbapi.Error
        at_hand = self._at_hand[engine]
        connection, is_well = None, False
        try:
            try:
                connection = at_hand.pop()
            except IndexError:
                connection = engine.raw_connection()
            if self.is_sqlite:
                connection.cursor().execute(begin)
            yield connection
            is_well = True
        except base as error:
            # Statements tell theirs themselves: this one came of connecting.
            raise DBAPIError.instance(None, None, error, base, connection_invalidated=True, dialect=dialect) from error
        finally:
            if connection is not None:
                if is_well and self.is_sqlite and len(at_hand) < AT_HAND_MAX:
                    connection.rollback()
                    at_hand.append(connection)
                else:
                    connection.close()  # the pool ends the transaction

    def state(self) -> object:
        """Stands for all that is committed: while it stays equal, every reader sees the same rows. Costs some microseconds."""
        return self._committed.state()

    def state_at_hand(self) -> object | None:
        """The state when it can be told without waiting for anything, else None; for threads that must not wait."""
        return self._committed.at_hand()

    def prepare(self) -> None:
        """Compiles what is read over and over; before the fork, this is paid for once."""
        prepare_all(self._reader.dialect)

    @property
    def writer(self) -> Engine:
        """The engine that may change the schema; for migrations."""
        return self._writer

    def close(self) -> None:
        """Gives every connection back."""
        self._committed.close()
        for connections in self._at_hand.values():
            while connections:
                connections.pop().close()
        self._reader.dispose()
        self._writer.dispose()

    @contextmanager
    def _alone(self) -> Iterator[None]:
        if getattr(self._local, "writing", False):
            raise RuntimeError("a write transaction is already open in this thread")
        self._local.writing = True
        try:
            with self._gate():
                yield
        finally:
            self._local.writing = False

    @contextmanager
    def _gate(self) -> Iterator[None]:
        if not self.is_sqlite:
            yield
            return
        deadline = time.monotonic() + self._wait_seconds_max
        if not self._turn.acquire(timeout=self._wait_seconds_max):
            raise self._waited()
        try:
            fd = self._lock_before(deadline)
            try:
                yield
            finally:
                os.close(fd)
        finally:
            self._turn.release()

    def _lock_before(self, deadline: float) -> int:
        """The descriptor that holds the lock until it is closed. Raises WritersWait."""
        fd = os.open(self._lock_path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        while True:
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return fd
            except BlockingIOError:
                if time.monotonic() > deadline:
                    os.close(fd)
                    raise self._waited() from None
            time.sleep(_ASK_SECONDS)

    def _waited(self) -> WritersWait:
        return WritersWait(seconds=self._wait_seconds_max, lock=self._lock_path)


def _from_json(text: str | bytes) -> Any:
    """JSON of the database, by orjson in a third of the time; only the standard library reads lone surrogates, which it also writes.

    As in request bodies, an integer beyond 64 bits becomes a float.
    """
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return json.loads(text)


def _to_json(value: Any) -> str:
    """JSON for the database, by orjson in a fifth of the time; what that does not know the standard library writes or refuses."""
    try:
        return orjson.dumps(value, option=orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_DATACLASS).decode()
    except TypeError:
        return json.dumps(value)


def _engine(url: str, *, read_only: bool) -> Engine:
    if not url.startswith("sqlite"):
        # One snapshot for all that a reader asks; its own level would show each statement another state.
        return create_engine(
            url, pool_size=5, max_overflow=20, pool_use_lifo=True, pool_pre_ping=True, pool_recycle=1800, json_serializer=_to_json,
            json_deserializer=_from_json, isolation_level="REPEATABLE READ" if read_only else "READ COMMITTED",
        )
    # Last in, first out: the connection that was used a moment ago has read the schema and has its statements at hand.
    engine = create_engine(url, pool_size=POOL_SIZE, max_overflow=120, pool_use_lifo=True, json_serializer=_to_json,
                           json_deserializer=_from_json)

    @event.listens_for(engine, "connect")
    def _connect(connection: Any, _record: Any) -> None:
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in ("busy_timeout=10000", "journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON",
                       f"cache_size=-{READER_CACHE_KIB if read_only else WRITER_CACHE_KIB}", f"query_only={'ON' if read_only else 'OFF'}"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    begin = Statement(text("BEGIN" if read_only else "BEGIN IMMEDIATE"))

    @event.listens_for(engine, "begin")
    def _begin(connection: Any) -> None:
        begin.run(connection)

    return engine
