"""A nudge from whoever published a fact to the worker of the same data folder; lost nudges are made good by its poll."""

import os
import socket
from pathlib import Path

PATH_BYTES_MAX = 100
"""A little under the 108 bytes that a Unix socket address may have."""


def wake(data: Path) -> None:
    """Tells the worker that a fact was published, if it listens."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as out:
        out.setblocking(False)
        try:
            out.sendto(b"!", address(data))
        except OSError:
            pass


def address(data: Path) -> str:
    """Where the worker listens."""
    path = str(data / "run" / "wake.sock")
    return path if len(path) < PATH_BYTES_MAX else os.path.relpath(path)
