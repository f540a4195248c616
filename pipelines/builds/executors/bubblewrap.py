"""Isolation by bubblewrap: namespaces of its own for users, processes, mounts, network and host name, no capabilities.

The build sees the system's programs read-only, its own volume at /build and /tmp, and nothing else of the host. It is
user 1000 inside. When the service is root, two bubblewraps are nested: the outer one, still root, mounts what the build
may see (parts may lie in folders that only root can enter); then the rights are dropped to a host user that owns
nothing else, and the inner one makes the namespaces. So no process of a build is root on the host, not even one that
finds a hole in its namespace.
"""

import os
import re
import shutil
import subprocess
from functools import cache
from pathlib import Path

from pipelines.builds.executors.executor import ExecutorUnusable, Launch
from pipelines.builds.request import Network
from pipelines.builds.scripts import DRIVER, Places
from pipelines.builds.toolchain import Toolchain
from pipelines.builds.workspace import Workspace

VERSION_MIN = (0, 8, 0)
INSIDE_ID = 1000
HOST_ID = 60842
"""The host user of builds when the service is root: a number that systemd's rules leave to nobody."""
SHM_BYTES = 256 * 1024 * 1024
CHECK_SECONDS_MAX = 20

NAMESPACES = (
    f"--unshare-all --unshare-user --disable-userns --uid {INSIDE_ID} --gid {INSIDE_ID} --hostname build"
    " --die-with-parent --new-session --cap-drop ALL"
)
PSEUDO = f"--proc /proc --dev /dev --perms 1777 --size {SHM_BYTES} --tmpfs /dev/shm --remount-ro /dev"
DROP = f"setpriv --reuid {HOST_ID} --regid {HOST_ID} --clear-groups --inh-caps=-all --bounding-set=-all --no-new-privs"

_CAPABILITIES = (21, 7, 6)  # SYS_ADMIN, SETUID, SETGID: what root needs to build the outer half
_ETC = (
    "alternatives ca-certificates ca-certificates.conf debian_version inputrc ld.so.cache ld.so.conf ld.so.conf.d"
    " locale.alias localtime magic mailcap mime.types nsswitch.conf os-release pki profile protocols services shells"
    " ssl/certs ssl/openssl.cnf timezone"
)
_ETC_GLOBS = ("java-*", "maven*", "gradle*", "dotnet*")
_PLACES = Places("/build", "/run/lockgate", "/tmp")  # noqa: S108  the build's own /tmp, on its volume


class Bubblewrap:
    """The default. Needs bwrap 0.8 or later, and root or user namespaces."""

    name = "bubblewrap"
    isolated = True
    _works = False

    def check(self, network: Network) -> None:
        """Raises ExecutorUnusable with what to install or to allow; once it works, it is not tried again."""
        del network  # every policy can be kept
        if not self._works and (problem := _problem()):
            raise ExecutorUnusable(executor=self.name, why=problem[0], todo=problem[1])
        self._works = True

    def places(self, workspace: Workspace) -> Places:
        """The same for every build."""
        del workspace
        return _PLACES

    def path(self, toolchain: Toolchain, places: Places) -> str:
        """Tools of the build first, the service's own last."""
        own = [f"{places.volume}/venv/bin", f"{places.volume}/home/.local/bin", f"{places.volume}/home/.npm-global/bin"]
        node = [str(toolchain.node_bin)] if toolchain.node_bin else []
        return ":".join(
            [*own, *node, "/usr/local/bin", "/usr/bin", "/bin", "/usr/sbin", "/sbin", f"{places.volume}/lockgate-tools"]
        )

    def owner(self) -> tuple[int, int] | None:
        """A user that owns nothing else, when the service is root."""
        return (HOST_ID, HOST_ID) if _privileged() else None

    def command(self, launch: Launch) -> list[str]:
        """The command line, one bubblewrap or two."""
        payload = ["--remount-ro", "/", "--chdir", _PLACES.source, "--", "sh", f"{_PLACES.control}/{DRIVER}"]
        return wrapped(mounts(launch), payload, share_network=launch.network == "full", privileged=_privileged())


def wrapped(visible: list[str], payload: list[str], *, share_network: bool, privileged: bool) -> list[str]:
    """The command line of bubblewrap around `payload` with the mounts `visible`."""
    namespaces = [*NAMESPACES.split(), *(["--share-net"] if share_network else [])]
    if not privileged:
        return ["bwrap", *namespaces, *visible, *PSEUDO.split(), *payload]
    # The inner one may mount a fresh /proc only where the host's whole one is seen; that is covered before all else
    outer = ["bwrap", "--die-with-parent", *visible, "--bind", "/proc", "/proc", "--dev", "/dev", "--"]
    return [*outer, *DROP.split(), "bwrap", *namespaces, "--bind", "/", "/", *PSEUDO.split(), *payload]


