"""Publishes wheels, source distributions and npm tarballs of the input artifacts; runs in the isolation of a build.

Uploads with twine and npm. When an upload is refused, the registry is asked what it holds: the same content means that
an earlier attempt got this far, anything else is a failure. So a publish that died half-way can simply run again.
"""

import base64
import hashlib
import json
import os
import re
import subprocess
import sys
import tarfile
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

JSON_INDEX = "application/vnd.pypi.simple.v1+json"
ANSWER_BYTES_MAX = 64 * 1024 * 1024
MANIFEST_BYTES_MAX = 4 * 1024 * 1024


def main() -> int:
    """Publishes every file that matches; answers 0 when all of them are in the registry."""
    plan = json.loads(Path("publish.json").read_text())
    python, npm = [], []
    for path in _files(plan):
        if path.suffix == ".tgz":
            npm.append(path)
        elif path.suffix == ".whl" or _is_source_distribution(path):
            python.append(path)
        else:
            print(f"left out {path.name}: an archive, but no source distribution", flush=True)
    if not python and not npm:
        print(
            f"nothing to publish: no file of {', '.join(plan['inputs'])} matches {', '.join(plan['files'])}", flush=True
        )
        return 1
    results = [_publish_python(python, plan["place"]), *(_publish_npm(path, plan["place"]) for path in npm)]
    return 0 if all(results) else 1


def _files(plan: dict[str, Any]) -> list[Path]:
    found: dict[str, Path] = {}
    for name in plan["inputs"]:
        folder = Path(os.environ["CODEBUILD_SRC_DIR_" + re.sub(r"[^A-Za-z0-9]", "_", name)])
        for pattern in plan["files"]:
            for path in folder.glob(pattern):
                if path.is_file() and path.suffix in (".whl", ".gz", ".tgz"):
                    found.setdefault(path.name, path)
    return [found[name] for name in sorted(found)]


def _publish_python(paths: list[Path], place: str) -> bool:
    if not paths:
        return True
    if _twine(paths):
        return True
    # One of them was refused: go through them singly, so that the others still arrive.
    missing = [path for path in paths if len(paths) == 1 or not _twine([path])]
    found = [_is_in_index(path, place) for path in missing]
    return all(found)


def _twine(paths: list[Path]) -> bool:
    command = ["twine", "upload", "--non-interactive", "--disable-progress-bar", *map(str, paths)]
    return subprocess.run(command).returncode == 0


def _is_in_index(path: Path, place: str) -> bool:
    project = re.sub(
        r"[-_.]+", "-", path.name.split("-")[0] if path.suffix == ".whl" else path.name[:-7].rpartition("-")[0]
    ).lower()
    index = _get(f"pypi/{place}/simple/{project}/", JSON_INDEX)
    held = {file["filename"]: file.get("hashes", {}).get("sha256") for file in index.get("files", [])}
    return _same(path.name, held.get(path.name), hashlib.sha256(path.read_bytes()).hexdigest())


def _publish_npm(path: Path, place: str) -> bool:
    try:
        manifest = _manifest(path)
        name, version = manifest["name"], manifest["version"]
    except (KeyError, ValueError, tarfile.TarError, OSError) as error:
        print(f"{path.name} is no npm package: {error!r}", flush=True)
        return False
    registry = f"{os.environ['LOCKGATE_URL']}/npm/{place}/"
    command = ["npm", "publish", str(path), "--ignore-scripts", "--registry", registry]
    if "-" in version.partition("+")[0]:
        command += ["--tag", "next"]  # a prerelease must not become what `npm install` takes
    if subprocess.run(command).returncode == 0:
        return True
    held = _get(f"npm/{place}/{name.replace('/', '%2f')}", "application/json").get("versions", {}).get(version, {})
    ours = "sha512-" + base64.b64encode(hashlib.sha512(path.read_bytes()).digest()).decode()
    return _same(f"{name} {version}", held.get("dist", {}).get("integrity"), ours)


def _same(what: str, held: "str | None", ours: str) -> bool:
    if held == ours:
        print(f"{what} is published already, with the same content", flush=True)
        return True
    if held:
        print(
            f"{what} is published already with other content; published files never change, so give it a new version",
            flush=True,
        )
    return False


def _get(path: str, accept: str) -> dict[str, Any]:
    request = urllib.request.Request(
        f"{os.environ['LOCKGATE_URL']}/{path}",
        headers={"Accept": accept, "Authorization": f"Bearer {os.environ['LOCKGATE_REGISTRY_TOKEN']}"},
    )
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=60) as answer:
            found: dict[str, Any] = json.loads(answer.read(ANSWER_BYTES_MAX))
            return found
    except urllib.error.URLError as error:
        print(f"the registry could not be asked for {path}: {error}", flush=True)
        return {}


def _manifest(path: Path) -> dict[str, Any]:
    with tarfile.open(path, "r:gz") as archive:
        for member in archive:
            if (
                member.isfile()
                and re.fullmatch(r"[^/]+/package\.json", member.name)
                and member.size <= MANIFEST_BYTES_MAX
            ):
                file = archive.extractfile(member)
                assert file is not None
                found: dict[str, Any] = json.loads(file.read())
                return found
    raise ValueError("there is no package.json in it")


def _is_source_distribution(path: Path) -> bool:
    try:
        with tarfile.open(path, "r:gz") as archive:
            return any(re.fullmatch(r"[^/]+-[^/]+/PKG-INFO", member.name) for member in archive)
    except (tarfile.TarError, OSError):
        return False


if __name__ == "__main__":
    sys.exit(main())
