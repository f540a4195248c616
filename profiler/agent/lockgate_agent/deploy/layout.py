"""What the agent keeps on disk, and where. Files are replaced in one step: a crash leaves the old or the new one."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
import tempfile
from typing import Any

KEPT_REVISIONS = 5


class RootInUse(Exception):
    """Another agent works in this root."""


class Layout:
    """The folders below one agent's root. `destination_root` is what absolute destinations are taken below."""

    def __init__(self, root: str, destination_root: str | None = None) -> None:
        self.root = os.path.realpath(root)
        self.destination_root = os.path.realpath(destination_root or root)
        self.state = os.path.join(self.root, "lockgate-agent")
        self.bundles = os.path.join(self.state, "bundles")
        self.deployments = os.path.join(self.state, "deployments")
        self.token = os.path.join(self.state, "token")
        self.claim = os.path.join(self.state, "claim")
        self.journal = os.path.join(self.state, "journal.json")
        self.installed = os.path.join(self.state, "installed")
        self.last_good = os.path.join(self.state, "last-good.json")
        for folder in (self.state, self.bundles, self.deployments, self.destination_root):
            os.makedirs(folder, exist_ok=True)

    def hold(self) -> int:
        """Takes the root for this process; the descriptor must stay open. Raises RootInUse."""
        lock = os.open(os.path.join(self.state, "lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(lock)
            raise RootInUse(f"another lockgate-agent works in {self.root}") from None
        return lock

    def destination(self, path: str) -> str:
        """Where an absolute path of appspec.yml is on this host."""
        return os.path.join(self.destination_root, path.lstrip("/"))

    def folder(self, deployment: int) -> str:
        """The folder of a deployment."""
        return os.path.join(self.deployments, str(deployment))

    def archive(self, deployment: int) -> str:
        """The unpacked bundle of a deployment."""
        return os.path.join(self.folder(deployment), "archive")

    def log(self, deployment: int) -> str:
        """scripts.log of a deployment; its folder exists."""
        folder = os.path.join(self.folder(deployment), "logs")
        os.makedirs(folder, exist_ok=True)
        return os.path.join(folder, "scripts.log")

    def bundle(self, digest: str) -> str:
        """The file of a bundle."""
        return os.path.join(self.bundles, digest + ".tar.gz")

    def prune(self, current: int, digest: str) -> None:
        """Keeps the newest revisions, the current one and the last that passed; removes older folders and bundles."""
        good = read_json(self.last_good) or {}
        numbers = sorted((int(name) for name in os.listdir(self.deployments) if name.isdigit()), reverse=True)
        for number in numbers[KEPT_REVISIONS:]:
            if number not in (current, good.get("deployment")):
                shutil.rmtree(self.folder(number), ignore_errors=True)
        files = [os.path.join(self.bundles, name) for name in os.listdir(self.bundles)]
        files.sort(key=os.path.getmtime, reverse=True)
        for path in files[KEPT_REVISIONS:]:
            if path not in (self.bundle(digest), self.bundle(str(good.get("digest")))):
                os.unlink(path)


def write_text(path: str, text: str) -> None:
    """Replaces a small file of the agent's, readable by its user only, in one step that survives a crash."""
    handle, name = tempfile.mkstemp(dir=os.path.dirname(path))
    try:
        with os.fdopen(handle, "w") as out:
            out.write(text)
            out.flush()
            os.fsync(out.fileno())
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise


def read_text(path: str) -> str:
    """The file's text without surrounding space, or "" when there is none."""
    try:
        with open(path) as file:
            return file.read().strip()
    except FileNotFoundError:
        return ""


def write_json(path: str, value: Any) -> None:
    """Like `write_text`, as JSON."""
    write_text(path, json.dumps(value))


def read_json(path: str) -> dict[str, Any] | None:
    """The object in the file, or None when there is none."""
    text = read_text(path)
    if not text:
        return None
    value: dict[str, Any] = json.loads(text)
    return value


def forget(path: str) -> None:
    """Removes the file if it is there."""
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)
