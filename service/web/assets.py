"""Static files by content: addresses that change with the bytes, so that browsers may keep them for ever."""

import hashlib
import json
from functools import lru_cache
from pathlib import Path
from typing import Any

from flask import Response, request

STATIC = Path(__file__).parent / "static"
MANIFEST = STATIC / "vendor" / "manifest.json"
_YEAR_SECONDS = 31_536_000


def asset(path: str) -> str:
    """The address of a file under static/, with the first half of its hash."""
    return f"/static/{path}?v={_version(path, _changed(path))}"


def vendored(name: str) -> str:
    """The script or stylesheet of a vendored package, relative to static/."""
    return str(_packages()[name]["entry"])


def integrity(name: str) -> str:
    """The subresource integrity of what `vendored` names."""
    package = _packages()[name]
    return str(package["files"][package["entry"]])


def keep(response: Response) -> Response:
    """Lets browsers keep a static file that was asked for by its hash; others are asked again each time."""
    path = (request.view_args or {}).get("filename")
    if request.endpoint == "static" and path and response.status_code in (200, 304):
        version = request.args.get("v")
        if version and version == _version(path, _changed(path)):
            response.headers["Cache-Control"] = f"public, max-age={_YEAR_SECONDS}, immutable"
    return response


def _changed(path: str) -> int:
    return (STATIC / path).stat().st_mtime_ns


@lru_cache(maxsize=256)
def _version(path: str, _changed_ns: int) -> str:
    return hashlib.sha256((STATIC / path).read_bytes()).hexdigest()[:16]


@lru_cache(maxsize=1)
def _packages() -> dict[str, dict[str, Any]]:
    return {package["name"]: package for package in json.loads(MANIFEST.read_bytes())["packages"]}
