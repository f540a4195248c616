"""A package as npm clients see it: versions stored here and upstream, merged into one document, full or abbreviated."""

import hashlib
from datetime import datetime
from typing import Any
from urllib.parse import quote

import orjson

from registry import age, catalog, store
from registry.catalog import Connection, Place
from registry.formats import sources
from registry.formats.npm import mirror
from registry.formats.npm.distribution import integrity, tarball_name
from registry.formats.sources import Sources, entered_from, is_stored
from registry.models import ENTERED, EXTERNAL
from registry.names import PackageName
from registry.shown import ShownAsset, ShownVersion
from registry.upstream import fetch
from registry.versions import by_number, npm_order
from service.kernel.blobs import Blob
from service.kernel.errors import Missing
from service.kernel.site import Site

ABBREVIATED = "application/vnd.npm.install-v1+json"
_SHORT_KEYS = (
    "name", "version", "deprecated", "dependencies", "optionalDependencies", "devDependencies", "bundleDependencies",
    "peerDependencies", "peerDependenciesMeta", "acceptDependencies", "bin", "directories", "dist", "engines", "os", "cpu", "libc",
    "funding", "hasInstallScript", "_hasShrinkwrap",
)


def look_up(site: Site, where: Place, name: PackageName) -> Sources:
    """Finds the package. Raises Missing when nobody has it, UpstreamDown when the only one who may is not reachable."""
    return sources.look_up(site, where, name, mirror.packument)


def outside(site: Site, where: Place, name: PackageName) -> list[str]:
    """The versions that external connections offer now; see `PackageFormat.outside`."""
    return [number for document in sources.offered(site, where, name, mirror.packument) for number in document["versions"]]


def full(site: Site, package: Sources, name: PackageName, base: str) -> dict[str, Any]:
    """The full packument; `base` is the registry's URL with a slash at the end, under which the tarballs are served."""
    versions: dict[str, Any] = {}
    time: dict[str, str] = {}
    top: dict[str, Any] = {}
    with site.db.snapshot() as snapshot:
        shown = catalog.visible(snapshot, package.found, lambda version, row: (version, ShownAsset(*row)), with_details=True)
        told = [catalog.tags(snapshot, row) for row in package.found.farthest_first()]
    _add_stored(shown.files, versions, time, top)
    outside = [document.load(site) for _, _, document in package.documents]
    for said in outside:
        for number, manifest in said["versions"].items():
            if number in shown.hidden or package.found.gate.holds(number, age.moment(said["time"].get(number))):
                continue
            versions.setdefault(number, manifest)
            if number in said["time"]:
                time[number] = said["time"][number]
        top = {**top, **said["top"]}
    for number, manifest in versions.items():
        if manifest["dist"].get("attestations"):
            url = f"{base}-/npm/v1/attestations/{quote(name.full, safe='@/')}@{quote(number)}"
            manifest["dist"] = {**manifest["dist"], "attestations": {**manifest["dist"]["attestations"], "url": url}}
        manifest["dist"] = {**manifest["dist"], "tarball": f"{base}{quote(name.full, safe='@/')}/-/{quote(tarball_name(name, number))}"}
    numbers = sorted(versions, key=by_number(npm_order))
    tags = _tags([*(said["dist-tags"] for said in outside), *told], versions)
    if numbers:
        tags.setdefault("latest", max(numbers, key=npm_order))
    moments = sorted(value for key, value in time.items() if key in versions)
    span = {"created": moments[0], "modified": moments[-1]} if moments else {}
    return {
        "_id": name.full, "_rev": revision(package), "name": name.full, **top, "dist-tags": tags,
        "versions": {number: versions[number] for number in numbers}, "time": {**span, **{n: time[n] for n in numbers if n in time}},
    }


def revision(package: Sources) -> str:
    """What a client sends back when it changes the document it read: `_rev`. Changes with every change of what is stored."""
    numbers = [row.revision for _, row in package.found.packages]
    return f"{sum(numbers)}-{hashlib.sha256(repr(numbers).encode()).hexdigest()[:16]}"


