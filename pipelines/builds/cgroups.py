"""Control groups, where this process may make them: version 2 if delegated, else version 1, else none.

https://docs.kernel.org/admin-guide/cgroup-v2.html, https://docs.kernel.org/admin-guide/cgroup-v1/memory.html
"""

import contextlib
import os
import re
import signal
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pipelines.builds import ownership

PREFIX = "lockgate-build-"
REMOVE_SECONDS_MAX = 10.0


@dataclass(frozen=True)
class Hierarchy:
    """Folders below which groups can be made, by controller; in version 2 both are the same folder."""

    version: int
    memory: Path
    pids: Path


@dataclass(frozen=True)
class Group:
    """A control group that holds the processes of one build."""

    hierarchy: Hierarchy
    name: str

    @property
    def folders(self) -> tuple[Path, ...]:
        """Its folder in each hierarchy."""
        return tuple(dict.fromkeys((self.memory, self.pids)))

    @property
    def memory(self) -> Path:
        """The folder of the memory controller."""
        return self.hierarchy.memory / self.name

    @property
    def pids(self) -> Path:
        """The folder of the process counter."""
        return self.hierarchy.pids / self.name

    def add(self, pid: int) -> None:
        """Moves a process, and so its future children, into the group."""
        for folder in self.folders:
            (folder / "cgroup.procs").write_text(str(pid))

    def processes(self) -> list[int]:
        """Process numbers in the group."""
        try:
            return [int(line) for line in (self.pids / "cgroup.procs").read_text().split()]
        except OSError:
            return []

    def memory_denied(self) -> bool:
        """Whether the kernel killed a process because the memory limit was reached."""
        file = "memory.events" if self.hierarchy.version == 2 else "memory.oom_control"
        return _counter(self.memory / file, "oom_kill") > 0

    def processes_denied(self) -> bool:
        """Whether a fork was refused because the process limit was reached."""
        return _counter(self.pids / "pids.events", "max") > 0

    def kill(self) -> None:
        """Kills every process in the group, also those that fork meanwhile."""
        for _round in range(100):
            pids = self.processes()
            for pid in pids:
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.kill(pid, signal.SIGKILL)
            if not pids:
                return
            time.sleep(0.005)

    def remove(self) -> None:
        """Takes the group away; its processes must be dying."""
        deadline = time.monotonic() + REMOVE_SECONDS_MAX
        for folder in self.folders:
            while folder.exists() and time.monotonic() < deadline:
                with contextlib.suppress(OSError):
                    folder.rmdir()
                    break
                self.kill()
                time.sleep(0.01)


def detect(cgroup: str | None = None, mountinfo: str | None = None) -> Hierarchy | None:
    """Where groups with both a memory and a process limit can be made by this process, or None.

    The texts are those of /proc/self/cgroup and /proc/self/mountinfo.
    """
    try:
        cgroup = Path("/proc/self/cgroup").read_text() if cgroup is None else cgroup
        mountinfo = Path("/proc/self/mountinfo").read_text() if mountinfo is None else mountinfo
    except OSError:
        return None
    places = _places(cgroup, mountinfo)
    if unified := places.get(""):
        for folder in (unified, unified.parent):
            if _delegated(folder):
                return Hierarchy(2, folder, folder)
    memory, pids = places.get("memory"), places.get("pids")
    if memory and pids and os.access(memory, os.W_OK) and os.access(pids, os.W_OK):
        return Hierarchy(1, memory, pids)
    return None


def create(hierarchy: Hierarchy, serial: str, *, memory_bytes_max: int, processes_max: int) -> Group:
    """Makes a group with limits, named for this process so that a later one can sweep it. Raises OSError."""
    group = Group(hierarchy, f"{PREFIX}{ownership.mine()}-{serial}")
    for folder in group.folders:
        folder.mkdir()
    if hierarchy.version == 2:
        settings: Mapping[Path, int] = {
            group.memory / "memory.max": memory_bytes_max,
            group.memory / "memory.swap.max": 0,
        }
    else:
        # The second counts memory and swap together, and is there only if the kernel counts swap.
        settings = {
            group.memory / "memory.limit_in_bytes": memory_bytes_max,
            group.memory / "memory.memsw.limit_in_bytes": memory_bytes_max,
        }
    for file, value in settings.items():
        if file.exists():
            file.write_text(str(value))
    (group.pids / "pids.max").write_text(str(processes_max))
    return group


def sweep(hierarchy: Hierarchy) -> None:
    """Ends and removes the groups of dead makers."""
    for folder in {hierarchy.memory, hierarchy.pids}:
        for child in folder.glob(f"{PREFIX}*"):
            if not ownership.alive(child.name.removeprefix(PREFIX).rpartition("-")[0]):
                group = Group(hierarchy, child.name)
                group.kill()
                group.remove()


def _delegated(folder: Path) -> bool:
    """Whether children of a version 2 folder get both controllers, switching them on if that is allowed."""
    control = folder / "cgroup.subtree_control"
    with contextlib.suppress(OSError):
        if not os.access(folder, os.W_OK):
            return False
        if not {"memory", "pids"} <= set(control.read_text().split()):
            control.write_text("+memory +pids")
        return {"memory", "pids"} <= set(control.read_text().split())
    return False


def _places(cgroup: str, mountinfo: str) -> dict[str, Path]:
    """The folder of this process by controller; version 2 has the key ""."""
    paths: dict[str, str] = {}
    for line in cgroup.splitlines():
        _number, controllers, path = line.split(":", 2)
        for controller in controllers.split(","):
            paths[controller] = path
    places: dict[str, Path] = {}
    for line in mountinfo.splitlines():
        left, _, right = line.partition(" - ")
        root, point = left.split()[3:5]
        kind, _source, options = right.split(maxsplit=2)
        names = [""] if kind == "cgroup2" else options.split(",") if kind == "cgroup" else []
        for name in names:
            if name in paths:
                inside = os.path.relpath(paths[name], root) if paths[name].startswith(root) else "."
                places[name] = Path(point) / inside
    return places


def _counter(file: Path, name: str) -> int:
    try:
        found = re.search(rf"^{name} (\d+)$", file.read_text(), re.MULTILINE)
    except OSError:
        return 0
    return int(found[1]) if found else 0
