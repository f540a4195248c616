"""Running one script of a bundle: in a session of its own, with a time limit, its output in a file."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from typing import Callable, NamedTuple

LOG_BYTES_MAX = 64 * 1024 * 1024
TERM_SECONDS = 5.0
LOOK_EVERY_SECONDS = 0.25


class Ended(NamedTuple):
    """How a script ended. `error` is "" when it did well."""

    error: str
    exit_code: int | None


class Leftover(NamedTuple):
    """A script that an agent started which is gone: process id and start time, as in /proc."""

    pid: int
    started: str


def run(
    path: str,
    *,
    environment: dict[str, str],
    folder: str,
    log: str,
    seconds_max: float,
    user: str | None,
    started: Callable[[Leftover], None],
    interrupted: Callable[[], str],
) -> Ended:
    """Runs a script to its end, its limit, or until `interrupted` answers an error word.

    The output goes straight into the file `log`: a daemon that the script leaves behind keeps writing there and cannot
    make the agent wait, and a script outlives a killed agent instead of dying on a broken pipe.
    """
    if not os.path.isfile(path):
        return Ended("SCRIPT_MISSING", None)
    # Archives forget the executable bit, and the user of `runas` is not the one who unpacked.
    os.chmod(path, os.stat(path).st_mode | 0o555)  # noqa: S103
    with open(log, "ab") as out:
        start = out.tell()
        try:
            uid, gid, groups = _identity(user)
            process = subprocess.Popen(
                [path], stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT, cwd=folder, env=environment,
                start_new_session=True, user=uid, group=gid, extra_groups=groups,
            )
        except (OSError, subprocess.SubprocessError) as problem:
            out.write(f"{path}: {problem}\n".encode())
            return Ended("SCRIPT_NOT_EXECUTABLE", None)
        except KeyError:
            out.write(f"runas: there is no user {user}\n".encode())
            return Ended("RUNAS_UNKNOWN", None)
    started(Leftover(process.pid, start_time(process.pid)))
    deadline = time.monotonic() + seconds_max
    while True:
        try:
            code = process.wait(LOOK_EVERY_SECONDS)
        except subprocess.TimeoutExpired:
            why = interrupted() or _overrun(deadline, log, start)
            if not why:
                continue
            kill_group(process.pid, process)
            return Ended(why, None)
        return Ended("" if code == 0 else "SCRIPT_FAILED", code)


def kill_group(pid: int, process: subprocess.Popen[bytes] | None = None) -> None:
    """Ends a script and all of its group: TERM, some seconds of grace, KILL. `process`, our child, is reaped."""
    for number, grace in ((signal.SIGTERM, TERM_SECONDS), (signal.SIGKILL, 1.0)):
        try:
            os.killpg(pid, number)
        except (ProcessLookupError, PermissionError):
            break
        deadline = time.monotonic() + grace
        while time.monotonic() < deadline and _lives(pid, process):
            time.sleep(0.05)
    if process is not None:
        process.wait()


def kill_leftover(leftover: Leftover) -> None:
    """Ends a script of a dead agent, if its process is still the same one."""
    if leftover.started and start_time(leftover.pid) == leftover.started:
        kill_group(leftover.pid)


def start_time(pid: int) -> str:
    """When a process started, in the kernel's ticks: tells it from a later one with the same id. "" if unknown."""
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return ""


def tail(path: str, start: int, size: int) -> str:
    """The last `size` bytes of what was written to a log since `start`."""
    try:
        with open(path, "rb") as file:
            end = file.seek(0, os.SEEK_END)
            file.seek(max(start, end - size))
            return file.read(size).decode("utf-8", "replace")
    except FileNotFoundError:
        return ""


def _overrun(deadline: float, log: str, start: int) -> str:
    if time.monotonic() > deadline:
        return "SCRIPT_TIMED_OUT"
    return "LOG_TOO_LARGE" if os.path.getsize(log) - start > LOG_BYTES_MAX else ""


def _lives(pid: int, process: subprocess.Popen[bytes] | None) -> bool:
    if process is not None:
        process.poll()
    try:
        os.killpg(pid, 0)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def _identity(user: str | None) -> tuple[int | None, int | None, list[int] | None]:
    """User, group and further groups of a process, or Nones for our own. Raises KeyError for an unknown user."""
    if user is None:
        return None, None, None
    import grp
    import pwd

    entry = pwd.getpwnam(user)
    if entry.pw_uid == os.getuid():
        return None, None, None
    groups = [group.gr_gid for group in grp.getgrall() if user in group.gr_mem]
    return entry.pw_uid, entry.pw_gid, groups
