"""A thread that tells the server, while an event goes on, that the agent lives and what the scripts wrote."""

from __future__ import annotations

import threading
from typing import Callable

from lockgate_agent.deploy.client import Answer, Unreachable


class Heartbeat:
    """Calls `send` every `seconds` inside a `with` block; `stop_wanted` once it answered True or was refused."""

    def __init__(self, send: Callable[[], bool], seconds: float) -> None:
        self.stop_wanted = False
        self._send, self._seconds = send, seconds
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._beat, daemon=True, name="heartbeat")

    def __enter__(self) -> Heartbeat:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _beat(self) -> None:
        while not self._ended.wait(self._seconds) and not self.stop_wanted:
            try:
                self.stop_wanted = self._send()
            except Answer:
                self.stop_wanted = True  # 404 or 409: the target ended; 401: this host was removed
            except Unreachable:
                continue  # the server may come back; the scripts go on
