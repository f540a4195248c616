"""The schema: migrations lead to the models exactly, on both databases, and may be asked for by several at once."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect

import service.models  # noqa: F401
from service.kernel.db import Base, Database
from service.kernel.site import Settings
from service.migrate import migrate, newest
from service.start import database_url
from tests.postgres import Postgres


@pytest.fixture
def url(tmp_path: Path, postgres: Postgres | None) -> str:
    given = postgres.create_database() if postgres else ""
    return database_url(Settings(data=tmp_path, database_url=given))


@pytest.fixture
def database(url: str, tmp_path: Path) -> Iterator[Database]:
    opened = Database(url, lock_path=tmp_path / "lock")
    yield opened
    opened.close()


def test_the_migrations_lead_to_the_models(database: Database) -> None:
    migrate(database.writer)
    with database.writer.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": False})
        assert not compare_metadata(context, Base.metadata)


def test_migrating_twice_changes_nothing(database: Database) -> None:
    migrate(database.writer)
    migrate(database.writer)
    with database.writer.connect() as connection:
        assert inspect(connection).has_table("accounts")
        assert newest() == connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()


def test_four_may_migrate_at_once(url: str, tmp_path: Path) -> None:
    code = (f"from pathlib import Path; from service.kernel.db import Database; from service.migrate import migrate; "
            f"migrate(Database({url!r}, lock_path=Path({str(tmp_path / 'lock')!r})).writer)")
    racing = [subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.PIPE) for _ in range(4)]
    for process in racing:
        _, errors = process.communicate(timeout=60)
        assert process.returncode == 0, errors.decode()
