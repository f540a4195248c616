"""Packs what a build made: the same files give the same bytes, and nothing outside the source tree can slip in.

Called when no process of the build lives any more, so what was looked at is what is packed.
"""

import fnmatch
import gzip
import os
import re
import stat
import tarfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from pipelines.builds.buildspec import Artifact

FILES_MAX = 200_000
LINK_TARGET_MAX = 4096


class BadArtifact(Exception):
    """An artifact cannot be made; the text says why and what to change."""


@dataclass(frozen=True)
class Member:
    """One file or link of an artifact: its name in the archive and where it lies."""

    name: str
    path: Path
    link: str = ""
    """Where a symbolic link points; "" for a file."""


def pack(source: Path, artifact: Artifact, archive: Path, *, bytes_max: int) -> int:
    """Writes the archive and returns how many files it holds.

    Raises BadArtifact when nothing matches, a pattern or link leaves the tree, or it would unpack to too much.
    """
    members = select(source, artifact, bytes_max=bytes_max)
    partial = archive.with_name(archive.name + ".partial")
    with (
        partial.open("wb") as raw,
        gzip.GzipFile("", "wb", 6, raw, mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as tar,
    ):
        for member in members:
            _add(tar, member)
    partial.rename(archive)
    return len(members)


def select(source: Path, artifact: Artifact, *, bytes_max: int) -> list[Member]:
    """The members of an artifact in the order of their names. Raises BadArtifact."""
    base = _base(source, artifact.base_directory)
    wanted = [_pattern(pattern) for pattern in artifact.files]
    unwanted = [_pattern(pattern) for pattern in artifact.exclude_paths]
    found: dict[str, Member] = {}
    total = 0
    for relative, path in _files(base):
        if not any(_matches(p, relative) for p in wanted) or any(_matches(p, relative) for p in unwanted):
            continue
        member = _member(base, relative, path, flat=artifact.discard_paths)
        if member.name in found:
            raise BadArtifact(f"two files would be called {member.name}; drop discard-paths or name them apart")
        found[member.name] = member
        total += 0 if member.link else member.path.stat().st_size
        if total > bytes_max or len(found) > FILES_MAX:
            raise BadArtifact(f"the artifact holds more than {bytes_max} bytes or {FILES_MAX} files")
    if not found:
        raise BadArtifact(_nothing(base, artifact))
    return [found[name] for name in sorted(found)]


def _nothing(base: Path, artifact: Artifact) -> str:
    for pattern in artifact.files:
        if (base / pattern.rstrip("/")).is_dir():
            return f"no file matches {pattern}: it is a folder; write {pattern.rstrip('/')}/**/* for all that is in it"
    return f"no file matches {', '.join(artifact.files)}"


def _base(source: Path, pattern: str | None) -> Path:
    if not pattern or pattern.rstrip("/") in (".", "./"):
        return source
    wanted = _pattern(pattern.rstrip("/"))
    for folder, names, _files_here in os.walk(source):
        for name in sorted(names):
            path = Path(folder) / name
            if _matches(wanted, path.relative_to(source).as_posix()) and not path.is_symlink():
                return path
    raise BadArtifact(f"base-directory {pattern} matches no folder of the source tree")


def _files(base: Path) -> list[tuple[str, Path]]:
    """Every file and link under `base`; links to folders are not walked into."""
    found = []
    for folder, names, files in os.walk(base):
        for name in (*files, *(n for n in names if (Path(folder) / n).is_symlink())):
            path = Path(folder) / name
            found.append((path.relative_to(base).as_posix(), path))
    return found


def _member(base: Path, relative: str, path: Path, *, flat: bool) -> Member:
    name = PurePosixPath(relative).name if flat else relative
    mode = path.lstat().st_mode
    if stat.S_ISREG(mode):
        return Member(name, path)
    if not stat.S_ISLNK(mode):
        raise BadArtifact(f"{relative} is a socket, pipe or device and cannot be kept; exclude it with exclude-paths")
    target = path.readlink().as_posix()
    inside = os.path.normpath(PurePosixPath(relative).parent / target)
    leaves = target.startswith("/") or inside.startswith("..") or not Path(os.path.realpath(path)).is_relative_to(os.path.realpath(base))
    if leaves or len(target) > LINK_TARGET_MAX:
        raise BadArtifact(f"the link {relative} points out of the artifact, to {target[:200]}; exclude it or copy the file")
    if not flat:
        return Member(name, path, link=target)
    real = Path(os.path.realpath(path))
    if not real.is_file():
        raise BadArtifact(f"the link {relative} points to no file, so discard-paths cannot keep it")
    return Member(name, real)


def _add(tar: tarfile.TarFile, member: Member) -> None:
    info = tarfile.TarInfo(member.name)  # owner and time stay 0, so that the same files give the same archive
    if member.link:
        info.type, info.linkname, info.mode = tarfile.SYMTYPE, member.link, 0o777
        tar.addfile(info)
        return
    descriptor = os.open(member.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as content:
        known = os.fstat(descriptor)
        info.size = known.st_size
        info.mode = 0o755 if known.st_mode & 0o111 else 0o644
        tar.addfile(info, content)


Glob = tuple[re.Pattern[str] | None, ...]
"""One entry for each part of a path; None is `**`, any number of folders."""


def _pattern(glob: str) -> Glob:
    """`*` and `?` stay within one name. Raises BadArtifact for a way out of the tree."""
    parts = [part for part in glob.split("/") if part != "."]
    if glob.startswith("/") or ".." in parts:
        raise BadArtifact(f"{glob} leaves the source tree; patterns are relative to it")
    if parts[-1:] == ["**"]:
        parts.append("*")  # all that is inside, not the folder itself
    return tuple(None if part == "**" else re.compile(fnmatch.translate(part), re.DOTALL) for part in parts)


def _matches(glob: Glob, relative: str) -> bool:
    """Compares part by part, remembering how far each beginning of the pattern reaches: never slow."""
    reached = _onward(glob, {0})
    for part in relative.split("/"):
        following: set[int] = set()
        for at in reached:
            if at == len(glob):
                continue
            one = glob[at]
            if one is None:
                following.add(at)
            elif one.match(part):
                following.add(at + 1)
        reached = _onward(glob, following)
    return len(glob) in reached


def _onward(glob: Glob, reached: set[int]) -> set[int]:
    """Adds the places after each `**`, which may also stand for no folder."""
    for at in sorted(reached):
        while at < len(glob) and glob[at] is None:
            at += 1
            reached.add(at)
    return reached
