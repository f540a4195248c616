"""Signatures and attestations of npm packages: ours, those that publishers attach, and those of registries behind."""

from collections.abc import Callable
from typing import Any

import orjson

from registry import catalog
from registry.catalog import Connection, Place
from registry.formats.npm.distribution import tarball_name
from registry.formats.sources import Sources, stored
from registry.names import PackageName
from registry.upstream import documents
from registry.upstream.documents import Answer, Ask
from registry.upstream.http import UpstreamDown
from service.kernel.errors import Malformed
from service.kernel.site import Site

ANSWER_BYTES_MAX = 8 * 1024 * 1024
KEYS = "-/npm/v1/keys"
STATEMENTS = ("https://in-toto.io/Statement/v0.1", "https://in-toto.io/Statement/v1")
_WHERE = "provenance"


def signature(site: Site, name: PackageName, version: str, integrity: str) -> dict[str, str]:
    """Our signature over a version, as `npm audit signatures` checks it."""
    made: dict[str, str] = _signatures().sign(site, f"{name.full}@{version}:{integrity}")
    return made


def keys(site: Site, where: Place) -> list[dict[str, Any]]:
    """Our key, and the keys of every npm registry behind that can be had."""
    found: list[dict[str, Any]] = _signatures().public_keys(site)
    with site.db.read() as session:
        connections = [c for p in catalog.search_path(session, where) for c in p.connections if c.format == "npm"]
    for connection in connections:
        try:
            document = documents.get(site, connection, KEYS, _asking(connection, connection.url + KEYS, "keys"))
        except UpstreamDown:
            continue
        found += document.load(site)["keys"] if document else []
    return found


def check_bundle(site: Site, data: Any, name: PackageName, version: str, sha512: str) -> tuple[str, dict[str, Any], str]:
    """A sigstore bundle that came with a publication: its predicate type, the bundle, and the authority that vouches for its signer, or "".

    Raises Malformed unless its statement is about this very tarball and its signature fits the certificate inside.
    """
    signatures = _signatures()
    try:
        bundle = orjson.loads(data)
        envelope, material = bundle["dsseEnvelope"], bundle["verificationMaterial"]
        chain = material.get("x509CertificateChain")
        certificate = chain["certificates"][0]["rawBytes"] if chain else material["certificate"]["rawBytes"]
        payload, signed = signatures.decode(envelope["payload"], _WHERE), signatures.decode(envelope["signatures"][0]["sig"], _WHERE)
        said = orjson.loads(payload)
        subjects = [(s["name"], s["digest"]["sha512"]) for s in said["subject"]]
        kind, form = said["predicateType"], said["_type"]
    except (orjson.JSONDecodeError, KeyError, TypeError, IndexError, AttributeError):
        raise Malformed(where=_WHERE, why="is no sigstore bundle with an in-toto statement") from None
    if envelope.get("payloadType") != signatures.IN_TOTO or form not in STATEMENTS or not isinstance(kind, str):
        raise Malformed(where=_WHERE, why="its statement is of an unknown kind")
    if subjects != [(_purl(name, version), sha512)]:
        raise Malformed(where=_WHERE, why=f"its statement is not about this tarball of {name.full}@{version}")
    signer = signatures.check_envelope(site, signatures.decode(certificate, _WHERE), payload, signed, _WHERE)
    return kind, bundle, signer.authority


def attestations(
    site: Site, where: Place, name: PackageName, version: str, look_up: Callable[[Site, Place, PackageName], Sources]
) -> dict[str, Any] | None:
    """The attestations of a version, kept here or at the registry it came from; None: there are none. Raises Missing."""
    asset = stored(site, where, name, tarball_name(name, version))
    digest = asset.details.get("attestations") if asset is not None else None
    if digest:
        with site.blobs.open(digest) as file:
            kept: dict[str, Any] = orjson.loads(file.read())
        return kept
    for _, connection, document in look_up(site, where, name).documents:
        manifest = document.load(site)["versions"].get(version)
        url = ((manifest or {}).get("dist", {}).get("attestations") or {}).get("url")
        if isinstance(url, str):
            key = f"-/npm/v1/attestations/{name.full}@{version}"
            found = documents.get(site, connection, key, _asking(connection, url, "attestations"))
            return found.load(site) if found else None
    return None


def _asking(connection: Connection, url: str, key: str) -> Ask:
    def read(answer: Answer) -> dict[str, Any]:
        said = orjson.loads(answer.content)
        if not isinstance(said[key], list):
            raise TypeError(key)
        return {key: said[key]}

    return documents.asking(
        connection, url, read, f"list of {key}", limit_bytes=ANSWER_BYTES_MAX, accept="application/json", absent=(400, *documents.ABSENT)
    )


def _signatures() -> Any:
    from registry import signatures  # loads cryptography, which reading packages does without

    return signatures


def _purl(name: PackageName, version: str) -> str:
    return f"pkg:npm/{name.full.replace('@', '%40', 1)}@{version}"
