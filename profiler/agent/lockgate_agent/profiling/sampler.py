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

from lockgate_agent.profiling import thread_clock, whereabouts
from lockgate_agent.profiling.tally import AT_CALL, BLOCKS, CPU, DOUBTFUL, SAMPLES, WALL, Entry, Tally
from lockgate_agent.profiling.thread_clock import UNKNOWN
from lockgate_agent.profiling.whereabouts import RUNNING, WAITING

PROMPT_NS = 100_000
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

    def sample(self, waited_ns: int = 0) -> None:
        """Looks at every thread once. `waited_ns`: how long this thread waited for the interpreter lock just now."""
        now = time.monotonic_ns()
        self._forced = waited_ns >= 0.9e9 * sys.getswitchinterval()
        self._prompt = waited_ns < PROMPT_NS
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
        entry[SAMPLES] += 1
        entry[WALL] += elapsed
        if ran:
            entry[CPU if self._is_there(entry, thread.native_id, cpu) else DOUBTFUL] += ran
        thread.cpu_ns, thread.seen_ns = cpu, now

    def _is_there(self, entry: Entry, native_id: int, cpu: int) -> bool:
        """Whether the thread's CPU time since the last look was probably spent about where it is now.

        This thread needs the interpreter lock to look, and gets it most easily when a thread is about to wait: what it
        sees then is where the work ended. A thread at a call is taken to be at work there only when the lock was free
        or was taken by force, and when it was not seen to wait there for anything but the lock.
        """
        if not entry[AT_CALL]:
            return True
        place = whereabouts.of(native_id)
        if place == WAITING:
            entry[BLOCKS] = 1
            return False
        if place == RUNNING and (self._prompt or self._forced) and thread_clock.cpu_ns(native_id) > cpu:
            return True  # its clock goes on while this thread has the lock: it computes in C without it
        return self._forced and not entry[BLOCKS]

    def _meet(self, ident: int, since: int) -> _Watched:
        # A thread born since the last look used all of its CPU time since then, so it starts from zero.
        native_id, name = thread_clock.native_ids().get(ident, (0, ""))
        return _Watched(native_id, _DIGITS.sub("*", name)[:80], 0, since)
