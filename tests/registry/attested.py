"""Attestations for tests: a certificate and a statement about one file, signed with its key."""

import base64
import datetime as dt
import json
from dataclasses import dataclass, field
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

PUBLISH = "https://docs.pypi.org/attestations/publish/v1"
KEY = ec.generate_private_key(ec.SECP256R1())


@dataclass
class Authority:
    """Gives certificates out; `pem` is what an administrator trusts."""

    name: str
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))

    @property
    def subject(self) -> x509.Name:
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, self.name)])

    def pem(self, *, ca: bool = True) -> bytes:
        made = _begun(self.subject, self.subject, self.key, 60).add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        return made.sign(self.key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def certificate(by: Authority | None = None, *, minutes: int = 10, usage: x509.ObjectIdentifier = ExtendedKeyUsageOID.CODE_SIGNING) -> bytes:
    """In DER; self-signed unless an authority gives it out. `minutes` from now it ends; negative: it ended before."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "tests")])
    builder = _begun(name, by.subject if by else name, KEY, minutes).add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
    issuer = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.57264.1.8"), b"\x0c\x0dhttps://forge")
    made = builder.add_extension(issuer, critical=False).sign(by.key if by else KEY, hashes.SHA256())
    return made.public_bytes(serialization.Encoding.DER)


def _begun(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, minutes: int) -> x509.CertificateBuilder:
    now = dt.datetime.now(dt.UTC)
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key.public_key()).serial_number(x509.random_serial_number())
    return builder.not_valid_before(now - dt.timedelta(hours=1)).not_valid_after(now + dt.timedelta(minutes=minutes))


def signed(statement: bytes) -> str:
    kind = b"application/vnd.in-toto+json"
    message = b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(statement), statement)
    return base64.b64encode(KEY.sign(message, ec.ECDSA(hashes.SHA256()))).decode()


def attestation(filename: str, sha256: str, kind: str = PUBLISH, **changed: Any) -> dict[str, object]:
    """One of PEP 740; `signature` and `certificate` can be replaced."""
    told = {"_type": "https://in-toto.io/Statement/v1", "subject": [{"name": filename, "digest": {"sha256": sha256}}],
            "predicateType": kind, "predicate": None}
    statement = json.dumps(told).encode()
    return {
        "version": 1,
        "verification_material": {"certificate": base64.b64encode(changed.get("certificate") or certificate()).decode(), "transparency_entries": [{"logIndex": "1"}]},
        "envelope": {"statement": base64.b64encode(statement).decode(), "signature": changed.get("signature", signed(statement))},
    }


def sigstore_bundle(purl: str, sha512: str, **changed: Any) -> str:
    """A provenance bundle as `npm publish --provenance-file` attaches it."""
    told = {"_type": "https://in-toto.io/Statement/v1", "subject": [{"name": purl, "digest": {"sha512": sha512}}],
            "predicateType": "https://slsa.dev/provenance/v1", "predicate": {}}
    statement = json.dumps(told).encode()
    envelope = {"payloadType": "application/vnd.in-toto+json", "payload": base64.b64encode(statement).decode(),
                "signatures": [{"sig": changed.get("signature", signed(statement)), "keyid": ""}]}
    material = {"x509CertificateChain": {"certificates": [{"rawBytes": base64.b64encode(changed.get("certificate") or certificate()).decode()}]}, "tlogEntries": [{}]}
    return json.dumps({"mediaType": "application/vnd.dev.sigstore.bundle+json;version=0.2", "verificationMaterial": material, "dsseEnvelope": envelope})
