"""Project pages of other Python indexes, read as JSON (PEP 691) or HTML (PEP 503), into our own form."""

import hashlib
from html.parser import HTMLParser
from typing import Any
from urllib.parse import unquote, urldefrag, urljoin, urlsplit

import orjson

from registry.catalog import Connection
from registry.formats.pypi.archive import METADATA_BYTES_MAX
from registry.formats.pypi.simple import HTML, JSON, ProjectFile, version_in
from registry.names import PackageName
from registry.upstream import documents
from registry.upstream.documents import Answer, Ask, Document
from registry.upstream.fetch import RemoteFile, usable_hashes
from service.kernel.blobs import DigestMismatch
from service.kernel.errors import Missing
from service.kernel.site import Site

PAGE_BYTES_MAX = 64 * 1024 * 1024
ACCEPT = f"{JSON}, {HTML};q=0.2, text/html;q=0.1"


def project(site: Site, connection: Connection, name: PackageName) -> Document | None:
    """The project's page at the connection, or None when it has none. Raises UpstreamDown."""
    return documents.get(site, connection, name.name, _asking(connection, name.name))


def files(body: dict[str, Any]) -> list[ProjectFile]:
    """The files of a kept page."""
    return [
        ProjectFile(
            f["filename"], f["version"], f["hashes"], f["size"], f["requires_python"], f["uploaded_at"], f["yanked"],
            f["core_metadata"], bool(f.get("provenance")), {"url": f["url"], "provenance": f.get("provenance", "")},
        )
        for f in body["files"]
    ]


def remote_file(connection: Connection, one: ProjectFile) -> RemoteFile:
    """Where the file is to be had."""
    return RemoteFile(connection, one.details["url"], usable_hashes(one.hashes), one.size)


def core_metadata(site: Site, connection: Connection, project_name: str, one: ProjectFile) -> bytes:
    """The file's core metadata, from the connection (PEP 658). Raises Missing, UpstreamDown or DigestMismatch."""
    if not one.core_metadata:
        raise Missing(what="metadata file", name=f"{one.filename}.metadata")
    known = one.core_metadata.get("sha256", "") if isinstance(one.core_metadata, dict) else ""
    name = f"{project_name}/{one.filename}.metadata {known}"
    url = one.details["url"] + ".metadata"
    fresh = documents.FOREVER_SECONDS if known else documents.FRESH_SECONDS
    document = documents.get(site, connection, name, _asking_metadata(connection, url, known), fresh_seconds=fresh)
    if document is None:
        raise Missing(what="metadata file", name=f"{one.filename}.metadata")
    text: str = document.load(site)["text"]
    return text.encode()


def provenance(site: Site, connection: Connection, project_name: str, one: ProjectFile) -> dict[str, Any]:
    """The file's provenance object at the connection (PEP 740). Raises Missing or UpstreamDown."""
    url = one.details.get("provenance", "")
    name = f"{project_name}/{one.filename}.provenance"
    document = documents.get(site, connection, name, _asking_provenance(connection, url)) if url else None
    said = document.load(site) if document else None
    if not isinstance(said, dict):
        raise Missing(what="provenance", name=one.filename)
    return said


def status(body: dict[str, Any]) -> tuple[str, str]:
    """A kept page's status marker and its reason (PEP 792)."""
    said = body.get("status") or {}
    return said.get("status") or "active", said.get("reason", "")


def _asking_provenance(connection: Connection, url: str) -> Ask:
    def read(answer: Answer) -> Any:
        said = orjson.loads(answer.content)
        if said["version"] != 1 or not isinstance(said["attestation_bundles"], list):
            raise ValueError("its version is not 1")
        return said

    return documents.asking(connection, url, read, "provenance object", limit_bytes=METADATA_BYTES_MAX)


def _asking(connection: Connection, name: str) -> Ask:
    def read(answer: Answer) -> dict[str, Any]:
        is_json = answer.kind in (JSON, "application/json")
        raw, is_page, status = _read_json(answer.content) if is_json else _read_html(answer.content, answer.url)
        listed = [file for file in (_file(one, name, answer.url, connection) for one in raw) if file is not None]
        if not listed and (raw or not (is_page or status)):
            # A login page or an error page sent as 200 must not make a project look empty.
            raise ValueError("none of its files belongs to that project")
        return {"files": listed, "status": status}

    url = f"{connection.url}{name}/"
    return documents.asking(connection, url, read, f"project page of {name}", limit_bytes=PAGE_BYTES_MAX, accept=ACCEPT)