def mounts(launch: Launch) -> list[str]:
    """What the build sees of the host."""
    workspace = launch.workspace
    return [
        *_system(),
        *_etc(workspace.control, launch.network),
        *_bind_with_parents("--bind", workspace.volume, Path(_PLACES.volume)),
        *_bind_with_parents("--bind", workspace.volume / "tmp", Path(_PLACES.temporary)),
        *_bind_with_parents("--ro-bind", workspace.control, Path(_PLACES.control)),
        *(part for folder in launch.toolchain.folders for part in _bind_with_parents("--ro-bind", folder, folder)),
    ]


def identity_files() -> dict[str, str]:
    """Files of /etc that are made, not shown, by name."""
    ids = f"{INSIDE_ID}:{INSIDE_ID}"
    return {
        "passwd": f"root:x:0:0:root:/root:/usr/sbin/nologin\nbuild:x:{ids}:build:/build/home:/bin/sh\n"
        "nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n",
        "group": f"root:x:0:\nbuild:x:{INSIDE_ID}:\nnogroup:x:65534:\n",
        "hosts": "127.0.0.1 localhost build\n::1 localhost\n",
        "hostname": "build\n",
    }


def _system() -> list[str]:
    words = ["--ro-bind", "/usr", "/usr"]
    for name in ("/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32"):
        path = Path(name)
        if path.is_symlink():
            words += ["--symlink", str(path.readlink()), name]
        elif path.is_dir():
            words += ["--ro-bind", name, name]
    return words


def _etc(control: Path, network: Network) -> list[str]:
    found = [Path("/etc") / name for name in _ETC.split()]
    found += [path for glob in _ETC_GLOBS for path in sorted(Path("/etc").glob(glob))]
    words = ["--perms", "0755", "--dir", "/etc", "--perms", "0755", "--dir", "/etc/ssl"]
    for path in found:
        if path.exists():
            words += ["--ro-bind", os.path.realpath(path), str(path)]
    for name in identity_files():
        words += ["--ro-bind", str(control / "etc" / name), f"/etc/{name}"]
    if network == "full" and Path("/etc/resolv.conf").exists():
        words += ["--ro-bind", os.path.realpath("/etc/resolv.conf"), "/etc/resolv.conf"]
    return words


def _bind_with_parents(kind: str, outside: Path, inside: Path) -> list[str]:
    """Each parent is made first, open to read: those that bwrap makes by itself are closed to all but root."""
    parents = [parent for parent in reversed(inside.parents) if parent != Path("/")]
    return [
        *(word for parent in parents for word in ("--perms", "0755", "--dir", str(parent))),
        kind,
        str(outside),
        str(inside),
    ]


@cache
def _privileged() -> bool:
    """Whether this process is root enough to mount, and the builds' host user exists where it runs."""
    if os.geteuid() != 0:
        return False
    status = Path("/proc/self/status").read_text()
    held = re.search(r"^CapEff:\s*([0-9a-f]+)$", status, re.MULTILINE)
    capabilities = int(held[1], 16) if held else 0
    mapped = any(
        int(first) <= HOST_ID < int(first) + int(count)
        for first, _outer, count in (line.split() for line in Path("/proc/self/uid_map").read_text().splitlines())
    )
    return mapped and all(capabilities >> one & 1 for one in _CAPABILITIES)


def _problem() -> tuple[str, str] | None:
    """What keeps bubblewrap from working here and what to do about it, or None."""
    if not shutil.which("bwrap"):
        return "bwrap is not installed", "Install the package bubblewrap (0.8 or later) of this system."
    said = subprocess.run(["bwrap", "--version"], capture_output=True, text=True, timeout=CHECK_SECONDS_MAX).stdout
    version = tuple(int(number) for number in re.findall(r"\d+", said)[:3])
    if version < VERSION_MIN:
        return f"{said.strip()} is too old", "Install bubblewrap 0.8 or later."
    if _privileged() and not shutil.which("setpriv"):
        return "setpriv is not installed", "Install the package util-linux of this system."
    command = wrapped(
        [*_system(), "--tmpfs", _PLACES.temporary], ["--", "true"], share_network=False, privileged=_privileged()
    )
    tried = subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=CHECK_SECONDS_MAX,
        env={"PATH": "/usr/bin:/bin:/usr/sbin:/sbin"},
    )
    if tried.returncode == 0:
        return None
    reason = (tried.stderr.strip().splitlines() or [f"exit code {tried.returncode}"])[-1]
    return reason, (
        "Run the service as root, or allow user namespaces to its user (sysctl user.max_user_namespaces, and "
        "kernel.apparmor_restrict_unprivileged_userns=0 or an AppArmor profile for bwrap); in a container, allow both."
    )


EXECUTOR = Bubblewrap()
