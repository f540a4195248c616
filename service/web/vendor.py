"""Fetches the front-end files again, unmodified, through the machine's own npm: `make vendor`.

A version is pinned here; the manifest pins its bytes. A package whose bytes changed under the same version is refused.
"""

import base64
import hashlib
import json
import shutil
import subprocess
import sys
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from service.web.assets import MANIFEST, STATIC

VENDOR = STATIC / "vendor"
_FILE_BYTES_MAX = 5 * 1024 * 1024


@dataclass(frozen=True)
class Package:
    """What is taken from one npm package; the first file is the one pages load."""

    name: str
    version: str
    licence: str
    files: tuple[str, ...]

    @property
    def folder(self) -> str:
        """Where it stands, relative to static/."""
        return f"vendor/{self.name.replace('/', '-').lstrip('@')}-{self.version}"


PACKAGES = (Package("htmx.org", "2.0.11", "0BSD", ("dist/htmx.min.js", "LICENSE")),)


def main() -> int:
    """Fetches every package, checks it against the manifest, then replaces the folder."""
    before = json.loads(MANIFEST.read_bytes())["packages"] if MANIFEST.exists() else []
    known = {package["name"]: package for package in before}
    with tempfile.TemporaryDirectory() as scratch:
        fetched = [(package, _files(package, _packed(package, Path(scratch)))) for package in PACKAGES]
    entries = [_entry(package, files) for package, files in fetched]
    for entry in entries:
        old = known.get(entry["name"])
        if old and old["version"] == entry["version"] and old["files"] != entry["files"]:
            sys.stderr.write(f"{entry['name']} {entry['version']} is not what it was; nothing was changed\n")
            return 1
    shutil.rmtree(VENDOR, ignore_errors=True)
    for package, files in fetched:
        for path, data in files.items():
            target = STATIC / package.folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
    MANIFEST.write_text(json.dumps({"packages": entries}, indent=2) + "\n")
    return 0


def sha384(data: bytes) -> str:
    """The digest in the form of subresource integrity."""
    return "sha384-" + base64.b64encode(hashlib.sha384(data).digest()).decode()


def _packed(package: Package, scratch: Path) -> Path:
    argv = [
        "npm",
        "pack",
        "--ignore-scripts",
        "--silent",
        "--pack-destination",
        str(scratch),
        f"{package.name}@{package.version}",
    ]
    done = subprocess.run(argv, check=True, capture_output=True, text=True, timeout=120)
    return scratch / done.stdout.split()[-1]


def _files(package: Package, archive: Path) -> dict[str, bytes]:
    # Members are read as streams and never extracted: the archive decides no path on this machine.
    found: dict[str, bytes] = {}
    with tarfile.open(archive) as tar:
        for path in package.files:
            member = tar.extractfile(f"package/{path}")
            if member is None:
                raise FileNotFoundError(f"{package.name} {package.version} holds no file {path}")
            found[Path(path).name] = member.read(_FILE_BYTES_MAX)
    return found


def _entry(package: Package, files: dict[str, bytes]) -> dict[str, Any]:
    paths = {f"{package.folder}/{path}": sha384(data) for path, data in files.items()}
    return {
        "name": package.name,
        "version": package.version,
        "licence": package.licence,
        "entry": next(iter(paths)),
        "files": paths,
    }


if __name__ == "__main__":
    sys.exit(main())
