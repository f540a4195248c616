"""DBOS on the SQLite of this machine, whichever that is."""

import time
from pathlib import Path

import pytest
from sqlalchemy import text

from service.worker import jobs_engine

pytestmark = pytest.mark.anydb


def test_every_sqlite_tells_dbos_the_time(tmp_path: Path) -> None:
    engine = jobs_engine(tmp_path / "jobs.sqlite")
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE versions (id INTEGER, at INTEGER NOT NULL DEFAULT (unixepoch('subsec') * 1000))"))
        connection.execute(text("INSERT INTO versions (id) VALUES (1)"))
        at = connection.execute(text("SELECT at FROM versions")).scalar_one()
    engine.dispose()
    assert abs(at - time.time() * 1000) < 60_000
