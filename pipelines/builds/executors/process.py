"""No isolation: the build runs as a child of the service. For trusted repositories, if the administrator allows."""

import os

from pipelines.builds.executors.executor import ExecutorUnusable, Launch
from pipelines.builds.request import Network
from pipelines.builds.scripts import DRIVER, Places
from pipelines.builds.toolchain import Toolchain
from pipelines.builds.workspace import Workspace


class Process:
    """Runs the driver with the rights of the service. It cannot limit the network, so it refuses to pretend."""

    name = "process"
    isolated = False

    def check(self, network: Network) -> None:
        """Raises ExecutorUnusable for any network policy but `full`."""
        if network != "full":
            raise ExecutorUnusable(
                executor=self.name,
                why=f"without isolation the network policy {network} cannot be kept",
                todo="Use the executor bubblewrap, or say network: full.",
            )

    def places(self, workspace: Workspace) -> Places:
        """The folders are where they are."""
        return Places(str(workspace.volume), str(workspace.control), str(workspace.volume / "tmp"))

    def path(self, toolchain: Toolchain, places: Places) -> str:
        """Tools of the build, then the service's own PATH."""
        del toolchain  # the service's own PATH leads to it
        own = [f"{places.volume}/venv/bin", f"{places.volume}/home/.local/bin", f"{places.volume}/home/.npm-global/bin"]
        return ":".join([*own, os.environ.get("PATH", os.defpath), f"{places.volume}/lockgate-tools"])

    def owner(self) -> tuple[int, int] | None:
        """The build runs as the service does."""
        return None

    def command(self, launch: Launch) -> list[str]:
        """A plain shell."""
        return ["sh", str(launch.workspace.control / DRIVER)]


EXECUTOR = Process()
