"""What comes from others stands as it came, with its licence."""

import json

from service.web.assets import MANIFEST, STATIC
from service.web.vendor import PACKAGES, sha384


def test_vendored_files_are_what_the_manifest_says():
    for package in json.loads(MANIFEST.read_text())["packages"]:
        for path, digest in package["files"].items():
            assert sha384((STATIC / path).read_bytes()) == digest, path


def test_every_vendored_file_is_in_the_manifest():
    listed = {path for package in json.loads(MANIFEST.read_text())["packages"] for path in package["files"]}
    found = {str(p.relative_to(STATIC)) for p in (STATIC / "vendor").rglob("*") if p.is_file() and p != MANIFEST}
    assert found == listed


def test_every_vendored_package_is_pinned_and_licensed():
    recorded = {(p["name"], p["version"], p["licence"]) for p in json.loads(MANIFEST.read_text())["packages"]}
    assert recorded == {(p.name, p.version, p.licence) for p in PACKAGES}
    for package in PACKAGES:
        assert any(name.startswith("LICEN") for name in package.files), package.name
