"""Statements that go to the driver as they are: they see what sessions see, and what goes wrong is told as SQLAlchemy tells it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import BigInteger, Column, MetaData, Table, Text, bindparam, insert, select
from sqlalchemy.exc import DBAPIError

from service.kernel.db import Database
from service.kernel.statements import Statement
from tests.postgres import Postgres

_things = Table("things", MetaData(), Column("id", BigInteger, primary_key=True), Column("name", Text))
_NAMES = Statement(select(_things.c.name).where(_things.c.id >= bindparam("least")).order_by(_things.c.id))
_ABSENT = Statement(select(Table("absent", MetaData(), Column("id", BigInteger)).c.id))


@pytest.fixture
def db(tmp_path: Path, postgres: Postgres | None) -> Iterator[Database]:
    url = postgres.create_database().replace("postgresql://", "postgresql+psycopg://") if postgres else f"sqlite:///{tmp_path / 'db.sqlite'}"
    opened = Database(url, lock_path=tmp_path / "lock")
    _things.create(opened.writer)
    yield opened
    opened.close()


def test_a_snapshot_sees_what_was_committed(db: Database) -> None:
    for number, name in enumerate(("one", "two", "three")):
        with db.write() as session:
            session.connection().execute(insert(_things), {"id": number, "name": name})
        with db.snapshot() as snapshot:
            assert _NAMES.first(snapshot, {"least": number}) == (name,)
    with db.snapshot() as snapshot:
        assert _NAMES.rows(snapshot, {"least": 1}) == [("two",), ("three",)]
        assert _NAMES.first(snapshot, {"least": 9}) is None


@pytest.mark.parametrize("way", ["read", "snapshot"])
def test_what_is_committed_meanwhile_is_not_seen(db: Database, way: str) -> None:
    with getattr(db, way)() as reader:
        assert _NAMES.rows(reader, {"least": 0}) == []
        with db.write() as session:
            session.connection().execute(insert(_things), {"id": 1, "name": "later"})
        assert _NAMES.rows(reader, {"least": 0}) == []
    with getattr(db, way)() as reader:
        assert _NAMES.rows(reader, {"least": 0}) == [("later",)]


def test_a_session_sees_its_own_rows(db: Database) -> None:
    with db.write() as session:
        session.connection().execute(insert(_things), {"id": 1, "name": "mine"})
        assert _NAMES.rows(session, {"least": 0}) == [("mine",)]
        with db.snapshot() as snapshot:
            assert _NAMES.rows(snapshot, {"least": 0}) == []


def test_a_failed_statement_spoils_no_later_one(db: Database) -> None:
    for _ in range(20):
        with pytest.raises(DBAPIError, match="absent"), db.snapshot() as snapshot:
            _ABSENT.rows(snapshot)
    with db.snapshot() as snapshot:
        assert _NAMES.rows(snapshot, {"least": 0}) == []


def test_a_database_that_is_gone_is_told_as_such(tmp_path: Path) -> None:
    gone = Database(f"sqlite:///{tmp_path / 'nowhere' / 'db.sqlite'}", lock_path=tmp_path / "lock")
    with pytest.raises(DBAPIError, match="unable to open"), gone.snapshot():
        pass


def test_prepared_statements_answer(db: Database) -> None:
    db.prepare()
    with db.snapshot() as snapshot:
        assert _NAMES.rows(snapshot, {"least": 0}) == []
