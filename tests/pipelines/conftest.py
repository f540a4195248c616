"""A real database with every table, and a small stage director for the state machine."""

from collections.abc import Iterator
from pathlib import Path

import pytest

import service.models  # noqa: F401  every table
from service.kernel.db import Base, Database
from tests.pipelines.director import Director
from tests.postgres import Postgres


@pytest.fixture
def database(tmp_path: Path, postgres: Postgres | None) -> Iterator[Database]:
    """A fresh database of the kind under test."""
    url = f"sqlite:///{tmp_path / 'test.sqlite'}"
    if postgres is not None:
        url = postgres.create_database().replace("postgresql://", "postgresql+psycopg://")
    opened = Database(url, lock_path=tmp_path / "lock")
    Base.metadata.create_all(opened.writer)
    yield opened
    opened.close()


@pytest.fixture
def director(database: Database) -> Director:
    """Starts executions and plays the parts of review, workers, people and hosts."""
    return Director(database)
