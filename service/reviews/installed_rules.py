"""Rules that an administrator installed: Python files in the data folder that every review runs beside ours, in the analysers' child.

They are code that runs with the analysers' rights, so only who can write the data folder can install them.
"""

import hashlib
from collections.abc import Sequence
from pathlib import Path

from analyzers.version import engine_version

FOLDER = "review-rules"
FILE_BYTES_MAX = 256 * 1024
FILES_MAX = 200


def folder(data: Path) -> Path:
    """Where they lie; it need not be there."""
    return data / FOLDER


def files(data: Path) -> Sequence[Path]:
    """The installed files, by name."""
    return sorted(folder(data).glob("*.py"))[:FILES_MAX]


def version(data: Path) -> str:
    """The engine's version with what is installed: results and baselines made without a rule do not count with it."""
    installed = files(data)
    if not installed:
        return engine_version()
    digest = hashlib.sha256()
    for path in installed:
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return f"{engine_version()}+{digest.hexdigest()[:12]}"
