"""Which indexes this machine's own clients use: asked of pip and npm themselves, so that their configuration is ours."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import structlog

from registry.catalog import Connection

ASK_SECONDS_MAX = 30.0
_log = structlog.get_logger("registry")
# pip has no command that tells its default index; its own option parser knows it.
_PIP_DEFAULTS = """
import json
from pip._internal.commands import create_command
command = create_command("install")
options, _ = command.parse_args([])
print(json.dumps({"urls": [] if options.no_index else [options.index_url, *options.extra_index_urls], "ca_file": options.cert or ""}))
"""


def configured_connections() -> tuple[Connection, ...]:
    """The Python indexes in pip's order, then the npm registry. A client that is not installed gives none."""
    return (*_pip(), *_npm())


def _pip() -> list[Connection]:
    # A virtual environment may be without pip; the machine's own Python then knows.
    pythons = [sys.executable, *filter(None, (shutil.which("python3", path="/usr/local/bin:/usr/bin"), shutil.which("python3")))]
    answer = next(filter(None, (_run([python, "-c", _PIP_DEFAULTS]) for python in dict.fromkeys(pythons))), "")
    if not answer:
        return []
    try:
        told = json.loads(answer.splitlines()[-1])
    except ValueError:
        _log.warning("pip's configuration cannot be read", answer=answer[-200:])
        return []
    urls = [u for u in told["urls"] if _usable(u)]
    return [Connection("pypi", _with_slash(url), _existing(told["ca_file"]), private=True) for url in dict.fromkeys(urls)]


def _npm() -> list[Connection]:
    npm = shutil.which("npm")
    if npm is None:
        return []
    url = _run([npm, "config", "get", "registry"]).strip()
    if not _usable(url) or urlsplit(url).scheme == "file":
        return []
    ca_file = _run([npm, "config", "get", "cafile"]).strip()
    return [Connection("npm", _with_slash(url), _existing("" if ca_file in ("null", "undefined") else ca_file), private=True)]


def _run(command: list[str]) -> str:
    # From a folder without a project, whose own .npmrc or pip.conf would otherwise be taken for the machine's.
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=ASK_SECONDS_MAX, cwd="/", check=False, stdin=subprocess.DEVNULL,
            env={**os.environ, "NO_UPDATE_NOTIFIER": "1"},
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        _log.warning("a client could not be asked for its index", command=command[0], error=str(error))
        return ""
    return done.stdout if done.returncode == 0 else ""


def _usable(url: str) -> bool:
    parts = urlsplit(url)
    return (parts.scheme in ("http", "https") and bool(parts.hostname)) or (parts.scheme == "file" and Path(parts.path).is_dir())


def _with_slash(url: str) -> str:
    return url.rstrip("/") + "/"


def _existing(path: str) -> str:
    return path if path and Path(path).is_file() else ""
