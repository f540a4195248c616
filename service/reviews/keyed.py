"""Keyed hashes of secrets: they tell the same secret again, and whoever copies the database cannot guess from them.

The key is a file of the data folder, so that it is not in what the database's backups hold.
"""

import hashlib
import hmac
import os
import secrets
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from analyzers.finding import FileReport, Finding, SourceFile
from analyzers.flow.places import Read
from service.kernel.site import Site
from service.reviews.analysis import Analyse

KEY_BYTES = 32
_FILE = "secret-hash.key"


def analyse_keyed(site: Site, analyse: Analyse) -> Analyse:
    """The analysers, with no bare hash of a secret in what they answer: hashes and fingerprints of secrets are keyed."""
    secret_key = key(site.settings.data)

    def analysed(files: Sequence[SourceFile], *, read: Read | None) -> Sequence[FileReport]:
        return [_keyed(report, secret_key) for report in analyse(files, read=read)]

    return analysed


@lru_cache(maxsize=8)
def key(data: Path) -> bytes:
    """The key of this data folder, made when first asked for. Whoever is first, all processes get the same."""
    path = data / _FILE
    if not path.exists():
        fresh = path.with_name(f"{_FILE}.{secrets.token_hex(8)}")
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(secrets.token_bytes(KEY_BYTES))
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(fresh, path)
        except FileExistsError:
            pass  # another process was first, and its key is the one
        fresh.unlink()
    return path.read_bytes()


def _keyed(report: FileReport, secret_key: bytes) -> FileReport:
    if not any(one.secret_hash for one in (*report.findings, *(s.finding for s in report.suppressed))):
        return report
    return replace(
        report,
        findings=tuple(_of(one, secret_key) for one in report.findings),
        suppressed=tuple(replace(one, finding=_of(one.finding, secret_key)) for one in report.suppressed),
    )


def _of(found: Finding, secret_key: bytes) -> Finding:
    if not found.secret_hash:
        return found
    return replace(
        found, secret_sha1="", secret_hash=_hash(secret_key, found.secret_hash), fingerprint=_hash(secret_key, found.fingerprint)
    )


def _hash(secret_key: bytes, text: str) -> str:
    return hmac.new(secret_key, text.encode(), hashlib.sha256).hexdigest()
