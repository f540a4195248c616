"""Publishing to npm's protocol: one JSON body with the manifest and the tarball in base64, checked before it is believed."""

import base64
import binascii
import gzip
import hashlib
import io
import tarfile
import zlib
from typing import Any

import orjson

from registry import intake, store
from registry.catalog import Place
from registry.models import Version
from registry.names import PackageName, npm_name
from registry.versions import npm_version
from service.kernel.errors import Malformed, TooLarge
from service.kernel.site import Site

BODY_BYTES_MAX = 192 * 1024 * 1024
TARBALL_BYTES_MAX = BODY_BYTES_MAX * 3 // 4
MANIFEST_BYTES_MAX = 4 * 1024 * 1024
MEMBERS_MAX = 200_000
UNPACKED_BYTES_MAX = 2 * 1024**3
README_CHARACTERS_MAX = 512 * 1024


def receive(site: Site, where: Place, name: PackageName, actor: str) -> bool:
    """Takes the body of a PUT: a publication, or changed deprecations. Answers whether anything was new.

    Raises Malformed, TooLarge, FileExists, PublishBlocked; nothing of a refused one is visible.
    """
    document = _document(name)
    if not document.get("_attachments"):
        return _deprecate(site, where, name, document, actor)
    if npm_name(name.full, new=True) != name or not isinstance(document.get("versions"), dict) or len(document["versions"]) != 1:
        raise Malformed(where="versions", why="a publication carries exactly one version")
    [(version, manifest)] = document["versions"].items()
    _check_manifest(name, npm_version(version), manifest)
    tarball = _tarball(document["_attachments"])
    hashes = _checked_hashes(tarball, manifest.get("dist") or {})
    unpacked = _look_inside(tarball, name, version)
    blob = site.blobs.put(io.BytesIO(tarball), expected=hashes["sha256"])
    asset = store.NewAsset(tarball_name(name, version), blob, hashes, unpacked)
    summary = str(manifest.get("description") or "")[:1000]
    details: dict[str, Any] = {"manifest": _kept_manifest(manifest), "description": summary}
    readme = document.get("readme") or manifest.get("readme")
    if isinstance(readme, str) and readme:
        details["readme"] = readme[:README_CHARACTERS_MAX]
    what = store.Publication(name, name.full, version, details, (asset,), summary, tags=_tags(document, version))
    return store.publish(site, where, what, actor)


def tarball_name(name: PackageName, version: str) -> str:
    """The one file of a version."""
    return f"{name.name}-{version}.tgz"


def integrity(hashes: dict[str, Any]) -> str:
    """A subresource integrity string of the strongest digest known, or ""."""
    return f"sha512-{base64.b64encode(bytes.fromhex(hashes['sha512'])).decode()}" if "sha512" in hashes else ""


def hashes_of_integrity(text: str) -> dict[str, str]:
    """The digests in a subresource integrity string, in hex; those of unknown algorithms are left out."""
    found = {}
    for word in text.split():
        algorithm, _, value = word.partition("-")
        if algorithm in ("sha1", "sha256", "sha384", "sha512"):
            try:
                found[algorithm] = base64.b64decode(value.partition("?")[0], validate=True).hex()
            except binascii.Error:
                continue
    return found


def _document(name: PackageName) -> dict[str, Any]:
    raw = intake.whole(intake.body(BODY_BYTES_MAX))
    try:
        document = orjson.loads(raw)
    except orjson.JSONDecodeError:
        raise Malformed(where="body", why="is no whole JSON document") from None
    if not isinstance(document, dict) or document.get("name", name.full) != name.full:
        raise Malformed(where="name", why=f"the document is not of the package {name.full}")
    return document


def _check_manifest(name: PackageName, version: str, manifest: Any) -> None:
    if not isinstance(manifest, dict) or manifest.get("name") != name.full or manifest.get("version") != version:
        raise Malformed(where="versions", why=f"the manifest is not of {name.full}@{version}")
    if len(orjson.dumps(manifest)) > MANIFEST_BYTES_MAX:
        raise TooLarge(what="the manifest", limit_bytes=MANIFEST_BYTES_MAX)


def _tarball(attachments: Any) -> bytes:
    # A sigstore bundle may lie beside the tarball; its content type tells them apart.
    files = {k: v for k, v in attachments.items() if isinstance(v, dict)} if isinstance(attachments, dict) else {}
    tarballs = [v for k, v in files.items() if k.endswith(".tgz")]
    if len(tarballs) != 1:
        raise Malformed(where="_attachments", why="a publication carries exactly one tarball")
    try:
        data = base64.b64decode(tarballs[0].get("data", ""), validate=True)
    except (binascii.Error, ValueError, TypeError):
        raise Malformed(where="_attachments", why="the tarball is not base64") from None
    length = tarballs[0].get("length")
    if not data or (length is not None and length != len(data)):
        raise Malformed(where="_attachments", why=f"the tarball has {len(data)} bytes, announced were {length}")
    return data


