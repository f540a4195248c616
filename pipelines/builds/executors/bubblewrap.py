"""The default executor: bubblewrap, as `isolation` puts it together."""

from pipelines.builds import isolation
from pipelines.builds.executors.executor import ExecutorUnusable, Launch
from pipelines.builds.isolation import PLACES
from pipelines.builds.request import Network
from pipelines.builds.scripts import DRIVER, Places
from pipelines.builds.toolchain import Toolchain
from pipelines.builds.workspace import Workspace


class Bubblewrap:
    """The default. Needs bwrap 0.8 or later, and root or user namespaces."""

    name = "bubblewrap"
    isolated = True
    _works = False

    def check(self, network: Network) -> None:
        """Raises ExecutorUnusable with what to install or to allow; once it works, it is not tried again."""
        del network  # every policy can be kept
        if not self._works and (problem := isolation.problem()):
            raise ExecutorUnusable(executor=self.name, why=problem[0], todo=problem[1])
        self._works = True

    def places(self, workspace: Workspace) -> Places:
        """The same for every build."""
        del workspace
        return PLACES

    def path(self, toolchain: Toolchain, places: Places) -> str:
        """Tools of the build first, the service's own last."""
        own = [f"{places.volume}/venv/bin", f"{places.volume}/home/.local/bin", f"{places.volume}/home/.npm-global/bin"]
        node = [str(toolchain.node_bin)] if toolchain.node_bin else []
        return ":".join([*own, *node, "/usr/local/bin", "/usr/bin", "/bin", "/usr/sbin", "/sbin", f"{places.volume}/lockgate-tools"])

    def owner(self) -> tuple[int, int] | None:
        """A user that owns nothing else, when the service is root."""
        return (isolation.HOST_ID, isolation.HOST_ID) if isolation.privileged() else None

    def command(self, launch: Launch) -> list[str]:
        """The command line, one bubblewrap or two."""
        payload = ["--remount-ro", "/", "--chdir", PLACES.source, "--", "sh", f"{PLACES.control}/{DRIVER}"]
        view = isolation.view(launch.workspace, launch.toolchain, launch.network)
        full, root = launch.network == "full", isolation.privileged()
        return isolation.wrapped(view, launch.workspace.stage, payload, share_network=full, as_root=root)


EXECUTOR = Bubblewrap()
