"""Reading gzipped tar archives that strangers send: member by member, with a limit on everything that `tarfile` would read whole."""

import gzip
import tarfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, Any

from service.kernel.errors import Malformed

MEMBERS_MAX = 200_000
UNPACKED_BYTES_MAX = 2 * 1024**3
HEADER_BYTES_MAX, HEADERS_BYTES_MAX = 1024 * 1024, 64 * 1024 * 1024
"""Of one extended header, and of all: tarfile reads each whole before anybody sees the member it describes."""
HEADERS_IN_A_ROW_MAX = 16
_EXTENDED = (
    tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK, tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.SOLARIS_XHDTYPE,
)


@dataclass(frozen=True)
class Member:
    """One entry. Its bytes can be read until the next one is asked for."""

    name: str
    link: str
    """What a hard link leads to, else ""."""
    size: int
    is_file: bool
    read: Callable[[int], bytes]
    """At most so many bytes of a file."""


def members(file: IO[bytes], where: str) -> Iterator[Member]:
    """The entries of a gzipped archive, to its end.

    Raises Malformed for a damaged archive, for one that unpacks to too much, and for a sparse one, which no package is.
    """
    count = unpacked = 0
    with _told(where), _Archive.open(fileobj=file, mode="r|gz", tarinfo=_Header) as archive:
        while (one := archive.next()) is not None:
            # Kept by tarfile for a second pass that nobody makes.
            archive.members.clear()
            count, unpacked = count + 1, unpacked + max(one.size, 0)
            if count > MEMBERS_MAX or unpacked > UNPACKED_BYTES_MAX:
                raise Malformed(where=where, why=f"unpacks to more than {MEMBERS_MAX} files or {UNPACKED_BYTES_MAX} bytes")
            yield Member(one.name, one.linkname if one.islnk() else "", one.size, one.isfile(), _reader(archive, one, where))


def _reader(archive: tarfile.TarFile, one: tarfile.TarInfo, where: str) -> Callable[[int], bytes]:
    def read(size: int) -> bytes:
        with _told(where):
            opened = archive.extractfile(one)
            return opened.read(size) if opened else b""

    return read


@contextmanager
def _told(where: str) -> Iterator[None]:
    try:
        yield
    except (tarfile.TarError, gzip.BadGzipFile, zlib.error, EOFError, OSError, ValueError) as error:
        raise Malformed(where=where, why=f"is no readable archive ({error})") from None


class _Archive(tarfile.TarFile):
    """An archive that counts what its extended headers take."""

    members: list[tarfile.TarInfo]
    extended_bytes = in_a_row = 0


class _Header(tarfile.TarInfo):
    """A header whose size is looked at before what it announces is read."""

    def _proc_member(self, archive: Any) -> Any:  # tarfile's documented seam for subclasses
        archive.in_a_row = archive.in_a_row + 1 if self.type in _EXTENDED else 0
        if archive.in_a_row > HEADERS_IN_A_ROW_MAX:  # tarfile calls itself for each
            raise tarfile.ReadError("extended headers follow each other")
        if self.type in _EXTENDED:
            archive.extended_bytes += self.size
            if not 0 <= self.size <= HEADER_BYTES_MAX or archive.extended_bytes > HEADERS_BYTES_MAX:
                raise tarfile.ReadError("an extended header is too large")
        if self.type == tarfile.GNUTYPE_SPARSE:
            raise tarfile.ReadError("sparse files are not taken")
        return super()._proc_member(archive)  # type: ignore[misc]

    def _proc_gnusparse_00(self, *_: Any) -> None:
        raise tarfile.ReadError("sparse files are not taken")

    _proc_gnusparse_01 = _proc_gnusparse_10 = _proc_gnusparse_00
