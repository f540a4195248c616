"""Which Python and Node a build gets: the server's own, from wherever they are installed."""

import os
import shutil
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path

SYSTEM = ("/usr", "/bin", "/lib", "/lib64", "/sbin")


@dataclass(frozen=True)
class Toolchain:
    """Interpreters outside, by path; a build sees the folders read-only at the same paths."""

    python: Path
    """The real interpreter, no virtual environment."""
    folders: tuple[Path, ...]
    """Folders outside the system's that must be visible for the tools to work."""
    service_python: Path
    """The interpreter that has Lockgate's own libraries, such as twine."""
    pip: tuple[Path, ...]
    """What makes up an importable pip: its package and metadata folders, or one wheel; empty when there is none."""
    node_bin: Path | None
    """The folder of node and npm when it is not one of the system's."""

    @property
    def python_version(self) -> str:
        """`3.11`: names the library folder of a virtual environment."""
        return f"{sys.version_info.major}.{sys.version_info.minor}"


def find() -> Toolchain:
    """Looks at the running interpreter and at PATH."""
    base = Path(sys.base_prefix)
    python = Path(os.path.realpath(getattr(sys, "_base_executable", sys.executable)))
    folders = [folder for folder in (base, Path(sys.prefix), python.parent) if not _of_system(folder)]
    node_bin = None
    if node := shutil.which("node"):
        real = Path(os.path.realpath(node))
        if not _of_system(real):
            node_bin = real.parent
            folders.append(real.parent.parent)
    return Toolchain(python, _outermost(folders), Path(sys.executable), _pip(base), node_bin)


def _of_system(path: Path) -> bool:
    return any(path.is_relative_to(folder) for folder in SYSTEM)


def _outermost(folders: list[Path]) -> tuple[Path, ...]:
    kept: list[Path] = []
    for folder in sorted(set(folders), key=lambda one: len(one.parts)):
        if not any(folder.is_relative_to(one) for one in kept):
            kept.append(folder)
    return tuple(kept)


def _pip(base: Path) -> tuple[Path, ...]:
    library = f"python{sys.version_info.major}.{sys.version_info.minor}"
    for site in (Path(sysconfig.get_path("purelib")), base / "lib" / library / "site-packages"):
        metadata = sorted(site.glob("pip-*.dist-info"))
        if (site / "pip" / "__main__.py").is_file() and metadata:
            return (site / "pip", metadata[-1])
    wheels = [
        *(base / "lib" / library / "ensurepip" / "_bundled").glob("pip-*.whl"),
        *Path("/usr/share/python-wheels").glob("pip-*.whl"),
    ]
    return tuple(sorted(wheels)[-1:])
