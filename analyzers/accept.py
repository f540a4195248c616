"""Findings that the settings accept: for files that have no comments, and for whole folders of examples.

Of a secret the entry holds a salted scrypt hash (RFC 7914) instead of the text, so that who guesses pays 16 MiB and some 40 ms a guess.
"""

import hashlib
import secrets
from collections.abc import Iterable, Sequence
from datetime import date
from functools import lru_cache

from analyzers.finding import Diagnostic, Finding, Suppressed
from analyzers.options import FILE, Accepted

_COST, _BLOCK, _BYTES = 2**14, 8, 32
_SALT_BYTES = 16


def apply(findings: Iterable[Finding], entries: Sequence[Accepted]) -> tuple[list[Finding], list[Suppressed]]:
    """Splits findings into those that stand and those that an entry accepts."""
    standing: list[Finding] = []
    silenced: list[Suppressed] = []
    for finding in findings:
        number = next((n for n, one in enumerate(entries, 1) if _accepts(one, finding)), 0)
        if number:
            entry = entries[number - 1]
            silenced.append(Suppressed(finding, entry.reason, entry.until.isoformat() if entry.until else "", entry=number))
        else:
            standing.append(finding)
    return standing, silenced


def unused(entries: Sequence[Accepted], suppressed: Iterable[Suppressed], today: date) -> list[Diagnostic]:
    """What is said of entries that silence nothing in the whole tree, and still could today."""
    used = {one.entry for one in suppressed}
    return [
        Diagnostic(
            FILE, 0, f"entry {number} of `review: accept:` ({', '.join(one.rules)} in {', '.join(one.paths)}) silences nothing; remove it"
        )
        for number, one in enumerate(entries, 1) if number not in used and not (one.until and one.until < today)
    ]  # fmt: skip


def entry(finding: Finding, reason: str, known: Sequence[Accepted] = ()) -> Accepted:
    """What accepts this finding from now on. Of a secret it holds the hash, under the salt that `known` use already."""
    kept = next((one.hash.split(":")[1] for one in known if one.hash), "")
    told = hashed(finding.secret_hash, kept or secrets.token_urlsafe(_SALT_BYTES)) if finding.secret_hash else ""
    return Accepted(rules=(finding.rule,), paths=("/" + _quoted(finding.path),), reason=reason, hash=told)


@lru_cache(maxsize=4096)
def hashed(secret_hash: str, salt: str) -> str:
    """The hash as an entry holds it, of a secret's SHA-256 in hex."""
    made = hashlib.scrypt(secret_hash.encode(), salt=salt.encode(), n=_COST, r=_BLOCK, p=1, dklen=_BYTES)
    return f"scrypt:{salt}:{made.hex()}"


def _accepts(one: Accepted, finding: Finding) -> bool:
    if not one.covers(finding.rule, finding.path):
        return False
    return not one.hash or (bool(finding.secret_hash) and hashed(finding.secret_hash, one.hash.split(":")[1]) == one.hash)


def _quoted(path: str) -> str:
    """The path as a pattern that fits nothing else."""
    return "".join(f"\\{sign}" if sign in "*?[]\\!# " else sign for sign in path)
