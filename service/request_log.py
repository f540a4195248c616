"""The line of each answered request, in the form of the other logs but without structlog's machinery, dearer than a hot answer."""

import sys
import threading
import time
from collections import deque
from contextlib import suppress
from datetime import UTC, datetime
from multiprocessing.util import Finalize

import orjson

LINES_SECONDS = 0.2
LINES_MAX = 100_000
"""Request lines that wait while standard error takes none; beyond that the oldest are lost."""


def say(method: str, path: str, status: int, seconds: float, request_id: str) -> None:
    """The line of an answered request, written within a fifth of a second: made and written here, it would cost as much as the answer."""
    _requests.add((time.time(), method, path, status, seconds, request_id))


_Facts = tuple[float, str, str, int, float, str]


class _Lines:
    """Lines on their way to standard error. The thread that writes them starts with the first one: after any fork."""

    def __init__(self) -> None:
        self._waiting: deque[_Facts] = deque(maxlen=LINES_MAX)
        self._arrived, self._lock = threading.Event(), threading.Lock()
        self._writer: threading.Thread | None = None

    def add(self, line: _Facts) -> None:
        self._waiting.append(line)
        if not self._arrived.is_set():
            self._arrived.set()
        if self._writer is None:
            with self._lock:
                if self._writer is None:
                    self._writer = threading.Thread(target=self._run, daemon=True, name="request-log")
                    self._writer.start()
                    # The web processes are forks of multiprocessing, which end without running what `atexit` holds.
                    Finalize(None, self._write, exitpriority=0)

    def _run(self) -> None:
        while self._arrived.wait():
            time.sleep(LINES_SECONDS)
            self._arrived.clear()
            self._write()

    def _write(self) -> None:
        lines = []
        with suppress(IndexError):  # another writer may have taken the last one
            while self._waiting:
                lines.append(_line(*self._waiting.popleft()))
        if lines:
            sys.stderr.buffer.write(b"".join(lines))
            sys.stderr.buffer.flush()


def _line(at: float, method: str, path: str, status: int, seconds: float, request_id: str) -> bytes:
    line = {"method": method, "path": path, "status": status, "ms": round(seconds * 1000, 1), "id": request_id,
            "event": "request", "level": "info", "timestamp": datetime.fromtimestamp(at, UTC)}
    return orjson.dumps(line, option=orjson.OPT_UTC_Z | orjson.OPT_APPEND_NEWLINE)


_requests = _Lines()
