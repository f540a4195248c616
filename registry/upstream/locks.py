"""One at a time across all processes of this machine: a file lock per key, gone again when nobody needs it."""

import fcntl
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from service.kernel.site import Site


@contextmanager
def alone(site: Site, key: str) -> Iterator[None]:
    """Waits until nobody else holds `key`, and holds it."""
    folder = site.settings.data / "run" / "registry"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / hashlib.sha256(key.encode()).hexdigest()[:40]
    fd = _take(path)
    try:
        yield
    finally:
        path.unlink(missing_ok=True)
        os.close(fd)


def _take(path: Path) -> int:
    while True:
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        fcntl.flock(fd, fcntl.LOCK_EX)
        # The holder before us removed the file: a lock on it excludes nobody who opens the path now.
        try:
            if path.stat().st_ino == os.fstat(fd).st_ino:
                return fd
        except FileNotFoundError:
            pass
        os.close(fd)
