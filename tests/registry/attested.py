"""Attestations for tests: a self-signed certificate and a statement about one file, signed with its key."""

import base64
import datetime as dt
import json

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

PUBLISH = "https://docs.pypi.org/attestations/publish/v1"
KEY = ec.generate_private_key(ec.SECP256R1())


def certificate() -> bytes:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "tests")])
    now = dt.datetime.now(dt.UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(KEY.public_key()).serial_number(1)
    builder = builder.not_valid_before(now).not_valid_after(now + dt.timedelta(minutes=10))
    issuer = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.57264.1.8"), b"\x0c\x0dhttps://forge")
    return builder.add_extension(issuer, critical=False).sign(KEY, hashes.SHA256()).public_bytes(serialization.Encoding.DER)


def signed(statement: bytes) -> str:
    kind = b"application/vnd.in-toto+json"
    message = b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(statement), statement)
    return base64.b64encode(KEY.sign(message, ec.ECDSA(hashes.SHA256()))).decode()


def attestation(filename: str, sha256: str, kind: str = PUBLISH, **changed: object) -> dict[str, object]:
    """One of PEP 740; `signature` and `statement` can be replaced."""
    told = {"_type": "https://in-toto.io/Statement/v1", "subject": [{"name": filename, "digest": {"sha256": sha256}}],
            "predicateType": kind, "predicate": None}
    statement = json.dumps(told).encode()
    return {
        "version": 1,
        "verification_material": {"certificate": base64.b64encode(certificate()).decode(), "transparency_entries": [{"logIndex": "1"}]},
        "envelope": {"statement": base64.b64encode(statement).decode(), "signature": changed.get("signature", signed(statement))},
    }


def sigstore_bundle(purl: str, sha512: str, **changed: object) -> str:
    """A provenance bundle as `npm publish --provenance-file` attaches it."""
    told = {"_type": "https://in-toto.io/Statement/v1", "subject": [{"name": purl, "digest": {"sha512": sha512}}],
            "predicateType": "https://slsa.dev/provenance/v1", "predicate": {}}
    statement = json.dumps(told).encode()
    envelope = {"payloadType": "application/vnd.in-toto+json", "payload": base64.b64encode(statement).decode(),
                "signatures": [{"sig": changed.get("signature", signed(statement)), "keyid": ""}]}
    material = {"x509CertificateChain": {"certificates": [{"rawBytes": base64.b64encode(certificate()).decode()}]}, "tlogEntries": [{}]}
    return json.dumps({"mediaType": "application/vnd.dev.sigstore.bundle+json;version=0.2", "verificationMaterial": material, "dsseEnvelope": envelope})
