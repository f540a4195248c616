"""Isolation by bubblewrap: namespaces of its own for users, processes, mounts, network and host name, no capabilities.

The build sees the system's programs read-only, its own volume at /build and /tmp, and nothing else of the host. It is
user 1000 inside. When the service is root, what the build may see is first mounted in a mount namespace (parts may lie in
folders that only root can enter), then the rights are dropped to a host user that owns nothing else, and only then is
bubblewrap started. So no process of a build is root on the host, not even one that finds a hole in its namespace.

No process stands between the service and bubblewrap: its end is told by the kernel in the name of the one that ended, which
must be allowed to kill the other.
"""

import os
import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from pipelines.builds.request import Network
from pipelines.builds.scripts import Places
from pipelines.builds.toolchain import Toolchain
from pipelines.builds.workspace import Workspace

VERSION_MIN = (0, 8, 0)
INSIDE_ID = 1000
HOST_ID = 60842
"""The host user of builds when the service is root: a number that systemd's rules leave to nobody."""
SHM_BYTES = 256 * 1024 * 1024
CHECK_SECONDS_MAX = 20
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
"""Where the parts of the isolation itself are found."""

NAMESPACES = (
    f"--unshare-all --unshare-user --disable-userns --uid {INSIDE_ID} --gid {INSIDE_ID} --hostname build"
    " --die-with-parent --new-session --cap-drop ALL"
)
PSEUDO = f"--proc /proc --dev /dev --perms 1777 --size {SHM_BYTES} --tmpfs /dev/shm --remount-ro /dev"
STAGE = """\
set -e
umask 022
stage=$1 names=$2; shift 2
cd "$stage"
[ -z "$names" ] || mkdir $names
for name in $names; do
  mount --rbind "$1" "$stage/$name"; shift
done
mount --rbind "$stage" /tmp
exec "$@"
"""
DROP = f"setpriv --reuid {HOST_ID} --regid {HOST_ID} --clear-groups --inh-caps=-all --bounding-set=-all --no-new-privs"

_CAPABILITIES = (21, 8, 7, 6)  # SYS_ADMIN, SETPCAP, SETUID, SETGID: what root needs to mount and to step down
_ETC = (
    "alternatives ca-certificates ca-certificates.conf debian_version inputrc ld.so.cache ld.so.conf ld.so.conf.d"
    " locale.alias localtime magic mailcap mime.types nsswitch.conf os-release pki profile protocols services shells"
    " ssl/certs ssl/openssl.cnf timezone"
)
_ETC_GLOBS = ("java-*", "maven*", "gradle*", "dotnet*")
PLACES = Places("/build", "/run/lockgate", "/tmp")  # noqa: S108  the build's own /tmp, on its volume


@dataclass(frozen=True)
class Bind:
    """One part of a folder of the host, `root`/`part`, seen in the build as `inside`."""

    option: str
    root: Path
    part: str
    inside: Path

    def words(self, root: Path) -> list[str]:
        """For bwrap, with `root` found at another place. Parents that bwrap would make by itself are closed to others."""
        parents = [parent for parent in reversed(self.inside.parents) if parent != Path("/")]
        made = [word for parent in parents for word in ("--perms", "0755", "--dir", str(parent))]
        return [*made, self.option, str(root / self.part), str(self.inside)]


@dataclass(frozen=True)
class View:
    """What a build sees of the host: `system` are words for bwrap that need no rights."""

    system: tuple[str, ...]
    binds: tuple[Bind, ...] = ()

    @property
    def roots(self) -> tuple[Path, ...]:
        """The folders that must be within reach of the builds' user."""
        return tuple(dict.fromkeys(bind.root for bind in self.binds))


def wrapped(view: View, stage: Path, payload: list[str], *, share_network: bool, as_root: bool) -> list[str]:
    """The command line of bubblewrap around `payload`. `stage` is an empty folder, used when root starts it."""
    before: list[str] = []
    place = {root: root for root in view.roots}
    if as_root:
        place = {root: Path("/tmp") / str(number) for number, root in enumerate(view.roots)}  # noqa: S108  its own /tmp
        names = " ".join(path.name for path in place.values())
        before = ["unshare", "--mount", "--propagation", "private", "sh", "-c", STAGE, "sh", str(stage), names]
        before += [*map(str, view.roots), *DROP.split()]
    words = [word for bind in view.binds for word in bind.words(place[bind.root])]
    namespaces = [*NAMESPACES.split(), *(["--share-net"] if share_network else [])]
    return [*before, "bwrap", *namespaces, *view.system, *words, *PSEUDO.split(), *payload]


def view(workspace: Workspace, toolchain: Toolchain, network: Network) -> View:
    """The system, the build's own folders, and the interpreters from where they are installed."""
    volume, control = workspace.volume, workspace.control
    return View(
        (*_system(), *_etc(network)),
        (
            Bind("--bind", volume, "", Path(PLACES.volume)),
            Bind("--bind", volume, "tmp", Path(PLACES.temporary)),
            Bind("--ro-bind", control, "", Path(PLACES.control)),
            *(Bind("--ro-bind", control, f"etc/{name}", Path("/etc") / name) for name in identity_files()),
            *(Bind("--ro-bind", folder, "", folder) for folder in toolchain.folders),
        ),
    )


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


def _etc(network: Network) -> list[str]:
    found = [Path("/etc") / name for name in _ETC.split()]
    found += [path for glob in _ETC_GLOBS for path in sorted(Path("/etc").glob(glob))]
    if network == "full":
        found.append(Path("/etc/resolv.conf"))
    words = ["--perms", "0755", "--dir", "/etc", "--perms", "0755", "--dir", "/etc/ssl"]
    for path in found:
        if path.exists():
            words += ["--ro-bind", os.path.realpath(path), str(path)]
    return words


@cache
def privileged() -> bool:
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


def problem() -> tuple[str, str] | None:
    """What keeps bubblewrap from working here and what to do about it, or None."""
    if not shutil.which("bwrap", path=PATH):
        return "bwrap is not installed", "Install the package bubblewrap (0.8 or later) of this system."
    env = {"PATH": PATH}
    said = subprocess.run(["bwrap", "--version"], capture_output=True, text=True, timeout=CHECK_SECONDS_MAX, env=env).stdout
    version = tuple(int(number) for number in re.findall(r"\d+", said)[:3])
    if version < VERSION_MIN:
        return f"{said.strip()} is too old", "Install bubblewrap 0.8 or later."
    for tool in ("setpriv", "unshare", "mount") if privileged() else ():
        if not shutil.which(tool, path=PATH):
            return f"{tool} is not installed", "Install the packages util-linux and mount of this system."
    with tempfile.TemporaryDirectory() as stage:
        command = wrapped(View(tuple(_system())), Path(stage), ["true"], share_network=False, as_root=privileged())
        tried = subprocess.run(command, capture_output=True, text=True, timeout=CHECK_SECONDS_MAX, env=env)
    if tried.returncode == 0:
        return None
    reason = (tried.stderr.strip().splitlines() or [f"exit code {tried.returncode}"])[-1]
    return reason, (
        "Run the service as root, or allow user namespaces to its user (sysctl user.max_user_namespaces, and "
        "kernel.apparmor_restrict_unprivileged_userns=0 or an AppArmor profile for bwrap); in a container, allow both."
    )
