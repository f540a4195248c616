"""The data folder: made, proven writable, held by one instance."""

import fcntl
import os
from pathlib import Path

from service.kernel.errors import Problem

FOLDERS = ("git", "blobs", "work", "logs", "run")


class DataFolderUnusable(Problem):
    """The folder cannot be made or written."""

    status = 500
    says = "the data folder {path} cannot be used: {why}"
    todo = "Name another one with --data, or make it writable for this user."


class AlreadyRunning(Problem):
    """Another instance holds the folder's lock."""

    status = 409
    says = "another Lockgate (process {pid}) already serves the data folder {path}"
    todo = "Stop it first, or name another folder with --data."


def prepare(data: Path) -> None:
    """Makes the data folder and proves that it can be written. Raises DataFolderUnusable."""
    try:
        data.mkdir(parents=True, exist_ok=True, mode=0o700)
        for name in FOLDERS:
            (data / name).mkdir(exist_ok=True)
        probe = data / "run" / f".probe-{os.getpid()}"
        probe.write_bytes(b"")
        probe.unlink()
    except OSError as error:
        raise DataFolderUnusable(path=data, why=error.strerror or str(error)) from None


def hold(data: Path) -> int:
    """Takes the folder's lock for the life of this process; answers the descriptor. Raises AlreadyRunning."""
    lock = os.open(data / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        pid = os.read(lock, 20).decode(errors="replace").strip() or "unknown"
        os.close(lock)
        raise AlreadyRunning(pid=pid, path=data) from None
    os.ftruncate(lock, 0)
    os.pwrite(lock, f"{os.getpid()}\n".encode(), 0)
    return lock
