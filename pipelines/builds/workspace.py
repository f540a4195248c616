"""The folder of one build: made before it, emptied after it, and swept away when its maker died.

WORK/owner       who made it (see `ownership`)
WORK/volume      all that the build may write: src, home, inputs, tmp, venv, .lockgate
WORK/control     scripts, and the socket of the registry
WORK/artifacts   NAME.tar.gz, for the caller to store
"""

import os
import shutil
import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pipelines.builds import ownership
from pipelines.builds.request import BuildRequest
from pipelines.builds.scripts import Places
from pipelines.builds.toolchain import Toolchain
from pipelines.builds.unpacking import unpack

TOOLS = ("twine",)
"""Modules of the service's own environment that a build may call by name."""

_PIP = '#!/bin/sh\nexec {python} -m pip "$@"\n'


class WorkspaceBusy(Exception):
    """Another living process builds in this folder."""


@dataclass(frozen=True)
class Workspace:
    """The parts of a work folder, as this host sees them."""

    root: Path

    @property
    def volume(self) -> Path:
        """All that the build may write."""
        return self.root / "volume"

    @property
    def source(self) -> Path:
        """Where the commands start."""
        return self.volume / "src"

    @property
    def control(self) -> Path:
        """Scripts, readable by the build."""
        return self.root / "control"

    @property
    def stage(self) -> Path:
        """An empty folder to mount on, in a namespace that ends with the build."""
        return self.root / "stage"

    @property
    def artifacts(self) -> Path:
        """Packed artifacts."""
        return self.root / "artifacts"


def make(request: BuildRequest, toolchain: Toolchain, places: Places) -> Workspace:
    """Makes the folder afresh and fills it: source, inputs, a virtual environment, tools.

    Raises WorkspaceBusy, BadInput, ValueError for a source inside the work folder, and OSError when the disk refuses.
    """
    workspace = Workspace(request.work)
    owner = request.work / "owner"
    if owner.exists() and ownership.alive(owner.read_text()) and owner.read_text() != ownership.mine():
        raise WorkspaceBusy(f"another process builds in {request.work}")
    if request.source.is_relative_to(request.work):
        raise ValueError("the source must not lie in the work folder, which is emptied first")
    remove(request.work)
    request.work.mkdir(mode=0o700, parents=True)
    owner.write_text(ownership.mine())
    for folder in (workspace.volume, workspace.control, workspace.stage, workspace.artifacts):
        folder.mkdir(mode=0o755)
    for name in ("home", "inputs", "tmp", ".lockgate"):
        (workspace.volume / name).mkdir(mode=0o755)
    if request.move_source:
        shutil.move(request.source, workspace.source)
    else:
        shutil.copytree(request.source, workspace.source, symlinks=True, ignore=_special)
    for name, archive in request.inputs.items():
        unpack(archive, workspace.volume / "inputs" / name, bytes_max=request.limits.disk_bytes_max)
    _virtual_environment(workspace.volume, toolchain, places)
    _tools(workspace.volume, toolchain)
    return workspace


def give(workspace: Workspace, uid: int, gid: int) -> None:
    """Makes another user the owner of all that the build may write."""
    for folder, _names, files in os.walk(workspace.volume):
        os.chown(folder, uid, gid)
        for name in (*_names, *files):
            os.lchown(Path(folder) / name, uid, gid)


def clear(workspace: Workspace) -> None:
    """Frees what the build used; artifacts stay."""
    remove(workspace.volume)
    remove(workspace.control)
    remove(workspace.stage)


def remove(folder: Path) -> None:
    """Removes a tree, also folders whose owner may not look into them. Nothing there is fine."""
    if not folder.is_symlink() and not folder.exists():
        return

    def open_up(function: Callable[..., object], path: str, _error: object) -> None:
        # No process of the build lives any more, so nobody can swap the path for a link in between.
        for one in (Path(path).parent, Path(path)):
            if one.is_relative_to(folder) and not one.is_symlink() and one.is_dir():
                one.chmod(stat.S_IRWXU)
        if Path(path).is_dir() and not Path(path).is_symlink():
            shutil.rmtree(path)
        elif function is not os.open:
            Path(path).unlink(missing_ok=True)

    shutil.rmtree(folder, onerror=open_up)


def abandoned(work_root: Path) -> list[Path]:
    """Work folders whose maker no longer lives."""
    if not work_root.is_dir():
        return []
    found = []
    for folder in sorted(work_root.iterdir()):
        owner = folder / "owner"
        if folder.is_dir() and not folder.is_symlink() and owner.is_file() and not ownership.alive(owner.read_text()):
            found.append(folder)
    return found


def _special(folder: str, names: list[str]) -> set[str]:
    """Names of sockets, pipes and devices, which no source tree means to hold."""
    modes = {name: (Path(folder) / name).lstat().st_mode for name in names}
    return {name for name, mode in modes.items() if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode) or stat.S_ISLNK(mode))}


def _virtual_environment(volume: Path, toolchain: Toolchain, places: Places) -> None:
    """A virtual environment by hand: `python -m venv` takes seconds, and this is all it leaves that matters."""
    venv = volume / "venv"
    site = venv / "lib" / f"python{toolchain.python_version}" / "site-packages"
    site.mkdir(parents=True)
    (venv / "bin").mkdir()
    for name in ("python", "python3", f"python{toolchain.python_version}"):
        (venv / "bin" / name).symlink_to(toolchain.python)
    (venv / "pyvenv.cfg").write_text(
        f"home = {toolchain.python.parent}\ninclude-system-site-packages = false\nversion = {toolchain.python_version}\n"
    )
    # pip stands outside the environment, so that a build may install another one over it.
    seed = volume / "venv" / "seed"
    seed.mkdir()
    for part in toolchain.pip:
        (seed / part.name).symlink_to(part)
    paths = [f"{places.volume}/venv/seed/{part.name}" for part in toolchain.pip if part.suffix == ".whl"]
    (site / "lockgate-seed.pth").write_text("\n".join(paths or [f"{places.volume}/venv/seed"]) + "\n")
    for name in ("pip", "pip3"):
        _program(venv / "bin" / name, _PIP.format(python=f"{places.volume}/venv/bin/python"))


def _tools(volume: Path, toolchain: Toolchain) -> None:
    folder = volume / "lockgate-tools"
    folder.mkdir()
    for name in TOOLS:
        _program(folder / name, f'#!/bin/sh\nexec {toolchain.service_python} -m {name} "$@"\n')


def _program(path: Path, text: str) -> None:
    path.write_text(text)
    path.chmod(0o755)
