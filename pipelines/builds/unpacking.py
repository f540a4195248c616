"""Unpacking the artifact of an earlier action for a build.

By hand: the `filter` of `tarfile` came with Python 3.11.4, and Debian 12 runs 3.11.2.
"""

import os
import posixpath
import shutil
import tarfile
from pathlib import Path

MEMBERS_MAX = 200_000


class BadInput(Exception):
    """An input artifact cannot be unpacked."""


def unpack(archive: Path, folder: Path, *, bytes_max: int) -> None:
    """Unpacks a .tar.gz of ours, files and links, into a new folder. Raises BadInput for members that leave it, or too much."""
    folder.mkdir(parents=True)
    total = count = 0
    try:
        with tarfile.open(archive, "r:gz") as tar:
            for member in tar:
                total += member.size
                count += 1
                if total > bytes_max or count > MEMBERS_MAX:
                    raise BadInput(f"the artifact {folder.name} unpacks to more than a build may hold")
                _extract(tar, member, folder)
    except (tarfile.TarError, OSError, EOFError) as error:
        raise BadInput(f"the artifact {folder.name} cannot be unpacked: {error}") from error


def _extract(tar: tarfile.TarFile, member: tarfile.TarInfo, folder: Path) -> None:
    path = folder / member.name
    if not _stays(folder, member.name):
        raise BadInput(f"the artifact {folder.name} holds {member.name!r}, which leads out of it")
    path.parent.mkdir(parents=True, exist_ok=True)
    if member.isdir():
        path.mkdir(exist_ok=True)
    elif member.isreg():
        _write(tar, member, path)
    elif member.issym():
        if not _stays(folder, posixpath.join(posixpath.dirname(member.name), member.linkname)):
            raise BadInput(f"the artifact {folder.name} holds the link {member.name!r}, which leads out of it")
        path.symlink_to(member.linkname)
    else:
        raise BadInput(f"the artifact {folder.name} holds {member.name!r}, which is neither file, folder nor link")


def _stays(folder: Path, name: str) -> bool:
    # By name and resolved, because a link unpacked before may stand for a folder on the way.
    whole = posixpath.normpath(name)
    by_name = not whole.startswith(("/", "../")) and whole != ".."
    return by_name and "\0" not in name and Path(os.path.realpath(folder / name)).is_relative_to(os.path.realpath(folder))


def _write(tar: tarfile.TarFile, member: tarfile.TarInfo, path: Path) -> None:
    content = tar.extractfile(member)
    # O_EXCL follows no link: nothing that was unpacked before is written through.
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as out:
        if content is not None:
            shutil.copyfileobj(content, out, 1 << 20)
    path.chmod(0o600 | (member.mode & 0o755))
