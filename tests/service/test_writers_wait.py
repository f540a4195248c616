"""A writer that hangs holds up the others for a limited time, and they say so."""

import fcntl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import text

from service.kernel.db import WAIT_SECONDS_MAX, Database, WritersWait
from tests.lockgate_server import Answer, Server

pytestmark = pytest.mark.anydb  # PostgreSQL needs no such lock


@contextmanager
def _held(lock: Path) -> Iterator[None]:
    """As a writer that was stopped in the middle of its transaction leaves it."""
    with lock.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def test_a_request_does_not_wait_for_good(server: Server) -> None:
    answers: list[Answer] = []

    def write() -> None:
        answers.append(server.call("POST", "/api/v1/repositories", {"name": "waits"}))

    with _held(server.data / "run" / "database.lock"):
        began = time.monotonic()
        writers = [threading.Thread(target=write) for _ in range(3)]
        for writer in writers:
            writer.start()
        assert server.call("GET", "/api/v1/repositories").status == 200, "readers are not held up"
        for writer in writers:
            writer.join()
        waited = time.monotonic() - began
    assert [answer.status for answer in answers] == [503] * 3
    assert WAIT_SECONDS_MAX <= waited < WAIT_SECONDS_MAX + 10
    problem = answers[0].json()
    assert problem["title"] == "Writers wait" and "database.lock" in problem["todo"]
    assert answers[0].headers["Retry-After"] == "5"
    assert server.call("POST", "/api/v1/repositories", {"name": "waits"}).status == 201, "nothing of the others was kept"


def test_the_lock_is_free_after_waiting_in_vain(tmp_path: Path) -> None:
    db = Database(f"sqlite:///{tmp_path / 'db.sqlite'}", lock_path=tmp_path / "lock", wait_seconds_max=0.2)
    with _held(tmp_path / "lock"), pytest.raises(WritersWait, match=r"held by another writer for 0\.2 s"), db.write():
        pass
    with db.write() as session:
        session.execute(text("CREATE TABLE things (number integer)"))
    db.close()


def test_threads_wait_for_their_turn_only_so_long(tmp_path: Path) -> None:
    db = Database(f"sqlite:///{tmp_path / 'db.sqlite'}", lock_path=tmp_path / "lock", wait_seconds_max=0.2)
    refused: list[WritersWait] = []

    def write() -> None:
        try:
            with db.write():
                pass
        except WritersWait as problem:
            refused.append(problem)

    with db.write():
        other = threading.Thread(target=write)
        other.start()
        other.join()
    assert len(refused) == 1
    write()
    assert len(refused) == 1
    db.close()
