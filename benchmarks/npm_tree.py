"""npm packages for the benchmarks: a tree of 101 and one package of many versions."""

import base64
import hashlib
import random
from dataclasses import dataclass, field
from typing import Any

from tests.registry.made import npm_tarball

PACKAGES = 101


@dataclass
class Packument:
    """A package with its tarballs by version."""

    name: str
    tarballs: dict[str, bytes] = field(default_factory=dict)

    @property
    def base(self) -> str:
        """The name without its scope, as file names have it."""
        return self.name.rpartition("/")[2]

    def document(self, registry: str) -> dict[str, Any]:
        """What a registry at this address answers."""
        moment = "2026-01-01T00:00:00.000Z"
        versions = {version: self._manifest(registry, version, tarball) for version, tarball in self.tarballs.items()}
        return {
            "_id": self.name, "name": self.name, "dist-tags": {"latest": list(versions)[-1]}, "versions": versions,
            "time": {"created": moment, "modified": moment} | dict.fromkeys(versions, moment),
        }

    def _manifest(self, registry: str, version: str, tarball: bytes) -> dict[str, Any]:
        dist = {
            "integrity": "sha512-" + base64.b64encode(hashlib.sha512(tarball).digest()).decode(), "shasum": hashlib.sha1(tarball).hexdigest(),
            "tarball": f"{registry}/{self.name}/-/{self.base}-{version}.tgz",
        }
        return {"_id": f"{self.name}@{version}", "name": self.name, "version": version, "description": "generated", "main": "index.js", "dist": dist}


def tree() -> list[Packument]:
    """101 packages of 10 KB, every fifth in a scope."""
    dice = random.Random(7)
    names = [f"@bench/tree-{n:03d}" if n % 5 == 0 else f"bench-tree-{n:03d}" for n in range(PACKAGES)]
    return [Packument(name, {"1.0.0": npm_tarball(name, "1.0.0", **{"package/data.txt": dice.randbytes(5000).hex()})}) for name in names]


def many(versions: int) -> Packument:
    """One package of so many versions."""
    return Packument("many", {f"1.{n}.0": npm_tarball("many", f"1.{n}.0") for n in range(versions)})