def _asking_metadata(connection: Connection, url: str, sha256: str) -> Ask:
    def read(answer: Answer) -> dict[str, str]:
        got = _sha256(answer.content)
        if sha256 and got != sha256:
            raise DigestMismatch(got=got, expected=sha256)
        return {"text": answer.content.decode()}

    return documents.asking(connection, url, read, "core metadata in UTF-8", limit_bytes=METADATA_BYTES_MAX)


def _read_json(content: bytes) -> tuple[list[dict[str, Any]], bool, dict[str, str]]:
    page = orjson.loads(content)
    if not str(page["meta"]["api-version"]).startswith("1."):
        raise ValueError("its API version is not 1")
    status = page.get("project-status")
    return list(page["files"]), True, {k: _str(status.get(k)) for k in ("status", "reason")} if isinstance(status, dict) else {}


def _read_html(content: bytes, url: str) -> tuple[list[dict[str, Any]], bool, dict[str, str]]:
    reader = _Anchors(url)
    reader.feed(content.decode("utf-8", errors="replace"))
    reader.close()
    return reader.files, reader.says_version, reader.status


def _file(raw: dict[str, Any], project_name: str, page: str, connection: Connection) -> dict[str, Any] | None:
    """One entry, or None when it is no wheel or source distribution of the project, or leads nowhere we would go."""
    filename, url = raw.get("filename"), raw.get("url")
    if not isinstance(filename, str) or not isinstance(url, str):
        return None
    version = version_in(filename, project_name)
    url = urljoin(page, url)
    if version is None or urlsplit(url).scheme not in ("http", "https", urlsplit(connection.url).scheme):
        return None
    provenance = urljoin(page, _str(raw.get("provenance"))) if raw.get("provenance") else ""
    if urlsplit(provenance).scheme not in ("", "http", "https"):
        provenance = ""
    metadata = raw.get("core-metadata", raw.get("data-dist-info-metadata", False))
    size, yanked = raw.get("size"), raw.get("yanked", False)
    return {
        "filename": filename, "version": version, "url": url, "hashes": usable_hashes(raw.get("hashes")),
        "size": size if isinstance(size, int) and size >= 0 else None,
        "requires_python": _str(raw.get("requires-python")), "uploaded_at": _str(raw.get("upload-time")),
        "yanked": yanked if isinstance(yanked, bool | str) else False,
        "core_metadata": (usable_hashes(metadata) or True) if isinstance(metadata, dict) and metadata else bool(metadata),
        "provenance": provenance,
    }


def _str(value: Any) -> str:
    return value if isinstance(value, str) else ""


class _Anchors(HTMLParser):
    """The links of a project page, as the JSON form would have them."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self.files: list[dict[str, Any]] = []
        self.says_version = False
        self.status: dict[str, str] = {}
        self._base = url

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Collects `a`, and believes `base`."""
        found = dict(attrs)
        if tag == "base" and found.get("href"):
            self._base = urljoin(self._base, found["href"] or "")
        elif tag == "meta" and found.get("name") == "pypi:repository-version":
            self.says_version = True
        elif tag == "meta" and str(found.get("name")).startswith("pypi:project-status"):
            self.status["reason" if found["name"] == "pypi:project-status-reason" else "status"] = found.get("content") or ""
        elif tag == "a" and found.get("href"):
            self.files.append(self._link(found))

    def _link(self, found: dict[str, str | None]) -> dict[str, Any]:
        url, fragment = urldefrag(urljoin(self._base, found["href"] or ""))
        filename = unquote(urlsplit(url).path.rpartition("/")[2])
        one: dict[str, Any] = {"filename": filename, "url": url, "requires-python": found.get("data-requires-python")}
        algorithm, equals, digest = fragment.partition("=")
        if equals:
            one["hashes"] = {algorithm: digest}
        if found.get("data-provenance"):
            one["provenance"] = found["data-provenance"]
        if "data-yanked" in found:
            one["yanked"] = found["data-yanked"] or True
        metadata = found.get("data-core-metadata", found.get("data-dist-info-metadata"))
        if metadata:
            name, equals, digest = metadata.partition("=")
            one["core-metadata"] = {name: digest} if equals else metadata == "true"
        return one


def _sha256(content: bytes) -> str:
    """SHA-256 in hex."""
    return hashlib.sha256(content).hexdigest()
