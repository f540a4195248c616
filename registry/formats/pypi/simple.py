"""The simple repository API: project pages as HTML and JSON (PEP 503, 592, 629, 658, 691, 700, 714, 740, 792)."""

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from html import escape
from types import MappingProxyType
from typing import Any, NamedTuple
from urllib.parse import quote

import orjson
from packaging.utils import canonicalize_name

from registry.formats.pypi.archive import parse_file_name
from registry.formats.pypi.rules import Status
from registry.shown import ShownVersion
from registry.versions import pypi_number
from service.kernel.db import moment_of
from service.kernel.errors import Malformed
from service.kernel.statements import Row

API_VERSION = "1.4"
JSON, HTML = "application/vnd.pypi.simple.v1+json", "application/vnd.pypi.simple.v1+html"
LATEST_JSON, LATEST_HTML = "application/vnd.pypi.simple.latest+json", "application/vnd.pypi.simple.latest+html"
ACTIVE = Status()
_UNRESERVED = re.compile(r"[A-Za-z0-9_.~-]*")
"""What needs neither quoting in a URL nor escaping in HTML: nearly every file name, and both took most of the time of a long page."""


_NONE: Mapping[str, Any] = MappingProxyType({})


class ProjectFile(NamedTuple):
    """A file on a project page."""

    filename: str
    version: str
    hashes: dict[str, str]
    size: int | None = None
    requires_python: str = ""
    uploaded_at: str = ""
    """RFC 3339 with Z, or ""."""
    yanked: bool | str = False
    core_metadata: bool | dict[str, str] = False
    """Digests of the file `FILENAME.metadata`, True when it is served but no digest is known."""
    has_provenance: bool = False
    details: Mapping[str, Any] = _NONE
    """Of a file of ours, what is stored with it."""
    all_hashes: Mapping[str, str] = _NONE
    """Of a file of ours, every digest that is known, if they were asked for."""


def stored_file(version: ShownVersion, row: Row) -> ProjectFile:
    """A file of ours, of the fields of a ShownAsset; made a thousand times for a page, so nothing is made in between."""
    _, _, filename, digest, size, details, uploaded_micros = row[:7]
    metadata, reason = details.get("core_metadata"), version.yanked_reason
    return ProjectFile(
        filename, version.version, {"sha256": digest}, size, details.get("requires_python", ""),
        details.get("uploaded_at") or instant(uploaded_micros), False if reason is None else reason or True,
        {"sha256": metadata} if metadata else False, "provenance" in details, details, row[7] if len(row) > 7 else _NONE,
    )


def instant(micros: int) -> str:
    """PEP 700's form of a moment, given in microseconds since 1970."""
    minute, rest = divmod(micros, 60_000_000)
    digits = str(100_000_000 + rest)  # formatting a number with zeros before it takes Python as long as all the rest
    return f"{_minute(minute)}{digits[1:3]}.{digits[3:]}Z"


@lru_cache(maxsize=1024)
def _minute(number: int) -> str:
    return moment_of(number * 60_000_000).strftime("%Y-%m-%dT%H:%M:")


def project_json(name: str, files: Iterable[ProjectFile], base: str, status: Status = ACTIVE) -> bytes:
    """A project page; `base` is the URL of the repository, with a slash at the end. A quarantined project lists no files."""
    listed, folder = _offered(files, status), f"{base}files/{name}/"
    return orjson.dumps({
        "meta": {"api-version": API_VERSION},
        "name": name,
        "project-status": {"status": status.status} | ({"reason": status.reason} if status.reason else {}),
        "versions": sorted({f.version for f in listed}, key=pypi_number),
        "files": [_json_file(name, f, base, folder) for f in listed],
    })


def project_html(name: str, files: Iterable[ProjectFile], base: str, status: Status = ACTIVE) -> bytes:
    """A project page for older clients and people."""
    told = [("pypi:project-status", status.status)] + ([("pypi:project-status-reason", status.reason)] if status.reason else [])
    lines = [_head(f"Links for {name}", told), f"<h1>Links for {escape(name)}</h1>"]
    folder = escape(f"{base}files/{name}/")
    lines += [_anchor(name, f, base, folder) for f in _offered(files, status)]
    return ("\n".join([*lines, "</body>", "</html>", ""])).encode()


