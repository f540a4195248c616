"""Signatures on packages: those that come with attestations are checked, those of this registry are made.

The registry's own key is one P-256 key in the data folder, the kind that npm checks with `npm audit signatures`.
"""

import base64
import binascii
import hashlib
import os
import secrets
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from registry import authorities
from service.kernel import clock
from service.kernel.errors import Malformed
from service.kernel.site import Site

IN_TOTO = "application/vnd.in-toto+json"
KEY_FILE = "registry-signing-key.pem"
_EXTENSIONS = {
    "1.3.6.1.4.1.57264.1.8": "issuer", "1.3.6.1.4.1.57264.1.12": "source_repository", "1.3.6.1.4.1.57264.1.13": "source_commit",
    "1.3.6.1.4.1.57264.1.18": "build_config",
}
"""What a Fulcio certificate says about the build: github.com/sigstore/fulcio, docs/oid-info.md."""


@dataclass(frozen=True)
class Signer:
    """Who signed, as a certificate tells."""

    claims: dict[str, str]
    authority: str
    """Who vouches for that: the configured authority that gave the certificate out, or "" when nobody known did."""


def check_envelope(site: Site, certificate: bytes, payload: bytes, signature: bytes, where: str) -> Signer:
    """Checks a DSSE signature over an in-toto statement with the key of a DER certificate; answers who the certificate names.

    Without a configured authority that vouches for the certificate, whom it names is for the reader to believe. Raises
    Malformed or BadAuthority.
    """
    try:
        holder = x509.load_der_x509_certificate(certificate)
        key = holder.public_key()
        if not isinstance(key, ec.EllipticCurvePublicKey):
            raise Malformed(where=where, why="its certificate holds no elliptic-curve key")
        key.verify(signature, _pre_authentication(payload), ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        raise Malformed(where=where, why="its signature does not fit its statement and certificate") from None
    except ValueError as error:
        raise Malformed(where=where, why=f"its certificate cannot be read ({error})") from None
    return Signer(_claims(holder), authorities.vouching(site.settings.data / authorities.FOLDER, holder, clock.now()))


def decode(text: Any, where: str) -> bytes:
    """Base64 of a JSON field. Raises Malformed."""
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError, TypeError):
        raise Malformed(where=where, why="is not base64") from None


def sign(site: Site, message: str) -> dict[str, str]:
    """A signature of ours in the form of npm: `{"keyid": ..., "sig": ...}`."""
    key = _private_key(site.settings.data / KEY_FILE)
    signature = key.sign(message.encode(), ec.ECDSA(hashes.SHA256()))
    return {"keyid": _key_id(key), "sig": base64.b64encode(signature).decode()}


def public_keys(site: Site) -> list[dict[str, Any]]:
    """The registry's keys, in the form of `/-/npm/v1/keys`."""
    key = _private_key(site.settings.data / KEY_FILE)
    return [{
        "expires": None, "keyid": _key_id(key), "keytype": "ecdsa-sha2-nistp256", "scheme": "ecdsa-sha2-nistp256",
        "key": base64.b64encode(_public(key)).decode(),
    }]


@cache
def _private_key(path: Path) -> ec.EllipticCurvePrivateKey:
    if not path.exists():
        _make(path)
    key = serialization.load_pem_private_key(path.read_bytes(), None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    return key


def _make(path: Path) -> None:
    """Writes a new key whole or not at all; of several processes at once the first one's stays."""
    text = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    beside = path.with_name(f".{path.name}-{secrets.token_hex(4)}")
    fd = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(fd, "wb") as out:
            out.write(text)
            out.flush()
            os.fsync(out.fileno())
        path.hardlink_to(beside)
    except FileExistsError:
        pass  # another process was first
    finally:
        beside.unlink(missing_ok=True)


def _key_id(key: ec.EllipticCurvePrivateKey) -> str:
    return f"SHA256:{base64.b64encode(hashlib.sha256(_public(key)).digest()).decode()}"


def _public(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def _pre_authentication(payload: bytes) -> bytes:
    # DSSE v1: type and body, each with its length, so that neither can be taken for a part of the other.
    return b"DSSEv1 %d %s %d %s" % (len(IN_TOTO), IN_TOTO.encode(), len(payload), payload)


def _claims(holder: x509.Certificate) -> dict[str, str]:
    found = {}
    for extension in holder.extensions:
        label = _EXTENSIONS.get(extension.oid.dotted_string)
        value = getattr(extension.value, "value", None)
        if label and isinstance(value, bytes) and value[:1] == b"\x0c" and len(value) > 1 and value[1] < 0x80:
            found[label] = value[2 : 2 + value[1]].decode("utf-8", "replace")
        elif label and isinstance(value, bytes) and value[:2] == b"\x0c\x81" and len(value) > 2:
            found[label] = value[3 : 3 + value[2]].decode("utf-8", "replace")
    return found
