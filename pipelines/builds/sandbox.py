"""The running build: started behind a gate, so that limits hold from its first instruction; read; ended, all of it."""

import contextlib
import fcntl
import os
import resource
import selectors
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

import psutil

from pipelines.builds import cgroups, ownership
from pipelines.builds.cgroups import Group, Hierarchy
from pipelines.builds.executors.executor import Executor, Launch
from pipelines.builds.isolation import PATH
from pipelines.builds.watch import Watch

MARK = "LOCKGATE_BUILD_MARK"
"""A variable by which the processes of a build without isolation are known."""
READ_BYTES = 256 * 1024
END_SECONDS_MAX = 10.0

# The shell waits for one line, then becomes the build: meanwhile it is moved into its groups and given its limits.
_GATE = 'read -r go || exit 125; exec "$@"'


class Sandbox:
    """One started build. Use as a context; on leaving, no process of it lives."""

    def __init__(self, executor: Executor, launch: Launch, hierarchy: Hierarchy | None, serial: str) -> None:
        self._mark = f"{ownership.mine()}-{serial}"
        self._isolated = executor.isolated
        limits = launch.limits
        self._group: Group | None = None
        if hierarchy:
            self._group = cgroups.create(hierarchy, serial, memory_bytes_max=limits.memory_bytes_max, processes_max=limits.processes_max)
        # The variables of the build are not given here: this part runs outside, and LD_PRELOAD is a variable too.
        self._process = subprocess.Popen(
            ["sh", "-c", _GATE, "sh", *executor.command(launch)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            bufsize=0,
            env={"PATH": PATH, "LANG": "C.UTF-8", **({} if executor.isolated else {MARK: self._mark})},
            start_new_session=True,
            cwd="/",
        )
        assert self._process.stdin
        assert self._process.stdout
        self._stdin, self._stdout = self._process.stdin, self._process.stdout
        with contextlib.suppress(OSError):
            fcntl.fcntl(self._stdout, fcntl.F_SETPIPE_SZ, READ_BYTES * 4)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._stdout, selectors.EVENT_READ)
        try:
            self._limit(launch)
        except BaseException:
            self.close()
            raise
        self.watch = Watch(launch.workspace.volume, limits, self._process.pid, self._group, self.kill)
        self.watch.start()
        self._stdin.write(b"\n")

    def __enter__(self) -> "Sandbox":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.watch.end()
        self.close()

    @property
    def root_pid(self) -> int:
        """The process that holds all others."""
        return self._process.pid

    def send(self, line: str) -> None:
        """Tells the driver what to run next. Nobody may be there to hear it; the output tells."""
        with contextlib.suppress(BrokenPipeError):
            self._stdin.write(line.encode() + b"\n")

    def read(self, wait_seconds_max: float) -> bytes | None:
        """Output, b"" at its end, or None when there was none for that long."""
        if not self._selector.select(wait_seconds_max):
            return None
        return os.read(self._stdout.fileno(), READ_BYTES)

    def kill(self) -> None:
        """Kills every process of the build. Any thread may call it."""
        descendants = self._descendants()
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()  # an isolated build dies with it: its process 1 does, and the kernel ends the rest
        if self._group:
            self._group.kill()
        elif not self._isolated:
            _kill_all([*descendants, *_marked(lambda mark: mark == self._mark)])

    def close(self) -> None:
        """Kills, waits until nobody is left, and takes the control group away."""
        descendants = self._descendants()
        self.kill()
        self._process.wait(timeout=END_SECONDS_MAX)
        deadline = time.monotonic() + END_SECONDS_MAX
        while any(one.is_running() and one.status() != psutil.STATUS_ZOMBIE for one in descendants if psutil.pid_exists(one.pid)):
            if time.monotonic() > deadline:
                raise RuntimeError("processes of a build do not end")
            _kill_all(descendants)
            time.sleep(0.005)
        if self._group:
            self._group.remove()
        self._selector.close()
        self._stdin.close()
        self._stdout.close()

    def _descendants(self) -> list[psutil.Process]:
        with contextlib.suppress(psutil.NoSuchProcess):
            return psutil.Process(self._process.pid).children(recursive=True)
        return []

    def _limit(self, launch: Launch) -> None:
        pid, limits = self._process.pid, launch.limits
        resource.prlimit(pid, resource.RLIMIT_CORE, (0, 0))
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (limits.disk_bytes_max, limits.disk_bytes_max))
        if self._group:
            self._group.add(pid)
        else:
            # The watch sees slow growth; this stops one process that asks for too much at once.
            room = limits.memory_bytes_max * 2
            resource.prlimit(pid, resource.RLIMIT_DATA, (room, room))


def end_orphans() -> None:
    """Kills processes of builds without isolation whose runner no longer lives; isolated ones die with theirs."""
    _kill_all(_marked(lambda mark: not ownership.alive(mark.rpartition("-")[0])))


def _kill_all(processes: list[psutil.Process]) -> None:
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess, ProcessLookupError, PermissionError):
            process.send_signal(signal.SIGKILL)


def _marked(wanted: Callable[[str], bool]) -> list[psutil.Process]:
    prefix = f"{MARK}=".encode()
    found = []
    for folder in Path("/proc").iterdir():
        if not folder.name.isdecimal() or int(folder.name) == os.getpid():
            continue
        with contextlib.suppress(OSError, psutil.NoSuchProcess):
            entries = (folder / "environ").read_bytes().split(b"\0")
            mark = next((entry for entry in entries if entry.startswith(prefix)), b"")
            if mark and wanted(mark[len(prefix) :].decode("utf-8", "replace")):
                found.append(psutil.Process(int(folder.name)))
    return found
