"""Revisions: tar.gz bundles in the blob store. Looked through before a host ever sees one."""

import gzip
import posixpath
import tarfile
import zlib
from typing import IO

from pipelines.deployments import appspec
from pipelines.deployments.appspec import Appspec, BadAppspec
from service.kernel.blobs import Blobs
from service.kernel.errors import Malformed

BUNDLE_BYTES_MAX = 2 * 1024**3
UNPACKED_BYTES_MAX = 8 * 1024**3
MEMBERS_MAX = 100_000
NAME_CHARACTERS_MAX = 1024
_READ_BYTES_MAX = 1024 * 1024


class BadBundle(Malformed):
    """400: the bundle is not a tar.gz that may be unpacked on a host."""

    says = "bundle {where}: {why}"


def read_appspec(blobs: Blobs, digest: str) -> tuple[Appspec, int]:
    """The checked appspec of a bundle and the bundle's size. Raises Missing, BadBundle or BadAppspec."""
    size = blobs.size(digest)
    if size > BUNDLE_BYTES_MAX:
        raise BadBundle(where=digest[:12], why=f"larger than {BUNDLE_BYTES_MAX} bytes")
    with blobs.open(digest) as file:
        try:
            text, filename, names = _look_through(file, digest[:12])
        except (tarfile.TarError, EOFError, OSError, zlib.error, UnicodeError) as problem:
            raise BadBundle(where=digest[:12], why=f"not a readable tar.gz archive ({problem})") from None
    if text is None:
        raise BadAppspec(file="appspec.yml", line=1, key="the file", why="is missing at the top of the bundle")
    spec = appspec.parse(text, filename)
    appspec.check_members(spec, names, text, filename)
    return spec, size


class _Guarded(gzip.GzipFile):
    """A gzip stream that refuses huge single reads: tarfile reads extended headers whole, whatever size they claim."""

    def read(self, size: int | None = -1) -> bytes:
        if size is None or not 0 <= size <= _READ_BYTES_MAX:
            raise tarfile.ReadError("an extended header is too large")
        return super().read(size)


def _look_through(file: IO[bytes], where: str) -> tuple[bytes | None, str, set[str]]:
    text, filename = None, ""
    names: set[str] = set()
    total = 0
    with _Guarded(fileobj=file, mode="rb") as unzipped, tarfile.open(fileobj=unzipped, mode="r:") as archive:
        for member in archive:
            archive.members = []  # type: ignore[attr-defined]  # tarfile keeps every header otherwise
            name = _checked(member, where)
            if name in names:
                raise BadBundle(where=where, why=f"holds {name} twice")
            total += member.size
            if total > UNPACKED_BYTES_MAX or len(names) >= MEMBERS_MAX:
                raise BadBundle(where=where, why=f"unpacks to over {UNPACKED_BYTES_MAX} bytes or {MEMBERS_MAX} files")
            if not member.isdir():
                names.add(name)
            if name in appspec.FILENAMES and member.isreg():
                if member.size > appspec.BYTES_MAX:
                    raise BadBundle(where=where, why=f"its {name} is larger than {appspec.BYTES_MAX} bytes")
                content = archive.extractfile(member)
                text, filename = (content.read() if content else b""), name
    return text, filename, names


def _checked(member: tarfile.TarInfo, where: str) -> str:
    """The member's name, normalised. Raises BadBundle for what must never be unpacked."""
    if member.name.startswith("/") or ".." in member.name.split("/") or "\0" in member.name:
        raise BadBundle(where=where, why=f"the name {member.name!r} leads out of the bundle")
    if len(member.name) > NAME_CHARACTERS_MAX:
        raise BadBundle(where=where, why=f"a name is longer than {NAME_CHARACTERS_MAX} characters")
    name = posixpath.normpath(member.name)
    if member.issym() or member.islnk():
        base = posixpath.dirname(name) if member.issym() else ""
        goal = posixpath.normpath(posixpath.join(base, member.linkname))
        if member.linkname.startswith("/") or goal == ".." or goal.startswith("../"):
            raise BadBundle(where=where, why=f"the link {name!r} leads out of the bundle")
    elif not (member.isreg() or member.isdir()):
        raise BadBundle(where=where, why=f"{name!r} is neither file, folder nor link")
    return name
