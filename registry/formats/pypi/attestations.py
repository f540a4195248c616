"""Attestations of Python packages (PEP 740): checked when they come with an upload, served as provenance objects."""

from typing import Any

import orjson

from registry import signatures
from registry.signatures import Signer
from service.kernel.errors import Malformed
from service.kernel.site import Site

ATTESTATIONS_MAX = 2
"""One of each kind."""
KINDS = ("https://docs.pypi.org/attestations/publish/v1", "https://slsa.dev/provenance/v1")
STATEMENT = "https://in-toto.io/Statement/v1"
_WHERE = "attestations"


def provenance(site: Site, text: str, filename: str, sha256: str, actor: str) -> tuple[bytes, str]:
    """The provenance object of an upload with this `attestations` field, and the authorities that vouch for all of its signers, or "".

    Raises Malformed unless each attestation is of this very file and its signature fits.
    """
    try:
        told = orjson.loads(text)
    except orjson.JSONDecodeError:
        raise Malformed(where=_WHERE, why="is no JSON") from None
    if not isinstance(told, list) or not 1 <= len(told) <= ATTESTATIONS_MAX:
        raise Malformed(where=_WHERE, why=f"is a list of 1 to {ATTESTATIONS_MAX} attestations")
    kinds, bundles, vouching = set(), [], []
    for one in told:
        kind, signer = _check(site, one, filename, sha256)
        if kind in kinds:
            raise Malformed(where=_WHERE, why=f"holds two of the kind {kind}")
        kinds.add(kind)
        vouching.append(signer.authority)
        publisher = {"kind": "Lockgate", "account": actor, "claims": signer.claims, "authority": signer.authority or None}
        bundles.append({"publisher": publisher, "attestations": [one]})
    return orjson.dumps({"version": 1, "attestation_bundles": bundles}), "; ".join(dict.fromkeys(vouching)) if all(vouching) else ""


def _check(site: Site, one: Any, filename: str, sha256: str) -> tuple[str, Signer]:
    try:
        material, envelope = one["verification_material"], one["envelope"]
        certificate, entries = material["certificate"], material["transparency_entries"]
        statement, signature = envelope["statement"], envelope["signature"]
        version = one["version"]
    except (KeyError, TypeError):
        raise Malformed(where=_WHERE, why="one lacks version, verification_material or envelope as PEP 740 has them") from None
    if version != 1 or not isinstance(entries, list) or not entries:
        raise Malformed(where=_WHERE, why="only version 1 with at least one transparency entry is known")
    payload = signatures.decode(statement, _WHERE)
    signed = signatures.decode(signature, _WHERE)
    signer = signatures.check_envelope(site, signatures.decode(certificate, _WHERE), payload, signed, _WHERE)
    return _check_statement(payload, filename, sha256), signer


def _check_statement(payload: bytes, filename: str, sha256: str) -> str:
    try:
        said = orjson.loads(payload)
        [subject] = said["subject"]
        name, digest, kind = subject["name"], subject["digest"]["sha256"], said["predicateType"]
        form = said["_type"]
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError):
        raise Malformed(where=_WHERE, why="a statement is no in-toto statement about one file") from None
    if form != STATEMENT or kind not in KINDS:
        raise Malformed(where=_WHERE, why=f"a statement is of the kind {str(kind)[:100]!r}; known are {' and '.join(KINDS)}")
    if name != filename or digest != sha256:
        raise Malformed(where=_WHERE, why=f"a statement is about {str(name)[:100]!r} with other bytes or another name than {filename}")
    return str(kind)
