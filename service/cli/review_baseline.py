"""Baselines of known secrets in detect-secrets' form: what is in one is not new.

https://github.com/Yelp/detect-secrets#scanning-new-secrets-in-repository
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson

from analyzers.finding import Finding

BYTES_MAX = 64 * 1024 * 1024
_VERSION = "1.5.0"

Known = frozenset[tuple[str, str]]
"""Path and SHA-1 of every known secret."""


class BrokenBaseline(Exception):
    """The file is no baseline; the message says which and why."""


def read(path: Path) -> Known:
    """The secrets of a baseline. Raises BrokenBaseline."""
    try:
        if path.stat().st_size > BYTES_MAX:
            raise BrokenBaseline(f"{path}: larger than the limit of {BYTES_MAX:,} bytes")
        results = orjson.loads(path.read_bytes())["results"]
        return frozenset((name, secret["hashed_secret"]) for name, secrets in results.items() for secret in secrets)
    except OSError as error:
        raise BrokenBaseline(f"{path}: {error.strerror or error}") from None
    except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError):
        raise BrokenBaseline(f"{path}: not a baseline as `detect-secrets scan` writes it") from None


def knows(known: Known, finding: Finding) -> bool:
    """Whether the finding is a secret of the baseline."""
    return bool(finding.secret_sha1) and (finding.path, finding.secret_sha1) in known


def written(findings: Iterable[Finding]) -> bytes:
    """A baseline of the secrets among the findings, which detect-secrets reads too."""
    results: dict[str, list[dict[str, Any]]] = {}
    for one in sorted(findings, key=lambda one: (one.path, one.line, one.column)):
        if one.secret_sha1:
            results.setdefault(one.path, []).append({
                "type": one.rule, "filename": one.path, "hashed_secret": one.secret_sha1, "is_verified": False, "line_number": one.line,
            })  # fmt: skip
    at = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    baseline = {"version": _VERSION, "plugins_used": [], "filters_used": [], "results": results, "generated_at": at}
    return orjson.dumps(baseline, option=orjson.OPT_INDENT_2) + b"\n"
