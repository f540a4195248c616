"""Bundles on the host: fetched by range, checked against their digest, and only then unpacked, with nothing let out."""

from __future__ import annotations

import gzip
import hashlib
import os
import posixpath
import shutil
import tarfile
import zlib
from typing import IO

from lockgate_agent.deploy.client import Server, Unreachable

FETCH_ATTEMPTS = 5
UNPACKED_BYTES_MAX = 8 * 1024**3
MEMBERS_MAX = 100_000
NAME_CHARACTERS_MAX = 1024
_READ_BYTES_MAX = 1024 * 1024
_COPY_BYTES = 128 * 1024


class BundleRefused(Exception):
    """The bundle is not what was announced, or holds what must not be unpacked."""


def fetch(server: Server, address: str, digest: str, size: int, path: str) -> None:
    """Has the bundle at `path`, whole and with the right SHA-256. Raises BundleRefused, Unreachable, Answer."""
    if os.path.exists(path) and digest_of(path) == digest:
        return
    part = path + ".part"
    for attempt in range(FETCH_ATTEMPTS):
        with open(part, "ab") as out:
            try:
                server.download(address, out, out.tell())
            except Unreachable:
                if attempt == FETCH_ATTEMPTS - 1:
                    raise
                continue
        if os.path.getsize(part) >= size:
            break
    got = digest_of(part)
    if got != digest:
        os.unlink(part)
        raise BundleRefused(f"the bundle came with SHA-256 {got}, announced was {digest}")
    os.replace(part, path)


def digest_of(path: str) -> str:
    """SHA-256 of a file in hex."""
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while True:
            chunk = file.read(_COPY_BYTES)
            if not chunk:
                return digest.hexdigest()
            digest.update(chunk)


def unpack(path: str, folder: str) -> None:
    """Unpacks a tar.gz into `folder`, which is replaced; it appears whole or not at all. Raises BundleRefused.

    Regular files and folders are written first, links last, so that nothing is ever written through a link. Refused are
    names and links that lead out, devices and pipes, names given twice, and more than the limits of this module.
    """
    making = folder + ".part"
    shutil.rmtree(making, ignore_errors=True)
    os.makedirs(making)
    try:
        with _Guarded(path, "rb") as unzipped, tarfile.open(fileobj=unzipped, mode="r:") as archive:
            _extract(archive, making)
    except (tarfile.TarError, EOFError, OSError, zlib.error, UnicodeError) as problem:
        shutil.rmtree(making, ignore_errors=True)
        raise BundleRefused(f"the bundle is not a readable tar.gz archive: {problem}") from None
    except BaseException:
        shutil.rmtree(making, ignore_errors=True)
        raise
    shutil.rmtree(folder, ignore_errors=True)
    os.replace(making, folder)


class _Guarded(gzip.GzipFile):
    """A gzip stream that refuses huge single reads: tarfile reads extended headers whole, whatever size they claim."""

    def read(self, size: int | None = -1) -> bytes:
        if size is None or not 0 <= size <= _READ_BYTES_MAX:
            raise tarfile.ReadError("an extended header is too large")
        return super().read(size)


def _extract(archive: tarfile.TarFile, folder: str) -> None:
    links: list[tuple[str, tarfile.TarInfo]] = []
    seen: set[str] = set()
    total = 0
    for member in archive:
        archive.members = []  # type: ignore[attr-defined]  # tarfile would keep every header
        name = _checked_name(member)
        total += member.size
        if total > UNPACKED_BYTES_MAX or len(seen) >= MEMBERS_MAX:
            raise BundleRefused(f"the bundle unpacks to over {UNPACKED_BYTES_MAX} bytes or {MEMBERS_MAX} members")
        if name in seen and not member.isdir():
            raise BundleRefused(f"the bundle holds {name!r} twice")
        seen.add(name)
        if member.isdir():
            os.makedirs(os.path.join(folder, name), exist_ok=True)
        elif member.isreg():
            _write(archive.extractfile(member), os.path.join(folder, name), member.mode)
        elif member.issym() or member.islnk():
            links.append((name, member))
        else:
            raise BundleRefused(f"{name!r} in the bundle is neither file, folder nor link")
    for name, member in links:
        _link(folder, name, member)


def _checked_name(member: tarfile.TarInfo) -> str:
    if member.name.startswith("/") or ".." in member.name.split("/") or "\0" in member.name:
        raise BundleRefused(f"the name {member.name!r} leads out of the bundle")
    if len(member.name) > NAME_CHARACTERS_MAX:
        raise BundleRefused(f"a name in the bundle is longer than {NAME_CHARACTERS_MAX} characters")
    return posixpath.normpath(member.name)


def _write(content: IO[bytes] | None, path: str, mode: int) -> None:
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as out:
        if content is not None:
            shutil.copyfileobj(content, out, _COPY_BYTES)
    # Neither setuid bits nor write permission for others come out of an archive.
    os.chmod(path, 0o600 | (mode & 0o755))


def _link(folder: str, name: str, member: tarfile.TarInfo) -> None:
    base = posixpath.dirname(name) if member.issym() else ""
    goal = posixpath.normpath(posixpath.join(base, member.linkname))
    if member.linkname.startswith("/") or goal == ".." or goal.startswith("../"):
        raise BundleRefused(f"the link {name!r} leads out of the bundle")
    path = os.path.join(folder, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    top = os.path.realpath(folder) + os.sep
    if not (os.path.realpath(os.path.dirname(path)) + os.sep).startswith(top):
        raise BundleRefused(f"the link {name!r} leads out of the bundle")
    if member.islnk():
        source = os.path.join(folder, goal)
        if os.path.islink(source) or not os.path.isfile(source):
            raise BundleRefused(f"the hard link {name!r} names nothing in the bundle")
        shutil.copy2(source, path)
        return
    os.symlink(member.linkname, path)
    if not (os.path.realpath(path) + os.sep).startswith(top):
        raise BundleRefused(f"the link {name!r} leads out of the bundle")
