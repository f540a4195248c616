"""Looking into wheels and source distributions: their core metadata, and whether their members stay inside."""

import zipfile
import zlib
from dataclasses import dataclass
from typing import IO, Any, NamedTuple

from packaging.metadata import RawMetadata, parse_email
from packaging.utils import InvalidSdistFilename, InvalidWheelFilename, parse_sdist_filename, parse_wheel_filename
from packaging.version import Version

from registry import tarballs
from registry.names import check_file_name
from registry.tarballs import MEMBERS_MAX
from service.kernel.errors import Malformed

METADATA_BYTES_MAX = 8 * 1024 * 1024


@dataclass(frozen=True)
class FileName:
    """What a distribution's file name says."""

    filename: str
    project: str
    """Normalised."""
    version: Version
    filetype: str
    """`bdist_wheel` or `sdist`."""
    python: str
    """The Python tag of a wheel, `source` for a source distribution."""


class Inside(NamedTuple):
    """What was found in an archive."""

    metadata: bytes
    """Of a source distribution without PKG-INFO b""."""
    members: int


def parse_file_name(filename: str) -> FileName:
    """Reads a wheel's or source distribution's file name. Raises Malformed."""
    check_file_name(filename)
    try:
        if filename.endswith(".whl"):
            project, version, _build, _tags = parse_wheel_filename(filename)
            return FileName(filename, str(project), version, "bdist_wheel", filename.split("-")[-3])
        project, version = parse_sdist_filename(filename)
        return FileName(filename, str(project), version, "sdist", "source")
    except (InvalidWheelFilename, InvalidSdistFilename) as error:
        raise Malformed(where="file name", why=str(error)) from None


def read_metadata(file: IO[bytes], name: FileName) -> Inside:
    """The core metadata inside: METADATA of a wheel, PKG-INFO of a source distribution.

    Raises Malformed for a damaged archive, one without METADATA, or one whose members leave their folder.
    """
    try:
        if name.filename.endswith(".tar.gz"):
            return _from_tar(file, name.filename)
        return _from_zip(file, name)
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError) as error:
        raise Malformed(where=name.filename, why=f"is no readable archive ({error})") from None


def parse_metadata(raw: bytes, where: str) -> RawMetadata:
    """Core metadata as packaging names its fields. Raises Malformed when it is no metadata at all."""
    parsed, _unparsed = parse_email(raw)
    if "name" not in parsed or "version" not in parsed:
        raise Malformed(where=where, why="its metadata names no project and version")
    return parsed


def details_of(metadata: RawMetadata) -> dict[str, Any]:
    """The metadata as stored with a version."""
    return {key: value for key, value in metadata.items() if value not in ("", [], {}, None)}


def _from_zip(file: IO[bytes], name: FileName) -> Inside:
    with zipfile.ZipFile(file) as archive:
        members = archive.infolist()
        if len(members) > MEMBERS_MAX:
            raise Malformed(where=name.filename, why=f"holds more than {MEMBERS_MAX} files")
        for member in members:
            _check_member(member.filename, name.filename)
        wanted = [m for m in members if _is_metadata(m.filename, name)]
        if not wanted and name.filetype == "sdist":
            return Inside(b"", len(members))
        if len(wanted) != 1:
            raise Malformed(where=name.filename, why=f"holds {len(wanted)} METADATA files in its dist-info, a wheel has one")
        with archive.open(wanted[0]) as opened:
            return Inside(_limited(opened, name.filename), len(members))


def _is_metadata(path: str, name: FileName) -> bool:
    folder, _, leaf = path.partition("/")
    if name.filetype == "sdist":
        return leaf == "PKG-INFO"
    return leaf == "METADATA" and folder.endswith(".dist-info")


def _from_tar(file: IO[bytes], where: str) -> Inside:
    found, count = b"", 0
    for member in tarballs.members(file, where):
        _check_member(member.name, where)
        count += 1
        if not found and member.is_file and member.name.count("/") == 1 and member.name.endswith("/PKG-INFO"):
            found = _limited(member, where)
    return Inside(found, count)


def _check_member(path: str, where: str) -> None:
    if path.startswith("/") or "\\" in path or "\0" in path or ".." in path.split("/"):
        raise Malformed(where=where, why=f"its member {path[:100]!r} would be unpacked outside of its folder")


def _limited(opened: Any, where: str) -> bytes:
    data: bytes = opened.read(METADATA_BYTES_MAX + 1)
    if len(data) > METADATA_BYTES_MAX:
        raise Malformed(where=where, why=f"its metadata is larger than {METADATA_BYTES_MAX} bytes")
    return data
