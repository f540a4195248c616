"""Fixtures that open the front door: a real server, real clients, a real database."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.lockgate_server import Server
from tests.postgres import Postgres


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres | None]:
    """The tests' own PostgreSQL when LOCKGATE_TEST_DATABASE=postgresql, else None: SQLite."""
    if os.environ.get("LOCKGATE_TEST_DATABASE", "sqlite") != "postgresql":
        yield None
        return
    cluster = Postgres()
    yield cluster
    cluster.stop()


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory, postgres: Postgres | None) -> Iterator[Server]:
    """One server for all tests that only use it."""
    running = Server(tmp_path_factory.mktemp("server") / "data", postgres).start()
    yield running
    running.stop()


@pytest.fixture
def fresh_server(tmp_path: Path, postgres: Postgres | None) -> Iterator[Server]:
    """A server of a test's own, for crashes and settings."""
    running = Server(tmp_path / "data", postgres).start()
    yield running
    running.stop()


@pytest.fixture
def make_server(tmp_path: Path, postgres: Postgres | None) -> Iterator[Callable[..., Server]]:
    """Makes servers with options of their own; the test starts them."""
    made: list[Server] = []

    def make(*options: str) -> Server:
        made.append(Server(tmp_path / f"data{len(made)}", postgres, *options))
        return made[-1]

    yield make
    for one in made:
        one.stop()
