"""A PostgreSQL that the tests start themselves: a cluster in a temporary folder, on a free loopback port."""

import itertools
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path


class Postgres:
    """A running cluster; `create_database` gives the URL of a fresh database in it."""

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="lockgate-pg-"))
        self._as_postgres = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] if os.geteuid() == 0 else []
        if self._as_postgres:
            user = pwd.getpwnam("postgres")
            os.chown(self._folder, user.pw_uid, user.pw_gid)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        data = self._folder / "data"
        self._run(_program("initdb"), "-D", str(data), "-U", "lockgate", "--auth=trust", "--no-sync", "-E", "UTF8")
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c fsync=off -c max_connections=200"
        self._data = data
        self._run(_program("pg_ctl"), "-D", str(data), "-w", "-t", "60", "-l", str(self._folder / "log"), "-o", options, "start")
        self._numbers = itertools.count(1)

    def create_database(self) -> str:
        name = f"lockgate_{os.getpid()}_{next(self._numbers)}_{int(time.time() * 1000) % 10**9}"
        self._run(_program("createdb"), "-h", "127.0.0.1", "-p", str(self.port), "-U", "lockgate", name)
        return f"postgresql://lockgate@127.0.0.1:{self.port}/{name}"

    def stop(self) -> None:
        self._run(_program("pg_ctl"), "-D", str(self._data), "-m", "immediate", "-w", "stop")
        shutil.rmtree(self._folder, ignore_errors=True)

    def _run(self, *command: str) -> None:
        done = subprocess.run([*self._as_postgres, *command], capture_output=True, text=True, cwd=self._folder)
        if done.returncode:
            raise RuntimeError(f"{command[0]}: {done.stderr or done.stdout}")


def _program(name: str) -> str:
    found = shutil.which(name)
    if found:
        return found
    candidates = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    if not candidates:
        raise RuntimeError(f"PostgreSQL's {name} is not installed; run `make setup-tests`")
    return str(candidates[-1])
