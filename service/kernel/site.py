"""What every request and job works with: settings, database, blobs, and the doors the roof opens between rooms."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from service.kernel.blobs import Blobs
from service.kernel.db import Database


@dataclass(frozen=True)
class Settings:
    """How this Lockgate runs; read once from the command line, passed down."""

    data: Path
    """The data folder; git repositories in `data/git`, work folders in `data/work`, logs in `data/logs`."""
    host: str = "127.0.0.1"
    port: int = 8642
    database_url: str = ""
    blob_url: str = ""
    web_workers: int = 2
    build_slots: int = 2
    allow_process_executor: bool = False
    """Whether builds may run without isolation; for trusted repositories, said by the administrator only."""
    repository_rules: tuple[str, ...] = ()
    """Globs over names of git repositories whose own review rules may run, in the isolation of a build."""
    trusted_proxies: tuple[str, ...] = ()
    public_url: str = ""

    @property
    def base_url(self) -> str:
        """Where this host reaches the service: `http://127.0.0.1:8642`, without a slash at the end."""
        host = "127.0.0.1" if self.host in ("0.0.0.0", "", "::") else self.host  # noqa: S104  compared, not bound
        return self.public_url or f"http://{host}:{self.port}"


class Sources(Protocol):
    """Reading source code by commit, without knowing the git host."""

    def resolve(self, repository: str, ref: str) -> str | None:
        """The commit a branch, tag or hash names, or None."""

    def read(self, repository: str, commit: str, path: str) -> bytes | None:
        """A file of the commit, or None when there is none. At most 1 MiB; raises TooLarge."""

    def export(self, repository: str, commit: str, folder: Path) -> None:
        """Writes the commit's tree into an existing empty folder. Symbolic links stay links."""

    def subject(self, repository: str, commit: str) -> str:
        """The first line of the commit message."""


@dataclass(frozen=True)
class Isolated:
    """What came of an isolated program: its answer, if it left one, and why it did not end well; "" if it did."""

    answer: bytes | None
    reason: str
    usable: bool = True
    """Whether this server can isolate at all."""


class Isolation(Protocol):
    """Running programs of strangers apart from this host, as builds are, without knowing the pipelines."""

    def run(
        self, name: str, command: str, fill: Callable[[Path], None], *, answer: str, answer_bytes_max: int, seconds_max: float
    ) -> Isolated:
        """Runs `command`, a line of shell, in a folder that `fill` filled; what it leaves in the file `answer` is its answer.

        No network, no file of this host but the system's programs and the service's own environment, limits on all it uses.
        """


@dataclass
class Site:
    """One per process, made by the roof."""

    settings: Settings
    db: Database
    blobs: Blobs
    sources: Sources
    worker_id: str = field(default="")
    isolation: Isolation | None = None
