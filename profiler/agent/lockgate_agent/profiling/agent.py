"""The profiler of one process: a thread that looks, a thread that delivers, and their clock."""

import logging
import os
import platform
import random
import sys
import time
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Optional

from lockgate_agent.profiling import delivery, pprof, thread_clock
from lockgate_agent.profiling.budget import WINDOW_SECONDS, Budget
from lockgate_agent.profiling.delivery import NotDelivered, Orders
from lockgate_agent.profiling.native import Signal, start_thread
from lockgate_agent.profiling.sampler import Sampler
from lockgate_agent.profiling.settings import Settings
from lockgate_agent.profiling.spool import Spool, default_folder
from lockgate_agent.profiling.tally import Tally

TYPES = (("samples", "count"), ("wall", "nanoseconds"), ("cpu", "nanoseconds"))
BACKOFF_SECONDS = (5.0, 300.0)
OFF_POLL_SECONDS = 60.0
FLUSH_SECONDS = 1.0
OFF_FILE_SECONDS = 1.0
_log = logging.getLogger("lockgate_agent")


@dataclass(frozen=True)
class _Batch:
    """A tally and the time it covers."""

    tally: Tally
    start_ns: int
    duration_ns: int
    wait_ns: int
    hertz: float


class Agent:
    """Profiles the process it is started in. Nothing here raises into the program: an error ends the profiler only."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.routes: dict[int, str] = {}
        self._jitter = random.Random()  # noqa: S311  its own, so that the program's sequence is not disturbed
        self.failure = ""
        """The error that ended the profiler, or ""."""
        self.counts = {"samples": 0, "delivered": 0, "kept": 0, "lost": 0}
        self._set_up()

    def _set_up(self) -> None:
        settings = self.settings
        self.budget = Budget(settings.hertz, settings.hertz_max, settings.budget_percent / 100)
        self._skip: set[int] = set()
        self._sampler = Sampler(self._skip, self.routes)
        self._spool = Spool(Path(settings.spool) if settings.spool else default_folder(settings.group))
        self._batches: deque[_Batch] = deque(maxlen=4)
        self._halt, self._wake, self._ended, self._flushed = Signal(), Signal(), Signal(), Signal()
        self._stopping = False
        self._orders = Orders()
        self._interval_seconds = settings.interval_seconds
        self._sender_cpu_ns = 0
        self._wait_ns = 0
        self._retry_at, self._failures, self._complained = 0.0, 0, False
        self._off_check_at, self._off_file_seen = 0.0, False
        self._in_flight: Optional[tuple[dict[str, str], bytes]] = None

    def start(self) -> None:
        """Starts both threads."""
        start_thread(lambda: self._guarded(self._watch, self._ended))
        start_thread(lambda: self._guarded(self._send, self._flushed))

    def stop(self, seconds: float = FLUSH_SECONDS) -> None:
        """Ends sampling and delivers what is left, within `seconds`; what does not get through waits in the spool."""
        if self._stopping or self.failure:
            return
        deadline = time.monotonic() + seconds
        self._stopping = True
        self._halt.raise_()
        if self._ended.wait(seconds):
            self._wake.raise_()
            if not self._flushed.wait(deadline - time.monotonic()):
                self._keep_rest()

    def after_fork(self) -> None:
        """In the child: forgets what belongs to the parent and starts anew."""
        was_running = not (self._stopping or self.failure)
        self.routes.clear()
        self._set_up()
        if was_running:
            self.start()

    def _guarded(self, run: Any, done: Signal) -> None:
        try:
            run()
        except BaseException as error:  # the program must never see an error of its profiler
            self.failure = repr(error)
            try:
                _log.warning("the profiler ended: %r", error)
            except BaseException:
                self.counts["lost"] += 1
        finally:
            done.raise_()

    # -- the thread that looks

    def _watch(self) -> None:
        self._skip.add(_ident())
        began_ns, due = time.time_ns(), time.monotonic() + self.settings.first_seconds
        window = _Window(self._sender_cpu_ns)
        while True:
            # Uneven steps: an even rhythm would fall in step with periodic work and always or never see it.
            wait = self._jitter.uniform(0.5, 1.5) / self.budget.hertz
            slept = time.perf_counter()
            halted = self._halt.wait(wait)
            waited_ns = max(0, int((time.perf_counter() - slept - wait) * 1e9))
            self._wait_ns += waited_ns
            if not halted and not self._off():  # at the end the program would be seen waiting for its profiler
                self._sampler.sample(waited_ns)
                self.counts["samples"] += 1
            if window.seconds() >= WINDOW_SECONDS:
                self._adjust(window)
                window = _Window(self._sender_cpu_ns)
            if halted or time.monotonic() >= due:
                began_ns = self._hand_over(began_ns)
                due = time.monotonic() + self._interval_seconds
            if halted:
                return

    def _adjust(self, window: "_Window") -> None:
        self.budget.adjust(*window.used(self._sender_cpu_ns))
        if self.budget.pause_seconds and not self._stopping:
            _log.warning("the profiler pauses: it took %.1f %% of the CPU time", 100 * self.budget.used_share)
            if self._halt.wait(self.budget.pause_seconds):
                self._halt.raise_()

    def _hand_over(self, began_ns: int) -> int:
        now_ns = time.time_ns()
        batch = _Batch(self._sampler.take(), began_ns, max(1, now_ns - began_ns), self._wait_ns, self.budget.hertz)
        self._wait_ns = 0
        self._batches.append(batch)
        self._wake.raise_()
        return now_ns

    def _off(self) -> bool:
        now = time.monotonic()
        if now >= self._off_check_at:
            self._off_check_at = now + OFF_FILE_SECONDS
            self._off_file_seen = os.path.exists(self.settings.off_file)
        return self._off_file_seen or not self._orders.enabled

    # -- the thread that delivers

    def _send(self) -> None:
        self._skip.add(_ident())
        while True:
            self._wake.wait(OFF_POLL_SECONDS)
            last = self._stopping
            while self._batches:
                self._deliver(self._batches.popleft(), last)
            if not self._orders.enabled and not last:
                self._ask()
            self._sender_cpu_ns = time.thread_time_ns()
            if last:
                return

    def _deliver(self, batch: _Batch, last: bool) -> None:
        profile = self._encode(batch)
        if profile is None:
            return
        query = self._query()
        if last:
            # Stored first: the process may be gone before the server has answered.
            path = self._keep(query, profile)
            if self._post(query, profile, FLUSH_SECONDS) and path is not None:
                self._spool.forget(path)
            return
        self._in_flight = (query, profile)
        if time.monotonic() < self._retry_at or not self._post(query, profile, delivery.ANSWER_SECONDS):
            self._keep(query, profile)
        else:
            self._clear_spool()
        self._in_flight = None

    def _keep_rest(self) -> None:
        """Stores what the delivering thread has not got through; what arrives nevertheless counts once at the server."""
        if self._in_flight is not None:
            self._keep(*self._in_flight)
        while self._batches:
            profile = self._encode(self._batches.popleft())
            if profile is not None:
                self._keep(self._query(), profile)

    def _encode(self, batch: _Batch) -> Optional[bytes]:
        samples = list(batch.tally.samples())
        if not samples:
            return None
        comments = [
            f"agent=lockgate-agent python={platform.python_version()} hertz={batch.hertz:.1f}",
            f"gil_wait_ms={batch.wait_ns // 1_000_000} thread_cpu_clock={'yes' if thread_clock.AVAILABLE else 'no'}",
        ]
        return pprof.encode(
            TYPES, samples, start_ns=batch.start_ns, duration_ns=batch.duration_ns,
            period_ns=int(1e9 / batch.hertz), default="cpu", comments=comments,
        )

    def _query(self) -> "dict[str, str]":
        settings = self.settings
        told = {
            "group": settings.group, "instance": settings.instance_now(), "version": settings.version, "own": settings.own,
        }
        return {key: value for key, value in told.items() if value}

    def _post(self, query: "dict[str, str]", profile: bytes, seconds: float) -> bool:
        try:
            self._obey(delivery.post(self.settings.server, self.settings.token, query, profile, seconds=seconds))
        except NotDelivered as error:
            if not self._complained:
                _log.warning("a profile was not delivered: %s", error)
            self._complained = True
            if not error.again:
                self.counts["lost"] += 1
                return True
            low, high = BACKOFF_SECONDS
            pause = min(high, low * 2.0**self._failures) * self._jitter.uniform(0.75, 1.25)
            self._retry_at, self._failures = time.monotonic() + pause, self._failures + 1
            return False
        self._retry_at, self._failures, self._complained = 0.0, 0, False
        self.counts["delivered"] += 1
        return True

    def _obey(self, orders: Orders) -> None:
        self._orders = orders
        self._interval_seconds = orders.interval_seconds or self.settings.interval_seconds

    def _ask(self) -> None:
        try:
            self._obey(delivery.ask(self.settings.server, self.settings.token, self.settings.group))
        except NotDelivered:
            return  # asked again in a minute

    def _keep(self, query: "dict[str, str]", profile: bytes) -> Optional[Path]:
        try:
            path = self._spool.keep(query, profile)
        except OSError:
            self.counts["lost"] += 1
            return None
        self.counts["kept"] += 1
        return path

    def _clear_spool(self) -> None:
        try:
            for path, query, profile in self._spool.waiting():
                if not self._post(query, profile, delivery.ANSWER_SECONDS):
                    return
                self._spool.forget(path)
        except OSError:
            return  # the folder is not ours or not there: then nothing waits in it


class _Window:
    """CPU time of the profiler and of the process since it was made; to be read in the thread that looks."""

    def __init__(self, sender_ns: int) -> None:
        self._wall, self._process = time.monotonic_ns(), time.process_time_ns()
        self._own, self._sender = time.thread_time_ns(), sender_ns

    def seconds(self) -> float:
        """How long it lasts."""
        return (time.monotonic_ns() - self._wall) / 1e9

    def used(self, sender_ns: int) -> "tuple[int, int, int]":
        """Nanoseconds: CPU of the profiler, CPU of the process, wall clock."""
        own = time.thread_time_ns() - self._own + sender_ns - self._sender
        return own, time.process_time_ns() - self._process, time.monotonic_ns() - self._wall


def _ident() -> int:
    # The real thread's, also where gevent answers with a greenlet's.
    frame = sys._getframe()
    return next(ident for ident, top in sys._current_frames().items() if top is frame)
