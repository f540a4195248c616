"""Starting and stopping: what an administrator meets first."""

import os
import re
import socket
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import psutil
import pytest

from tests.lockgate_server import Server, free_port, wait_for


def _serve(*arguments: str, user: str = "", env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "service.cli.main", "serve", *arguments]
    if user:
        command = ["setpriv", f"--reuid={user}", "--clear-groups", *command]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, env=env)


def test_a_second_instance_is_refused(server: Server) -> None:
    done = _serve("--data", str(server.data), "--port", "1")
    assert done.returncode == 2
    assert f"already serves the data folder {server.data}" in done.stderr or "cannot listen" in done.stderr


def test_the_data_folder_is_locked(server: Server) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    done = _serve("--data", str(server.data), "--port", str(port))
    assert done.returncode == 2
    assert "another Lockgate (process" in done.stderr
    assert "--data" in done.stderr


def test_a_port_in_use_is_named(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = _serve("--data", str(tmp_path / "data"), "--port", str(port))
    assert done.returncode == 2
    assert f"port {port} on 127.0.0.1 is in use by another program" in done.stderr
    assert "--port" in done.stderr


def test_an_unwritable_data_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    done = _serve("--data", str(tmp_path / "file" / "data"))
    assert done.returncode == 2
    assert f"the data folder {tmp_path}/file/data cannot be used" in done.stderr


def test_a_database_that_cannot_be_reached_is_named(tmp_path: Path) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"postgresql://nobody@127.0.0.1:{closed.getsockname()[1]}/nothing"
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        done = _serve("--data", str(tmp_path / "data"), "--port", str(port), "--database-url", url)
    assert done.returncode == 2
    assert "the database cannot be used" in done.stderr and "--database-url" in done.stderr
    assert "Traceback" not in done.stderr
    wait_for(lambda: not any(str(tmp_path) in " ".join(p.info["cmdline"] or []) for p in psutil.process_iter(["cmdline"])), 10, "no process is left")


@pytest.mark.anydb
def test_a_database_of_another_kind_is_refused(tmp_path: Path) -> None:
    done = _serve("--data", str(tmp_path / "data"), "--port", str(free_port()), "--database-url", "mysql://me:hunter2@127.0.0.1/x")
    assert done.returncode == 2
    assert "--database-url names neither PostgreSQL nor SQLite" in done.stderr
    assert "Traceback" not in done.stderr + done.stdout
    assert "hunter2" not in done.stderr + done.stdout


@pytest.mark.anydb
@pytest.mark.parametrize(("content", "told"), [
    (b"not a database, for sure" * 100, "file is not a database"),
    (None, "the database has schema 9999, which a newer Lockgate made"),
])
def test_a_database_that_cannot_be_used_is_kept(tmp_path: Path, content: bytes | None, told: str) -> None:
    file = tmp_path / "data" / "lockgate.sqlite"
    file.parent.mkdir()
    if content is None:
        with closing(sqlite3.connect(file)) as connection:
            connection.executescript(
                "PRAGMA journal_mode = WAL; CREATE TABLE alembic_version (version_num TEXT); INSERT INTO alembic_version VALUES ('9999')"
            )
    else:
        file.write_bytes(content)
    before = file.read_bytes()
    done = _serve("--data", str(tmp_path / "data"), "--port", str(free_port()))
    assert done.returncode == 2
    assert told in done.stderr and "backup" in done.stderr
    assert "Traceback" not in done.stderr + done.stdout
    assert file.read_bytes() == before


@pytest.mark.anydb
def test_a_missing_git_is_named(tmp_path: Path) -> None:
    done = _serve("--data", str(tmp_path / "data"), "--port", str(free_port()), env={**os.environ, "PATH": str(tmp_path)})
    assert done.returncode == 2
    assert done.stderr == "lockgate: git is not found on the PATH of this process\n          Install the package git of this system.\n"


def test_the_admin_token_is_private(server: Server) -> None:
    assert stat.S_IMODE((server.data / "admin-token").stat().st_mode) == 0o600


def test_a_dead_worker_is_replaced(fresh_server: Server) -> None:
    before = fresh_server.children("worker")[0].pid
    fresh_server.kill("worker")
    wait_for(lambda: [p.pid for p in fresh_server.children("worker")] not in ([], [before]), 20, "another worker")
    fresh_server.wait_ready()


def test_a_dead_web_is_replaced(fresh_server: Server) -> None:
    fresh_server.kill("web")
    fresh_server.wait_ready(20)


def test_the_token_can_be_chosen(make_server: Callable[..., Server], monkeypatch: object) -> None:
    from service.kernel.auth import new_secret

    secret = new_secret()
    os.environ["LOCKGATE_ADMIN_TOKEN"] = secret
    try:
        server = make_server().start()
    finally:
        del os.environ["LOCKGATE_ADMIN_TOKEN"]
    assert server.token == secret
    assert server.call("GET", "/api/v1/whoami", token=secret).json() == {"name": "admin"}


def test_stopping_is_clean(make_server: Callable[..., Server]) -> None:
    server = make_server().start()
    processes = [*server.children("web"), *server.children("worker")]
    assert server.stop() == 0
    wait_for(lambda: not any(p.is_running() for p in processes), 10, "every process is gone")


def test_killing_the_supervisor_ends_its_children(make_server: Callable[..., Server]) -> None:
    server = make_server().start()
    processes = [*server.children("web"), *server.children("worker")]
    assert server.process is not None
    server.process.kill()
    server.process.wait(10)
    server.process = None
    wait_for(lambda: not any(p.is_running() for p in processes), 10, "every process is gone")


def test_every_route_says_who_may_call_it(server: Server) -> None:
    """Deny by default: no path of the API document answers an anonymous caller."""
    document = server.call("GET", "/api/v1/openapi.json", token=None).json()
    assert len(document["paths"]) > 30
    for path, methods in document["paths"].items():
        if "/schemas/" in path:
            continue  # JSON schemas for editors, the same for everybody
        for method in methods:
            concrete = re.sub(r"\{[^}]*\}", "1", path)
            body = {} if method in ("post", "put", "patch") else None
            assert server.call(method.upper(), concrete, body, token=None).status in (401, 404, 422), (method, path)


def test_a_body_that_does_not_fit_is_answered_place_by_place(server: Server) -> None:
    answer = server.call("POST", "/api/v1/repositories", {"nme": "shop"})
    assert (answer.status, answer.headers["Content-Type"]) == (422, "application/problem+json")
    problem = answer.json()
    assert {"where": "name", "why": "Field required"} in problem["errors"]
    assert "nme" in problem["detail"] and problem["todo"] and problem["request_id"]
    assert server.call("POST", "/api/v1/repositories", {"nme": "shop"}, token=None).status == 401
