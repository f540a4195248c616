"""The engine's version: part of the key under which results are kept. Cheap to import."""

import hashlib
import sys
from functools import cache
from importlib.metadata import version
from pathlib import Path

_FOLDER = Path(__file__).parent
_ENGINES = ("libcst", "bandit", "detect-secrets")


@cache
def engine_version() -> str:
    """Changes whenever a rule, a detector or an engine below does: over our own source and the versions of what it calls."""
    digest = hashlib.sha256(f"{sys.version_info[:2]}".encode())
    for name in _ENGINES:
        digest.update(f"{name}=={version(name)}\n".encode())
    for path in sorted(p for p in _FOLDER.rglob("*") if p.suffix in (".py", ".toml")):
        digest.update(path.relative_to(_FOLDER).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]
