"""A version's one file: its name, and its digests as npm writes them."""

import base64
import binascii
from typing import Any

from registry.names import PackageName


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
