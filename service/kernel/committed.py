"""Whether anything was committed since: one cheap question to the database, exact in every process and on every host."""

import mmap
import os
import threading
from typing import Any

from sqlalchemy import Engine

from service.kernel import log

# A snapshot names every transaction whose effects are visible: equal snapshots see equal data
# (https://www.postgresql.org/docs/current/functions-info.html#FUNCTIONS-INFO-SNAPSHOT).
_POSTGRESQL = "SELECT pg_current_snapshot()::text"
# Differs when another connection committed, of this process or another (https://www.sqlite.org/pragma.html#pragma_data_version).
_SQLITE = "PRAGMA data_version"
# The same pragma compares this: one copy of the header of the WAL index, which every commit changes. Read in place it costs
# no lock and leaves the interpreter to itself; asked through SQLite, twenty times as much (https://www.sqlite.org/walformat.html, 2.1).
_HEADER_BYTES = 48
_INITIALISED_AT = 12
_log = log.get_logger("database")
_held: list[Any] = []
"""Open for as long as the process lives: closing any descriptor of the file would drop the locks that SQLite holds on it."""


class Committed:
    """Asks over one connection of its own, which never writes: SQLite counts the commits of others only."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._question = _SQLITE if engine.dialect.name == "sqlite" else _POSTGRESQL
        self._lock = threading.Lock()
        self._cursor: Any = None
        self._header: mmap.mmap | None = None
        self._opened = 0

    def state(self) -> object:
        """See Database.state."""
        header = self._header
        if header is not None:
            return header[:_HEADER_BYTES]
        with self._lock:
            try:
                if self._cursor is None:
                    header = self._open()
                if header is not None:
                    return header[:_HEADER_BYTES]
                return (self._opened, *self._cursor.execute(self._question).fetchone())
            except Exception as error:  # noqa: BLE001  whatever the driver raises: the caller then asks the database itself
                _log.warning("the state of the database cannot be told", error=str(error))
                self._cursor = None
                return object()

    def at_hand(self) -> object | None:
        """The same where it is read from memory; None where it takes a question to the database, or has never been asked."""
        header = self._header
        return None if header is None else header[:_HEADER_BYTES]

    def close(self) -> None:
        """Gives the connection back."""
        with self._lock:
            self._header = None
            if self._cursor is not None:
                self._cursor.connection.close()
                self._cursor = None

    def _open(self) -> mmap.mmap | None:
        # Counters of two connections say nothing about each other, hence the number.
        self._opened += 1
        dialect = self._engine.dialect
        arguments, options = dialect.create_connect_args(self._engine.url)
        connection: Any = dialect.connect(*arguments, **options)
        self._cursor = connection.cursor()
        if dialect.name == "sqlite":
            # A reader of the log keeps its index from being removed and made anew under another inode. This reads the file's first page
            # alone: any question about a table would have SQLite read the whole schema first.
            self._cursor.execute("PRAGMA schema_version").fetchall()
            self._header = _header_of(f"{self._engine.url.database}-shm")
        else:
            connection.autocommit = True
        return self._header


def _header_of(path: str) -> mmap.mmap | None:
    """The WAL index of an open database, mapped; None when it has none."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        _held.append(descriptor)
        header = mmap.mmap(descriptor, mmap.PAGESIZE, prot=mmap.PROT_READ)
    except (OSError, ValueError):
        return None
    _held.append(header)
    return header if header[_INITIALISED_AT] else None
