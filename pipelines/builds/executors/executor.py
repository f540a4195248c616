"""The contract of an executor: how a build is started in its kind of isolation, as pure functions and one check."""

from dataclasses import dataclass
from typing import Protocol

from pipelines.builds.request import Limits, Network
from pipelines.builds.scripts import Places
from pipelines.builds.toolchain import Toolchain
from pipelines.builds.workspace import Workspace
from service.kernel.errors import Problem


class ExecutorUnusable(Problem):
    """The executor cannot run the build here; there is no silent fallback to another."""

    status = 503
    says = "the executor {executor} cannot run this build: {why}"
    todo = "{todo}"


@dataclass(frozen=True)
class Launch:
    """All that the command line of a build depends on."""

    workspace: Workspace
    toolchain: Toolchain
    network: Network
    limits: Limits


class Executor(Protocol):
    """One kind of isolation."""

    name: str
    isolated: bool
    """Whether processes of the build are counted apart from all others of their user."""

    def check(self, network: Network) -> None:
        """Raises ExecutorUnusable, with what to install or allow, when it cannot run here with this network policy."""

    def places(self, workspace: Workspace) -> Places:
        """Where the build will see its folders."""

    def path(self, toolchain: Toolchain, places: Places) -> str:
        """The PATH that the build starts with."""

    def owner(self) -> tuple[int, int] | None:
        """User and group (of this host) that must own the volume, or None for this process's own."""

    def command(self, launch: Launch) -> list[str]:
        """The command line that runs the driver script."""
