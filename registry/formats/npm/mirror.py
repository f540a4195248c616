"""Packuments of other npm registries, read whole, so that publication times are known for both of our forms."""

from typing import Any
from urllib.parse import quote, urljoin, urlsplit

import orjson

from registry.catalog import Connection
from registry.formats.npm.distribution import hashes_of_integrity, tarball_name
from registry.names import PackageName
from registry.upstream import documents
from registry.upstream.documents import Ask, Document
from registry.upstream.fetch import RemoteFile, usable_hashes
from registry.versions import npm_version
from service.kernel.errors import Malformed
from service.kernel.site import Site

PACKUMENT_BYTES_MAX = 192 * 1024 * 1024
KEPT_KEYS = ("description", "homepage", "keywords", "repository", "bugs", "license", "author", "maintainers", "readme")


def packument(site: Site, connection: Connection, name: PackageName) -> Document | None:
    """The package's document at the connection, or None when it has none. Raises UpstreamDown."""
    return documents.get(site, connection, name.full, _asking(connection, name))


def remote_file(connection: Connection, manifest: dict[str, Any]) -> RemoteFile:
    """Where a version's tarball is to be had."""
    dist = manifest["dist"]
    hashes = hashes_of_integrity(str(dist.get("integrity") or ""))
    if isinstance(dist.get("shasum"), str):
        hashes["sha1"] = dist["shasum"]
    return RemoteFile(connection, dist["tarball"], usable_hashes(hashes))


def version_of_tarball(body: dict[str, Any], name: PackageName, filename: str) -> dict[str, Any] | None:
    """The manifest whose tarball has this name with us, or None."""
    prefix, suffix = f"{name.name}-", ".tgz"
    if not (filename.startswith(prefix) and filename.endswith(suffix)):
        return None
    manifest: dict[str, Any] | None = body["versions"].get(filename[len(prefix):-len(suffix)])
    assert manifest is None or tarball_name(name, manifest["version"]) == filename
    return manifest


def _asking(connection: Connection, name: PackageName) -> Ask:
    url = connection.url + quote(name.full, safe="@")
    return documents.asking(
        connection, url, lambda answer: _clean(orjson.loads(answer.content), name, url, connection), f"package document of {name.full}",
        limit_bytes=PACKUMENT_BYTES_MAX, accept="application/json",
    )


def _clean(raw: dict[str, Any], name: PackageName, url: str, connection: Connection) -> dict[str, Any]:
    """What is kept: versions whose name, number and tarball are what they should be. Raises ValueError when there is no sense in it."""
    if raw["name"] != name.full:
        raise ValueError(raw["name"])
    schemes = {"http", "https", urlsplit(connection.url).scheme}
    versions = {}
    for number, manifest in raw.get("versions", {}).items():
        try:
            npm_version(number)
            tarball = urljoin(url, manifest["dist"]["tarball"])
        except (Malformed, KeyError, TypeError, AttributeError):
            continue
        if manifest.get("name") == name.full and manifest.get("version") == number and urlsplit(tarball).scheme in schemes:
            manifest["dist"]["tarball"] = tarball
            manifest.pop("readme", None)
            versions[number] = manifest
    if not versions and "time" not in raw:
        raise ValueError("versions")
    tags = {t: v for t, v in raw.get("dist-tags", {}).items() if v in versions}
    time = {k: v for k, v in raw.get("time", {}).items() if isinstance(v, str)}
    kept = {key: raw[key] for key in KEPT_KEYS if key in raw}
    return {"versions": versions, "dist-tags": tags, "time": time, "top": kept}
