"""Whether anything was committed since: one cheap question to the database, exact in every process and on every host."""

import threading
from typing import Any

import structlog
from sqlalchemy import Engine

# A snapshot names every transaction whose effects are visible: equal snapshots see equal data
# (https://www.postgresql.org/docs/current/functions-info.html#FUNCTIONS-INFO-SNAPSHOT).
_POSTGRESQL = "SELECT pg_current_snapshot()::text"
# Differs when another connection committed, of this process or another (https://www.sqlite.org/pragma.html#pragma_data_version).
_SQLITE = "PRAGMA data_version"
_log = structlog.get_logger("database")


class Committed:
    """Asks over one connection of its own, which never writes: SQLite counts the commits of others only."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._question = _SQLITE if engine.dialect.name == "sqlite" else _POSTGRESQL
        self._lock = threading.Lock()
        self._cursor: Any = None
        self._opened = 0

    def state(self) -> object:
        """See Database.state."""
        with self._lock:
            try:
                if self._cursor is None:
                    self._open()
                return (self._opened, *self._cursor.execute(self._question).fetchone())
            except Exception as error:  # noqa: BLE001  whatever the driver raises: the caller then asks the database itself
                _log.warning("the state of the database cannot be told", error=str(error))
                self._cursor = None
                return object()

    def close(self) -> None:
        """Gives the connection back."""
        with self._lock:
            if self._cursor is not None:
                self._cursor.connection.close()
                self._cursor = None

    def _open(self) -> None:
        # Counters of two connections say nothing about each other, hence the number.
        self._opened += 1
        pooled = self._engine.raw_connection()
        pooled.detach()
        raw: Any = pooled.driver_connection
        if self._engine.dialect.name != "sqlite":
            raw.rollback()
            raw.autocommit = True
        self._cursor = raw.cursor()