def _checked_hashes(tarball: bytes, dist: dict[str, Any]) -> dict[str, str]:
    hashes = {name: hashlib.new(name, tarball, usedforsecurity=False).hexdigest() for name in ("sha1", "sha256", "sha512")}
    told = hashes_of_integrity(str(dist.get("integrity") or ""))
    if dist.get("shasum"):
        told["sha1"] = str(dist["shasum"]).lower()
    for algorithm, digest in told.items():
        got = hashes.get(algorithm) or hashlib.new(algorithm, tarball).hexdigest()
        if got != digest:
            raise Malformed(where="dist", why=f"the tarball's {algorithm} is {got}, announced was {digest[:200]}; nothing was stored")
    return hashes


def _look_inside(tarball: bytes, name: PackageName, version: str) -> dict[str, Any]:
    """Reads the tarball to its end: members stay inside, and its package.json is of the version that is published."""
    count = unpacked = 0
    manifest: Any = None
    try:
        with tarfile.open(fileobj=io.BytesIO(tarball), mode="r|gz") as archive:
            for member in archive:
                _check_member(member)
                count, unpacked = count + 1, unpacked + max(member.size, 0)
                if count > MEMBERS_MAX or unpacked > UNPACKED_BYTES_MAX:
                    raise Malformed(where="tarball", why="unpacks to too much")
                if member.isfile() and member.name.partition("/")[2] == "package.json" and member.size <= MANIFEST_BYTES_MAX:
                    opened = archive.extractfile(member)
                    manifest = orjson.loads(opened.read() if opened else b"")
    except (tarfile.TarError, gzip.BadGzipFile, zlib.error, EOFError, OSError) as error:
        raise Malformed(where="tarball", why=f"is no whole gzipped tar archive ({error})") from None
    except orjson.JSONDecodeError:
        raise Malformed(where="tarball", why="its package.json is no JSON") from None
    if not isinstance(manifest, dict) or (manifest.get("name"), str(manifest.get("version")).removeprefix("v")) != (name.full, version):
        raise Malformed(where="tarball", why=f"its package.json is not of {name.full}@{version}")
    return {"file_count": count, "unpacked_size": unpacked}


def _check_member(member: tarfile.TarInfo) -> None:
    paths = [member.name] + ([member.linkname] if member.islnk() else [])
    if any(p.startswith("/") or "\\" in p or ".." in p.split("/") for p in paths):
        raise Malformed(where="tarball", why=f"its member {member.name[:100]!r} would be unpacked outside of its folder")


def _kept_manifest(manifest: dict[str, Any]) -> dict[str, Any]:
    dropped = {"dist", "readme", "readmeFilename", "_attachments"}
    return {key: value for key, value in manifest.items() if key not in dropped}


def _tags(document: dict[str, Any], version: str) -> dict[str, str]:
    told = document.get("dist-tags")
    tags = {str(tag): version for tag, pointed in told.items() if pointed == version} if isinstance(told, dict) else {}
    for tag in tags:
        check_tag(tag)
    return tags or {"latest": version}


def check_tag(tag: str) -> str:
    """A dist-tag: a word that cannot be taken for a version or range. Raises Malformed."""
    looks_like_version = tag[:1].isdigit() or (tag[:1] == "v" and tag[1:2].isdigit()) or tag[:1] in "<>=^~*"
    if not tag or len(tag) > 100 or looks_like_version or any(c.isspace() or ord(c) < 32 or c in "/%" for c in tag):
        raise Malformed(where="dist-tag", why=f"{tag[:100]!r} could be taken for a version, or holds spaces or slashes")
    return tag


def _deprecate(site: Site, where: Place, name: PackageName, document: dict[str, Any], actor: str) -> bool:
    """`npm deprecate` sends the whole packument back; of all in it, only the deprecation messages are taken."""
    told = document.get("versions")
    if not isinstance(told, dict):
        raise Malformed(where="versions", why="neither a tarball nor versions were sent")

    def change(row: Version) -> dict[str, Any] | None:
        new = told.get(row.version)
        manifest = row.details.get("manifest")
        if not isinstance(new, dict) or not isinstance(manifest, dict):
            return None
        message = str(new.get("deprecated") or "")[:1000]
        if message == str(manifest.get("deprecated") or ""):
            return None
        kept = {key: value for key, value in manifest.items() if key != "deprecated"}
        return {**row.details, "manifest": {**kept, "deprecated": message} if message else kept}

    return store.amend(site, where, name, change, actor, "deprecation changed") > 0
