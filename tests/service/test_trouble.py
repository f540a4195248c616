"""A full disk and a database that is away are told as what they are."""

import errno
import os
import sqlite3
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psutil
import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import DBAPIError

from service.app import create_app
from service.kernel.auth import new_secret
from service.kernel.site import Settings
from service.start import open_site
from service.trouble import DatabaseAway, NoRoom, explained
from tests.lockgate_server import free_port, wait_for
from tests.registry.made import Distribution, form, sdist, wheel

pytestmark = pytest.mark.anydb


def _error(url: str, *statements: str) -> DBAPIError:
    try:
        with create_engine(url).connect() as connection:
            for statement in statements:
                connection.execute(text(statement))
    except DBAPIError as error:
        return error
    raise AssertionError(f"{url} takes it")


def test_a_full_disk_is_explained(tmp_path: Path) -> None:
    assert isinstance(explained(OSError(errno.ENOSPC, "No space left on device")), NoRoom)
    full = _error(f"sqlite:///{tmp_path / 'db'}", "PRAGMA max_page_count = 1", "CREATE TABLE things (number integer)")
    assert isinstance(explained(full), NoRoom)


def test_a_database_that_is_away_is_explained(tmp_path: Path) -> None:
    away = _error(f"postgresql+psycopg://somebody@127.0.0.1:{free_port()}/shop")
    problem = explained(away)
    assert isinstance(problem, DatabaseAway)
    assert "127.0.0.1" not in problem.detail, "strangers need not know where it is"
    assert isinstance(explained(_error(f"sqlite:///{tmp_path}/no/such/folder/db")), DatabaseAway)


def test_faults_of_ours_stay_faults(tmp_path: Path) -> None:
    assert explained(_error(f"sqlite:///{tmp_path / 'db'}", "SELECT * FROM nothing")) is None
    assert explained(OSError(errno.ENOENT, "No such file or directory")) is None
    assert explained(ValueError("no")) is None
    with closing(sqlite3.connect(":memory:")) as connection, pytest.raises(sqlite3.Error) as caught:
        connection.execute("nonsense")
    assert explained(caught.value) is None


class _Tiny:
    """A server whose data folder is a file system of eight MiB, in a mount namespace of its own."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.token, self.url, port = new_secret(), "", free_port()
        self.url = f"http://127.0.0.1:{port}"
        serve = f"mount -t tmpfs -o size=8m tmpfs {folder} && exec {sys.executable} -m service.cli.main serve --data {folder}/data --port {port}"
        env = {**os.environ, "LOCKGATE_ADMIN_TOKEN": self.token}
        self.process = subprocess.Popen(["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", serve], env=env)
        wait_for(lambda: self.ask("GET", "/readyz")[0] == 200, 60, "the server is ready")

    def ask(self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None) -> tuple[int, str]:
        """Status and text; 0 while nobody listens."""
        sent = {"Authorization": f"Bearer {self.token}", **(headers or {})}
        try:
            with urllib.request.urlopen(urllib.request.Request(self.url + path, body, sent, method=method), timeout=30) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()
        except OSError as error:
            return 0, str(error)

    def upload(self, one: Distribution) -> tuple[int, str]:
        headers, body = form(one)
        return self.ask("POST", "/pypi/default/main/", body, headers)


@pytest.fixture
def tiny(tmp_path: Path) -> Iterator[_Tiny]:
    server = _Tiny(tmp_path / "tiny")
    yield server
    children = psutil.Process(server.process.pid).children(recursive=True)
    server.process.terminate()
    server.process.wait(30)
    psutil.wait_procs(children, timeout=10)


def test_an_upload_without_room_leaves_nothing(tiny: _Tiny) -> None:
    large = sdist("large", "1.0", extra=os.urandom(8 * 1024 * 1024))
    status, told = tiny.upload(large)
    assert (status, "no room left on its disk" in told) == (507, True), told
    assert tiny.ask("GET", "/readyz")[0] == 200, "the half upload is gone"
    assert tiny.ask("GET", "/pypi/default/main/simple/large/")[0] == 404
    assert tiny.upload(wheel("small", "1.0"))[0] == 200


def test_readiness_tells_strangers_what_is_missing_and_not_where(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    port = free_port()
    site = open_site(Settings(data=tmp_path, database_url=f"postgresql://somebody@127.0.0.1:{port}/shop"))
    answer = create_app(site).test_client().get("/readyz")
    assert answer.status_code == 503
    assert answer.json["blobs"] == "ok"
    assert answer.json["database"] == "OperationalError; the server's log says more"
    site.db.close()
