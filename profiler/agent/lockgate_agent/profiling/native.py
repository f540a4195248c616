"""The operating system's own threads and locks, also where gevent has put its own in their place.

A sampler that runs as a greenlet stands still whenever the program computes, which is exactly when it is needed.
"""

import contextlib
import sys
from typing import Any


def _original(module: str, name: str) -> Any:
    monkey = sys.modules.get("gevent.monkey")
    if monkey is not None:
        return monkey.get_original(module, name)
    return getattr(sys.modules[module], name)


def new_lock() -> Any:
    """An unlocked lock whose `acquire(timeout=seconds)` blocks the operating system's thread only."""
    return _original("_thread", "allocate_lock")()


def start_thread(function: Any) -> int:
    """Starts `function()` in a daemon thread that `threading.enumerate()` does not list; answers its ident."""
    ident: int = _original("_thread", "start_new_thread")(function, ())
    return ident


class Signal:
    """A flag that one thread waits for and another raises; `wait` costs two microseconds, an Event ten."""

    def __init__(self) -> None:
        self._lock = new_lock()
        self._lock.acquire()

    def raise_(self) -> None:
        """Wakes the waiter, now or at its next wait."""
        with contextlib.suppress(RuntimeError):  # it was raised already
            self._lock.release()

    def wait(self, seconds: float) -> bool:
        """Whether the flag was raised within `seconds`; takes it down."""
        raised: bool = self._lock.acquire(timeout=max(0.0, seconds))
        return raised
