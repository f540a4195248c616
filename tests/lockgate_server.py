"""A real Lockgate for tests: the command line's own `serve` in a process of its own."""

import fcntl
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from service.kernel.site import Settings
from tests.postgres import Postgres


@dataclass
class Answer:
    """An HTTP answer, read whole."""

    status: int
    headers: Any
    body: bytes
    reason: str = ""

    @property
    def text(self) -> str:
        return self.body.decode(errors="replace")

    def json(self) -> Any:
        return json.loads(self.body)


def wait_for(predicate: Callable[[], Any], seconds: float = 20, what: str = "") -> Any:
    """Polls until the predicate is truthy and answers its value; fails with `what` when time is up."""
    deadline = time.monotonic() + seconds
    while True:
        value = predicate()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds} s: {what or predicate}")
        time.sleep(0.05)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Server:
    """`lockgate serve` on a free port over a data folder."""

    def __init__(self, data: Path, postgres: Postgres | None = None, *options: str) -> None:
        self.data = data
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._options = options
        self._database = postgres.create_database() if postgres else ""
        self.process: subprocess.Popen[bytes] | None = None
        self.log = data.parent / f"{data.name}.log"

    def start(self, *, wait: bool = True) -> "Server":
        command = [sys.executable, "-m", "service.cli.main", "serve", "--data", str(self.data), "--port", str(self.port), *self._options]
        if self._database:
            command += ["--database-url", self._database]
        env = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, env=env)
        if wait:
            self.wait_ready()
        return self

    def wait_ready(self, seconds: float = 60) -> None:
        def ready() -> bool:
            if self.process is not None and self.process.poll() is not None:
                raise AssertionError(f"the server ended:\n{self.log.read_text()[-3000:]}")
            try:
                return self.call("GET", "/readyz", token=None).status == 200
            except OSError:
                return False

        wait_for(ready, seconds, "the server is ready")

    def stop(self) -> int:
        """SIGTERM, as an init system would."""
        if self.process is None:
            return 0
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(30)
        self.process = None
        return code

    def children(self, role: str) -> list[psutil.Process]:
        """The processes of a role: "web" (granian and its workers) or "worker"."""
        pid = int((self.data / "run" / f"{role}.pid").read_text())
        try:
            first = psutil.Process(pid)
            return [first, *first.children(recursive=True)] if role == "web" else [first]
        except psutil.NoSuchProcess:
            return []

    def kill(self, role: str) -> None:
        """kill -9 of a role's processes; "all" ends the supervisor too."""
        roles = ("web", "worker") if role == "all" else (role,)
        doomed = [process for name in roles for process in self.children(name)]
        if role == "all" and self.process is not None:
            self.process.kill()
            self.process.wait(10)
            self.process = None
        for process in doomed:
            try:
                process.kill()
            except psutil.NoSuchProcess:
                pass
        psutil.wait_procs(doomed, timeout=10)

    def suspend_worker(self) -> psutil.Process:
        """Stops the worker where it stands, but not inside a write: it would hold the lock every other writer waits for."""
        (worker,) = self.children("worker")
        with (self.data / "run" / "database.lock").open("a") as lock:
            while True:
                worker.suspend()
                wait_for(lambda: worker.status() == psutil.STATUS_STOPPED, 10, "the worker stands")
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    return worker
                except BlockingIOError:
                    worker.resume()

    @property
    def token(self) -> str:
        return (self.data / "admin-token").read_text().strip()

    def call(
        self, method: str, path: str, json: Any = None, *, token: str | None = "", headers: dict[str, str] | None = None,
        body: bytes | None = None, seconds: float = 60,
    ) -> Answer:
        """One request; `token` "" is the administrator's, None sends none."""
        sent = dict(headers or {})
        secret = self.token if token == "" else token
        if secret:
            sent.setdefault("Authorization", f"Bearer {secret}")
        if json is not None:
            body = _dumps(json).encode()
            sent.setdefault("Content-Type", "application/json")
        url = path if path.startswith("http") else self.url + path
        request = urllib.request.Request(url, data=body, method=method, headers=sent)
        opener = urllib.request.build_opener(_NoRedirect, urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=seconds) as answer:
                return Answer(answer.status, answer.headers, answer.read(), answer.reason)
        except urllib.error.HTTPError as error:
            with error:
                return Answer(error.code, error.headers, error.read(), str(error.reason))

    @property
    def settings(self) -> Settings:
        """For a test that opens the same database and blobs in its own process."""
        return Settings(data=self.data, database_url=self._database)

    def git_url(self, repository: str, token: str | None = "") -> str:
        secret = self.token if token == "" else token
        user = f"test:{secret}@" if secret else ""
        return f"http://{user}127.0.0.1:{self.port}/git/{repository}"

    def new_account(self, name: str, policy: list[dict[str, Any]]) -> str:
        """Adds an account with a policy; answers a token of it."""
        with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
            json.dump(policy, file)
            file.flush()
            self.admin("user", "add", name, "--policy", file.name)
        return self.admin("token", "issue", name).strip()

    def admin(self, *arguments: str) -> str:
        return self.command("admin", "--data", str(self.data), *arguments)

    def command(self, *arguments: str) -> str:
        """A `lockgate` command on this server's database, as its administrator runs it."""
        env = {**os.environ, "LOCKGATE_DATABASE_URL": self._database} if self._database else None
        command = [sys.executable, "-m", "service.cli.main", *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True, env=env).stdout


def _dumps(value: Any) -> str:
    return json.dumps(value)


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None
