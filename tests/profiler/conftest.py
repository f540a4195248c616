"""Fixtures of the profiler's tests."""

from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest

from profiler import models  # noqa: F401  its tables
from service.kernel.blobs import LocalBlobs
from service.kernel.db import Base, Database
from service.kernel.site import Settings, Site, Sources
from tests.postgres import Postgres
from tests.profiler.receiver import Receiver


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A server that keeps what profilers send."""
    running = Receiver()
    yield running
    running.close()


@pytest.fixture
def site(tmp_path: Path, postgres: Postgres | None) -> Iterator[Site]:
    """The room's tables and blobs, without a web server."""
    url = postgres.create_database() if postgres else f"sqlite:///{tmp_path / 'site.sqlite'}"
    database = Database(url, lock_path=tmp_path / "lock")
    Base.metadata.create_all(database.writer)
    yield Site(Settings(data=tmp_path), database, LocalBlobs(tmp_path / "blobs"), cast(Sources, None))
    database.close()
