"""One look at every thread: which stack, how long since the last look, how much CPU time since then.

A thread whose CPU clock stood still since the last look is where it was: its stack is not walked again, which makes a
process with a hundred parked threads as cheap to watch as one with five.
"""

import random
import re
import sys
import time
from collections.abc import Mapping
from types import FrameType
from typing import Optional

from lockgate_agent.profiling import thread_clock
from lockgate_agent.profiling.tally import Entry, Tally
from lockgate_agent.profiling.thread_clock import UNKNOWN

THREADS_MAX = 100
"""Looked at in one sample; above that a random choice, each weighted by the time since its own last look."""
_DIGITS = re.compile(r"\d+")


class _Watched:
    """A thread and where it was last seen."""

    __slots__ = ("cpu_ns", "entry", "group", "native_id", "seen_ns")

    def __init__(self, native_id: int, group: str, cpu_ns: int, seen_ns: int) -> None:
        self.native_id, self.group, self.cpu_ns, self.seen_ns = native_id, group, cpu_ns, seen_ns
        self.entry: Optional[Entry] = None


class Sampler:
    """Fills a tally, one `sample()` after the other. `skip`: idents of threads to leave out, the profiler's own."""

    def __init__(self, skip: "set[int]", routes: Mapping[int, str], threads_max: int = THREADS_MAX) -> None:
        self._skip, self._routes, self._threads_max = skip, routes, threads_max
        self._watched: dict[int, _Watched] = {}
        self._random = random.Random()  # noqa: S311  its own, so that the program's sequence is not disturbed
        self._last_ns = time.monotonic_ns()
        self._first = True
        self._tally = Tally()

    def take(self) -> Tally:
        """Hands over what was seen and begins anew."""
        full, self._tally = self._tally, Tally()
        for thread in self._watched.values():
            thread.entry = None
        return full

    def sample(self) -> None:
        """Looks at every thread once."""
        now = time.monotonic_ns()
        since, self._last_ns = self._last_ns, now
        frames = sys._current_frames()
        for ident in self._choose(frames):
            self._look(ident, frames[ident], now, since)
        if len(self._watched) > len(frames):
            self._watched = {ident: thread for ident, thread in self._watched.items() if ident in frames}
        self._first = False

    def _choose(self, frames: "dict[int, FrameType]") -> "list[int]":
        idents = [ident for ident in frames if ident not in self._skip]
        return idents if len(idents) <= self._threads_max else self._random.sample(idents, self._threads_max)

    def _look(self, ident: int, frame: FrameType, now: int, since: int) -> None:
        thread = self._watched.get(ident)
        cpu = thread_clock.cpu_ns(thread.native_id) if thread is not None else UNKNOWN
        if thread is None or (cpu == UNKNOWN and thread.native_id):
            # New, or its ident was given to another thread after it ended.
            thread = self._watched[ident] = self._meet(ident, since)
            cpu = thread_clock.cpu_ns(thread.native_id)
            if self._first:
                thread.cpu_ns = cpu
        elapsed = now - thread.seen_ns
        ran = min(max(0, cpu - thread.cpu_ns), elapsed) if cpu != UNKNOWN else 0
        entry = thread.entry
        if entry is None or ran or cpu == UNKNOWN:
            entry = thread.entry = self._tally.entry(frame, (thread.group, self._routes.get(ident, "")))
        entry[0] += 1
        entry[1] += elapsed
        entry[2] += ran
        thread.cpu_ns, thread.seen_ns = cpu, now

    def _meet(self, ident: int, since: int) -> _Watched:
        # A thread born since the last look used all of its CPU time since then, so it starts from zero.
        native_id, name = thread_clock.native_ids().get(ident, (0, ""))
        return _Watched(native_id, _DIGITS.sub("*", name)[:80], 0, since)