def index_json(names: Iterable[str]) -> bytes:
    """The list of projects."""
    return orjson.dumps({"meta": {"api-version": API_VERSION}, "projects": [{"name": name} for name in names]})


def index_html(names: Iterable[str]) -> bytes:
    """The list of projects."""
    links = [f'<a href="{quote(canonicalize_name(name))}/">{escape(name)}</a><br>' for name in names]
    return "\n".join([_head("Simple index"), *links, "</body>", "</html>", ""]).encode()


def version_in(filename: str, project: str) -> str | None:
    """The version a file name gives, or None when it is no distribution of the project."""
    try:
        parsed = parse_file_name(filename)
    except Malformed:
        return None
    return str(parsed.version) if parsed.project == project else None


def file_url(name: str, one: ProjectFile, base: str) -> str:
    """Where the file is served."""
    return f"{base}files/{name}/{_quoted(one.filename)}"


def provenance_url(name: str, one: ProjectFile, base: str) -> str:
    """Where the file's attestations are served (PEP 740)."""
    return f"{base}integrity/{name}/{quote(one.version)}/{quote(one.filename)}/provenance"


def _quoted(filename: str) -> str:
    return filename if _UNRESERVED.fullmatch(filename) else quote(filename)


def _offered(files: Iterable[ProjectFile], status: Status) -> list[ProjectFile]:
    return [] if status.status == "quarantined" else list(files)


def _json_file(name: str, one: ProjectFile, base: str, folder: str) -> dict[str, Any]:
    metadata = one.core_metadata
    entry = {
        "filename": one.filename, "url": folder + _quoted(one.filename), "hashes": one.hashes, "requires-python": one.requires_python,
        "size": one.size, "upload-time": one.uploaded_at, "yanked": one.yanked,
        # Both keys: pip before 23.3 reads only the older one (PEP 714).
        "core-metadata": metadata, "data-dist-info-metadata": metadata,
        "provenance": provenance_url(name, one, base) if one.has_provenance else None,
    }
    for key in ("requires-python", "upload-time"):
        if not entry[key]:
            del entry[key]
    if one.size is None:
        del entry["size"]
    return entry


def _anchor(name: str, one: ProjectFile, base: str, folder: str) -> str:
    sha256 = one.hashes.get("sha256")
    fragment = f"#sha256={sha256}" if sha256 else escape("".join(f"#{k}={v}" for k, v in list(one.hashes.items())[:1]))
    attributes = ""
    if one.requires_python:
        attributes += f' data-requires-python="{_escaped(one.requires_python)}"'
    if one.yanked is not False:
        attributes += f' data-yanked="{escape(one.yanked if isinstance(one.yanked, str) else "")}"'
    if one.core_metadata:
        known = one.core_metadata.get("sha256") if isinstance(one.core_metadata, dict) else None
        value = f"sha256={known}" if known else "true"
        attributes += f' data-core-metadata="{value}" data-dist-info-metadata="{value}"'
    if one.has_provenance:
        attributes += f' data-provenance="{escape(provenance_url(name, one, base))}"'
    link = text = one.filename
    if not _UNRESERVED.fullmatch(text):
        link, text = escape(quote(link)), escape(text)
    return f'<a href="{folder}{link}{fragment}"{attributes}>{text}</a><br>'


_escaped = lru_cache(maxsize=256)(escape)
"""For what many files of a project have in common."""


def _head(title: str, told: Iterable[tuple[str, str]] = ()) -> str:
    more = "".join(f'<meta name="{name}" content="{escape(content)}">\n' for name, content in told)
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta name="pypi:repository-version" content="{API_VERSION}">\n{more}<title>{escape(title)}</title>\n</head>\n<body>'
    )
