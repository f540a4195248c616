"""Watches what a build uses and ends it when a limit is passed.

With control groups the kernel denies memory and processes, and the watch sees the denial. Without them the watch adds
up the processes of the tree itself. Disk is always watched: every file under the volume and every file that is deleted
but open.
"""

import contextlib
import os
import stat
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import psutil

from pipelines.builds.cgroups import Group
from pipelines.builds.request import MIB, Limits

TICK_SECONDS = 0.05
SCAN_SECONDS_MIN = 0.5
SCAN_SHARE = 5
"""A scan may take one part in this many of the time."""
FREE_BYTES_MIN = 64 * MIB
"""The file system keeps this much for everybody else."""
INODE_BYTES = 512
"""What an empty file costs, so that a million of them is not free."""


class Watch(threading.Thread):
    """One thread per build. `breach` becomes the reason once a limit was passed, and `on_breach` is called once."""

    def __init__(self, volume: Path, limits: Limits, root_pid: int, group: Group | None, on_breach: Callable[[], None]) -> None:
        super().__init__(name="build-watch", daemon=True)
        self._volume, self._limits, self._root_pid, self._group = volume, limits, root_pid, group
        self._on_breach = on_breach
        self._ended = threading.Event()
        self._looking = threading.Lock()
        self._free_at_start = _free_bytes(volume)
        self._scanned_at = 0.0
        self._scan_seconds = 0.0
        self._scanned_bytes = 0
        self._free_at_scan = self._free_at_start
        self.breach = ""

    def run(self) -> None:
        """Looks every 50 ms until `end` or a breach."""
        while not self._ended.wait(TICK_SECONDS):
            if self.check():
                return

    def check(self, *, final: bool = False) -> str:
        """One look; the reason if a limit is passed. The `final` one, after a failure, always measures the disk."""
        with self._looking:
            if not self.breach:
                self.breach = self._processes() or self._memory() or self._disk(final)
                if self.breach:
                    self._on_breach()
            return self.breach

    def end(self) -> None:
        """Stops looking."""
        self._ended.set()
        if self.ident is not None:
            self.join()

    def tree(self) -> list[int]:
        """Processes of the build."""
        if self._group:
            return self._group.processes()
        with contextlib.suppress(psutil.NoSuchProcess):
            return [child.pid for child in psutil.Process(self._root_pid).children(recursive=True)]
        return []

    def _processes(self) -> str:
        reached = self._group.processes_denied() if self._group else _threads(self.tree()) >= self._limits.processes_max
        return f"the limit of {self._limits.processes_max} processes was reached" if reached else ""

    def _memory(self) -> str:
        held = 0 if self._group else sum(map(_resident_bytes, self.tree()))
        reached = self._group.memory_denied() if self._group else held > self._limits.memory_bytes_max
        return f"the limit of {self._limits.memory_bytes_max // MIB} MiB of memory was reached" if reached else ""

    def _disk(self, at_once: bool) -> str:
        free = _free_bytes(self._volume)
        if free < FREE_BYTES_MIN and free < self._free_at_start:
            return "the disk of this server is full"
        now = time.monotonic()
        grown = self._free_at_scan - free
        due = now - self._scanned_at >= max(SCAN_SECONDS_MIN, self._scan_seconds * SCAN_SHARE)
        # Between scans the free space of the file system is cheap to ask and tells whether a look is due at once.
        headroom = self._limits.disk_bytes_max - self._scanned_bytes
        if not due and not at_once and (grown < headroom / 2 or now - self._scanned_at < self._scan_seconds * 2):
            return ""
        used, complete = used_bytes(self._volume, self.tree())
        if not complete:
            used = max(used, self._free_at_start - free)
        self._scanned_bytes, self._free_at_scan = used, free
        self._scanned_at = time.monotonic()
        self._scan_seconds = self._scanned_at - now
        return f"the limit of {self._limits.disk_bytes_max // MIB} MiB of disk was reached" if used > self._limits.disk_bytes_max else ""


def used_bytes(volume: Path, pids: Iterable[int] = ()) -> tuple[int, bool]:
    """Bytes of disk below `volume`, with deleted files that `pids` hold open; False if a folder could not be read."""
    seen: set[int] = set()
    complete = True
    total = 0
    folders = [str(volume)]
    while folders:
        try:
            with os.scandir(folders.pop()) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        folders.append(entry.path)
                    total += _once(entry.stat(follow_symlinks=False), seen)
        except FileNotFoundError:
            continue
        except OSError:
            complete = False
    device = volume.stat().st_dev
    for pid in pids:
        with contextlib.suppress(OSError):
            for fd in os.scandir(f"/proc/{pid}/fd"):
                with contextlib.suppress(OSError):
                    known = Path(fd.path).stat()
                    if stat.S_ISREG(known.st_mode) and known.st_dev == device and not known.st_nlink:
                        total += _once(known, seen)
    return total, complete


def _once(known: os.stat_result, seen: set[int]) -> int:
    if known.st_nlink != 1 and not stat.S_ISDIR(known.st_mode):
        if known.st_ino in seen:
            return 0
        seen.add(known.st_ino)
    return known.st_blocks * 512 + INODE_BYTES


def _free_bytes(folder: Path) -> int:
    known = os.statvfs(folder)
    return known.f_bavail * known.f_frsize


def _threads(pids: list[int]) -> int:
    count = 0
    for pid in pids:
        with contextlib.suppress(OSError):
            count += sum(1 for _ in Path(f"/proc/{pid}/task").iterdir())
    return count


def _resident_bytes(pid: int) -> int:
    """Memory that only this process uses: shared libraries would count once for every process."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith(("RssAnon:", "RssShmem:")))
