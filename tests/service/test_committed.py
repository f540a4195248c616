"""The question whether anything was committed: equal while nothing was, different after any commit of any process."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from service.kernel.db import Database
from tests.postgres import Postgres

OTHER_PROCESS = """
import sys
from sqlalchemy import create_engine, text
with create_engine(sys.argv[1]).begin() as connection:
    connection.execute(text("INSERT INTO things VALUES (2)"))
"""


@pytest.fixture
def db(tmp_path: Path, postgres: Postgres | None) -> Iterator[Database]:
    url = postgres.create_database().replace("postgresql://", "postgresql+psycopg://") if postgres else f"sqlite:///{tmp_path / 'db.sqlite'}"
    opened = Database(url, lock_path=tmp_path / "lock")
    with opened.write() as session:
        session.execute(text("CREATE TABLE things (number integer)"))
    yield opened
    opened.close()


def _insert(db: Database) -> None:
    with db.write() as session:
        session.execute(text("INSERT INTO things VALUES (1)"))


def _steady(db: Database, between: Callable[[], None] = lambda: None) -> object:
    """The state before and after what commits nothing. Other databases of the same PostgreSQL commit now and then."""
    for _ in range(100):
        before = db.state()
        between()
        if db.state() == before:
            return before
    raise AssertionError("the state never stays")


def _read(db: Database) -> None:
    with db.read() as session:
        session.execute(text("SELECT count(*) FROM things")).all()


def test_reading_leaves_the_state_alone(db: Database) -> None:
    _steady(db, lambda: _read(db))


def test_a_commit_changes_the_state(db: Database) -> None:
    seen = {db.state()}
    for count in range(2, 200):
        _insert(db)
        seen.add(db.state())
        assert len(seen) == count


def test_a_commit_of_another_process_changes_the_state(db: Database) -> None:
    before = db.state()
    subprocess.run([sys.executable, "-c", OTHER_PROCESS, db.url], check=True)
    assert _steady(db) != before


def test_an_open_transaction_is_not_seen(db: Database) -> None:
    with db.write() as session:
        session.execute(text("INSERT INTO things VALUES (3)"))
        during = _steady(db)
    assert db.state() != during


def test_emptying_the_log_hides_no_commit(db: Database) -> None:
    seen = set()
    for _ in range(20):
        _insert(db)
        if db.is_sqlite:
            with db.writer.connect() as connection:
                connection.exec_driver_sql("ROLLBACK")
                busy, *_pages = connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").one()
                assert not busy
        state = db.state()
        assert state not in seen
        seen.add(state)


def test_a_closed_database_answers_after_opening_again(db: Database) -> None:
    before = db.state()
    db.close()
    _insert(db)
    assert db.state() != before
    _steady(db)
