"""Publishing to npm's protocol: one JSON body with the manifest and the tarball in base64, checked before it is believed."""

import io
from typing import IO, Any
from wsgiref.types import WSGIEnvironment

import orjson

from registry import intake, store, tarballs
from registry.catalog import Place
from registry.formats.npm import streamed, trust, unpublish
from registry.formats.npm.distribution import hashes_of_integrity, integrity, tarball_name
from registry.formats.npm.streamed import DOCUMENT_BYTES_MAX, TARBALL_BYTES_MAX, Received
from registry.models import AUTHORITY, Version
from registry.names import PackageName, npm_name
from registry.tarballs import Member
from registry.versions import npm_version
from service.kernel.blobs import CHUNK_BYTES
from service.kernel.errors import Malformed, TooLarge
from service.kernel.site import Site

BODY_BYTES_MAX = TARBALL_BYTES_MAX * 4 // 3 + DOCUMENT_BYTES_MAX
MANIFEST_BYTES_MAX = 4 * 1024 * 1024
README_CHARACTERS_MAX = 512 * 1024


def receive(site: Site, where: Place, name: PackageName, environ: WSGIEnvironment, actor: str) -> bool:
    """Takes the body of a PUT: a publication, or changed deprecations. Answers whether anything was new.

    Raises Malformed, TooLarge, FileExists, PublishBlocked; nothing of a refused one is visible.
    """
    folder = site.settings.data / "work"
    folder.mkdir(exist_ok=True)
    received = streamed.receive(intake.body_of(environ, BODY_BYTES_MAX), folder, intake.length_of(environ))
    document = _document(name, received.document)
    if received.tarball is None:
        if document.get("_attachments"):
            raise Malformed(where="_attachments", why="a publication carries exactly one tarball")
        return _deprecate(site, where, name, document, actor)
    with received.tarball as tarball:
        return _publish(site, where, name, document, received, tarball, actor)


def _publish(
    site: Site, where: Place, name: PackageName, document: dict[str, Any], received: Received, tarball: IO[bytes], actor: str
) -> bool:
    if npm_name(name.full, new=True) != name or not isinstance(document.get("versions"), dict) or len(document["versions"]) != 1:
        raise Malformed(where="versions", why="a publication carries exactly one version")
    [(version, manifest)] = document["versions"].items()
    _check_manifest(name, npm_version(version), manifest)
    bundle = _check_attachments(document["_attachments"], received.size)
    hashes = _checked_hashes(tarball, manifest.get("dist") or {})
    facts = _look_inside(tarball, name, version)
    if bundle is not None:
        kind, parsed, authority = trust.check_bundle(site, bundle, name, version, hashes["sha512"])
        kept = orjson.dumps({"attestations": [{"predicateType": kind, "bundle": parsed}]})
        facts |= {"attestations": site.blobs.put(io.BytesIO(kept)).digest, "predicate_type": kind, AUTHORITY: authority}
    tarball.seek(0)
    blob = site.blobs.put(tarball, expected=hashes["sha256"])
    facts["dist"] = {"signatures": [trust.signature(site, name, version, integrity(hashes))]}
    asset = store.NewAsset(tarball_name(name, version), blob, hashes, facts)
    summary = str(manifest.get("description") or "")[:1000]
    details: dict[str, Any] = {"manifest": _kept_manifest(manifest), "description": summary}
    readme = document.get("readme") or manifest.get("readme")
    if isinstance(readme, str) and readme:
        details["readme"] = readme[:README_CHARACTERS_MAX]
    what = store.Publication(name, name.full, version, details, (asset,), summary, tags=_tags(document, version))
    return store.publish(site, where, what, actor, lambda connection: unpublish.check_rested(connection, where, name))


def _document(name: PackageName, document: Any) -> dict[str, Any]:
    if not isinstance(document, dict) or document.get("name", name.full) != name.full:
        raise Malformed(where="name", why=f"the document is not of the package {name.full}")
    return document


def _check_manifest(name: PackageName, version: str, manifest: Any) -> None:
    if not isinstance(manifest, dict) or manifest.get("name") != name.full or manifest.get("version") != version:
        raise Malformed(where="versions", why=f"the manifest is not of {name.full}@{version}")
    if len(orjson.dumps(manifest)) > MANIFEST_BYTES_MAX:
        raise TooLarge(what="the manifest", limit_bytes=MANIFEST_BYTES_MAX)


def _check_attachments(attachments: Any, size: int) -> Any:
    """Checks the tarball's length; answers the sigstore bundle beside it, or None. Their names tell them apart."""
    files = {k: v for k, v in attachments.items() if isinstance(v, dict)} if isinstance(attachments, dict) else {}
    [length] = [v.get("length") for k, v in files.items() if k.endswith(".tgz")] or [None]
    if not size or (length is not None and length != size):
        raise Malformed(where="_attachments", why=f"the tarball has {size} bytes, announced were {length}")
    bundles = [v.get("data") for k, v in files.items() if k.endswith(".sigstore")]
    if len(bundles) > 1:
        raise Malformed(where="_attachments", why="a publication carries at most one sigstore bundle")
    return bundles[0] if bundles else None


def _checked_hashes(tarball: IO[bytes], dist: dict[str, Any]) -> dict[str, str]:
    told = hashes_of_integrity(str(dist.get("integrity") or ""))
    if dist.get("shasum"):
        told["sha1"] = str(dist["shasum"]).lower()
    hashing = intake.Hashing(tarball, tuple({"sha1", "sha256", "sha512", *told}))
    tarball.seek(0)
    while hashing.read(CHUNK_BYTES):
        pass
    hashes = hashing.digests()
    for algorithm, digest in told.items():
        if hashes[algorithm] != digest:
            got = hashes[algorithm]
            raise Malformed(where="dist", why=f"the tarball's {algorithm} is {got}, announced was {digest[:200]}; nothing was stored")
    return {name: hashes[name] for name in ("sha1", "sha256", "sha512")}


def _look_inside(tarball: IO[bytes], name: PackageName, version: str) -> dict[str, Any]:
    """Reads the tarball to its end: members stay inside, and its package.json is of the version that is published."""
    count = unpacked = 0
    manifest: Any = None
    tarball.seek(0)
    for member in tarballs.members(tarball, "tarball"):
        _check_member(member)
        count, unpacked = count + 1, unpacked + max(member.size, 0)
        if member.is_file and member.name.partition("/")[2] == "package.json" and member.size <= MANIFEST_BYTES_MAX:
            try:
                manifest = orjson.loads(member.read(MANIFEST_BYTES_MAX))
            except orjson.JSONDecodeError:
                raise Malformed(where="tarball", why="its package.json is no JSON") from None
    if not isinstance(manifest, dict) or (manifest.get("name"), str(manifest.get("version")).removeprefix("v")) != (name.full, version):
        raise Malformed(where="tarball", why=f"its package.json is not of {name.full}@{version}")
    return {"file_count": count, "unpacked_size": unpacked}


def _check_member(member: Member) -> None:
    paths = [member.name, member.link]
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