def abbreviated(document: dict[str, Any]) -> dict[str, Any]:
    """The form for installers, with `time`, since yarn and pnpm hold back versions whose age they cannot tell."""
    short = {}
    for number, manifest in document["versions"].items():
        one = {key: manifest[key] for key in _SHORT_KEYS if key in manifest}
        scripts = manifest.get("scripts")
        if isinstance(scripts, dict) and {"preinstall", "install", "postinstall"} & scripts.keys():
            one["hasInstallScript"] = True
        short[number] = one
    return {
        "name": document["name"], "modified": document["time"].get("modified", ""), "dist-tags": document["dist-tags"],
        "versions": short, "time": document["time"],
    }


def render(document: dict[str, Any]) -> bytes:
    """As bytes."""
    return orjson.dumps(document)


def download(site: Site, where: Place, name: PackageName, filename: str, actor: str) -> fetch.Download:
    """Starts fetching a tarball, or joins who does; once it is here it is an asset. Raises Missing or UpstreamDown."""
    place, connection, manifest, moment = _remote(site, where, name, filename)

    def keep(blob: Blob, hashes: dict[str, str]) -> None:
        kept = {k: v for k, v in manifest.items() if k != "dist"}
        details: dict[str, Any] = {"manifest": kept, "description": str(manifest.get("description") or "")[:1000]}
        asset = store.NewAsset(filename, blob, hashes, {"dist": manifest["dist"], ENTERED: entered_from(place, connection)})
        what = store.Publication(
            name, name.full, manifest["version"], details, (asset,), details["description"], origin=EXTERNAL,
            published_at=age.moment(moment),
        )
        for one in {p.id: p for p in (where, place)}.values():
            store.publish(site, one, what, actor)

    key = f"{where.id} npm {name.full} {filename}"
    return fetch.start(site, key, mirror.remote_file(connection, manifest), keep, lambda: is_stored(site, where, name, filename))


def _remote(site: Site, where: Place, name: PackageName, filename: str) -> tuple[Place, Connection, dict[str, Any], str]:
    package = look_up(site, where, name)
    with site.db.snapshot() as snapshot:
        hidden = catalog.hidden(snapshot, package.found)
    for place, connection, document in package.documents:
        said = document.load(site)
        manifest = mirror.version_of_tarball(said, name, filename)
        if manifest is not None and manifest["version"] not in hidden:
            number, moment = manifest["version"], said["time"].get(manifest["version"], "")
            package.found.gate.check(name.full, number, number, age.moment(moment))
            return place, connection, manifest, moment
    if package.problems:
        raise package.problems[0]
    raise Missing(what="tarball", name=filename)


def _tags(told: list[dict[str, str]], versions: dict[str, Any]) -> dict[str, str]:
    """The dist-tags of all sources. The first one's counts, the source farthest upstream: it knows versions nobody fetched yet.

    https://docs.aws.amazon.com/codeartifact/latest/ug/npm-tags.html
    """
    tags: dict[str, str] = {}
    for one in told:
        for tag, number in one.items():
            if number in versions:
                tags.setdefault(tag, number)
    return tags


def _add_stored(
    rows: list[tuple[ShownVersion, ShownAsset]], versions: dict[str, Any], time: dict[str, str], top: dict[str, Any]
) -> None:
    for version, asset in rows:
        if version.version not in versions:
            versions[version.version] = _manifest(version, asset)
            time[version.version] = _instant(version.published_at)
    newest = max((v for v, _ in rows), key=lambda v: npm_order(v.version), default=None)
    if newest is not None and not top:
        manifest = newest.details.get("manifest", {})
        top |= {key: manifest[key] for key in mirror.KEPT_KEYS if key in manifest}
        if newest.details.get("readme"):
            top["readme"] = newest.details["readme"]


def _manifest(version: ShownVersion, asset: ShownAsset) -> dict[str, Any]:
    dist: dict[str, Any] = dict(asset.details.get("dist") or {})
    dist.setdefault("shasum", asset.hashes.get("sha1", ""))
    if "sha512" in asset.hashes:
        dist["integrity"] = integrity(asset.hashes)
    if "file_count" in asset.details:
        dist |= {"fileCount": asset.details["file_count"], "unpackedSize": asset.details["unpacked_size"]}
    if "attestations" in asset.details:
        dist["attestations"] = {"url": "", "provenance": {"predicateType": asset.details["predicate_type"]}}
    manifest = {**version.details.get("manifest", {}), "dist": dist}
    if version.yanked_reason is not None:
        manifest.setdefault("deprecated", f"yanked: {version.yanked_reason}" if version.yanked_reason else "yanked")
    return manifest


def _instant(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03}Z"
