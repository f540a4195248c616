"""Runs a program of strangers for another room in the isolation of a build: no network, its own files, one answer file."""

import json
import secrets
import shutil
import socket
import tarfile
from collections.abc import Callable
from pathlib import Path

from pipelines.builds import ownership, workspace
from pipelines.builds.request import MIB, PRIMARY, BuildRequest, Limits
from pipelines.builds.runner import run_build
from service.kernel.site import Isolated

MEMORY_BYTES_MAX = 1024 * MIB
PROCESSES_MAX = 64
DISK_BYTES_MAX = 256 * MIB
LOG_BYTES_MAX = 64 * 1024


def roots(data: Path) -> tuple[Path, Path]:
    """Where this machine keeps what its builds are made from, and where they run; a new worker sweeps both."""
    mine = data / "work" / socket.gethostname()  # the data folder may be shared by several machines
    return mine / "attempts", mine / "builds"


class BuildIsolation:
    """See service.kernel.site.Isolation."""

    def __init__(self, data: Path) -> None:
        self._data = data

    def run(
        self, name: str, command: str, fill: Callable[[Path], None], *, answer: str, answer_bytes_max: int, seconds_max: float
    ) -> Isolated:
        """Runs `command`, a line of shell, in a folder that `fill` filled; what it leaves in the file `answer` is its answer."""
        made, builds = (root / f"{name}-{secrets.token_hex(8)}" for root in roots(self._data))
        try:
            (made / "source").mkdir(parents=True)
            (made / "owner").write_text(ownership.mine())
            fill(made / "source")
            spec = {"version": 0.2, "phases": {"build": {"commands": [command]}}, "artifacts": {"files": [answer]}}
            request = BuildRequest(
                name=name, source=made / "source", work=builds, spec_text=json.dumps(spec).encode(), network="none",
                limits=Limits(seconds_max, MEMORY_BYTES_MAX, PROCESSES_MAX, DISK_BYTES_MAX, LOG_BYTES_MAX), move_source=True,
            )  # fmt: skip
            result = run_build(request, log=made / "log", should_stop=lambda: False)
            archive = result.artifacts.get(PRIMARY)
            given = _read(archive, answer, answer_bytes_max) if archive is not None else None
            return Isolated(given, "" if result.state == "passed" else result.reason, usable=result.cause != "executor")
        finally:
            shutil.rmtree(made, ignore_errors=True)
            workspace.remove(builds)


def _read(archive: Path, name: str, bytes_max: int) -> bytes | None:
    """The file in an artifact; None where there is a link or too much in its place."""
    with tarfile.open(archive) as packed:
        for member in packed:
            if member.name.removeprefix("./") == name and member.isreg() and member.size <= bytes_max:
                stream = packed.extractfile(member)
                return stream.read(bytes_max) if stream is not None else None
    return None
