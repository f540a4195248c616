"""What broke below the product, for whoever asked: a disk without room, a database that is away.

Whatever was being written is gone with its transaction or its temporary file, so the answers may promise that nothing was kept.
"""

import errno
import sqlite3

from sqlalchemy.exc import DBAPIError

from service.kernel.errors import Problem, Unavailable

_SQLITE_AWAY = {sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_BUSY}
_POSTGRESQL_FULL = "53100"
_POSTGRESQL_AWAY = ("08", "57P", "53300")
"""Connection lost; shutting down, crashed or starting; too many connections (PostgreSQL, appendix A, "Error Codes")."""


class NoRoom(Problem):
    """507: a file system of the service is full."""

    status = 507
    says = "the server has no room left on its disk; nothing of this was kept"
    todo = "Free space where the data folder and the database are, then try again."


class DatabaseAway(Unavailable):
    """503: the database cannot be asked right now. Where it is and how it failed is for the log, not for strangers."""

    says = "the database does not answer; nothing of this was kept"
    todo = "Try again in a moment. If it stays, see that the database runs; why it fails is in the service's log."

    @property
    def headers(self) -> dict[str, str]:
        """When to try again."""
        return {"Retry-After": "5"}


def explained(error: BaseException) -> Problem | None:
    """The problem that an unexpected error stands for, or None when it is a fault of ours."""
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return NoRoom()
    if isinstance(error, DBAPIError) and error.orig is not None:
        return _of_sqlite(error.orig) if isinstance(error.orig, sqlite3.Error) else _of_postgresql(error, error.orig)
    return None


def _of_sqlite(error: sqlite3.Error) -> Problem | None:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # the rest tells more of the same
    if code == sqlite3.SQLITE_FULL:
        return NoRoom()
    return DatabaseAway() if code in _SQLITE_AWAY else None


def _of_postgresql(error: DBAPIError, cause: BaseException) -> Problem | None:
    state = getattr(cause, "sqlstate", None)
    if state == _POSTGRESQL_FULL:
        return NoRoom()
    lost = error.connection_invalidated or (state is None and type(cause).__name__ == "OperationalError")
    if lost or (state or "").startswith(_POSTGRESQL_AWAY):
        return DatabaseAway()
    return None
