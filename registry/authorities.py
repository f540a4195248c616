"""Authorities that an administrator trusts to say who signed an attestation: certificates in PEM files in the data folder.

An attestation is checked while it is uploaded, and counts only when its short-lived certificate is valid at that moment: this
registry's own clock then shows what elsewhere a transparency log has to show, that it was signed in time.
"""

from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.x509.oid import ExtendedKeyUsageOID

from service.kernel.errors import Problem

FOLDER = "attestation-authorities"


class BadAuthority(Problem):
    """500: what is to be trusted cannot be read, so nothing can be verified."""

    status = 500
    says = "the trusted authority {file} cannot be read: {why}"
    todo = "Have an administrator put PEM certificates there, or take the file away."


def vouching(folder: Path, leaf: x509.Certificate, now: datetime) -> str:
    """The subject of the trusted certificate that issued `leaf`, if both are valid `now` and `leaf` is for signing code; else "".

    Raises BadAuthority.
    """
    if not _is_valid(leaf, now) or not _signs_code(leaf):
        return ""
    for issuer in _trusted(folder):
        if _is_valid(issuer, now) and _may_issue(issuer) and _issued(issuer, leaf):
            return issuer.subject.rfc4514_string()
    return ""


def _trusted(folder: Path) -> list[x509.Certificate]:
    found: list[x509.Certificate] = []
    for file in sorted(folder.glob("*.pem")) if folder.is_dir() else ():
        try:
            found += x509.load_pem_x509_certificates(file.read_bytes())
        except (OSError, ValueError) as error:
            raise BadAuthority(file=file.name, why=str(error)) from None
    return found


def _is_valid(certificate: x509.Certificate, now: datetime) -> bool:
    return certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc


def _signs_code(leaf: x509.Certificate) -> bool:
    try:
        return ExtendedKeyUsageOID.CODE_SIGNING in leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return False


def _may_issue(issuer: x509.Certificate) -> bool:
    try:
        return issuer.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        return False


def _issued(issuer: x509.Certificate, leaf: x509.Certificate) -> bool:
    try:
        leaf.verify_directly_issued_by(issuer)
    except (InvalidSignature, ValueError, TypeError):
        return False
    return True
