"""Bringing the schema up to date: Alembic from inside the package, one process at a time."""

import fcntl
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, text

from service.kernel.errors import Problem

_FOLDER = Path(__file__).parent / "migrations"
_LOCK_KEY = 0x10C69A7E
"""Any constant: PostgreSQL's advisory lock for schema changes. Without it three of four upgrades at once fail."""


class SchemaTooNew(Problem):
    """A database that a later Lockgate has upgraded; this one would misread it."""

    status = 500
    says = "the database has schema {found}, which a newer Lockgate made; this one knows up to {newest}"
    todo = "Start the newer Lockgate again, or restore a backup from before its upgrade."


def migrate(engine: Engine) -> None:
    """Upgrades to the newest revision; a database that is already there is left alone. Raises SchemaTooNew."""
    with _alone(engine):
        with engine.connect() as connection:
            found = _revision(connection)
        if found == newest():
            return
        if found is not None and found > newest():
            raise SchemaTooNew(found=found, newest=newest())
        _upgrade(engine)


def _upgrade(engine: Engine) -> None:
    from alembic import command, config  # half a second of imports that a start without changes does without

    settings = config.Config()
    settings.set_main_option("script_location", str(_FOLDER))
    with engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK_KEY})
        settings.attributes["connection"] = connection
        command.upgrade(settings, "head")


@contextmanager
def _alone(engine: Engine) -> Iterator[None]:
    """On SQLite a lock of our own: its busy handler gives up after ten seconds, which a slow machine needs for all tables."""
    if engine.dialect.name != "sqlite" or not engine.url.database:
        yield
        return
    with Path(f"{engine.url.database}.migrating").open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def newest() -> str:
    """The newest revision's name, from the file names `0001_what.py`: numbered, one line of history."""
    return max(match[1] for path in (_FOLDER / "versions").glob("*.py") if (match := re.match(r"(\d{4})_", path.name)))


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
