"""The analysers of this process: warm children, started when first needed, sent home when nothing was pushed for long."""

import os
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from queue import Empty, PriorityQueue

from analyzers.finding import FileReport, SourceFile
from analyzers.flow.places import Read
from analyzers.isolated import Extra, Reviewer, ReviewerBroken
from analyzers.options import ReviewOptions
from analyzers.version import engine_version

CHILDREN_MAX = 2
IDLE_SECONDS_MAX = 900
SEARCH_FILES = 16
"""A search hands in so many files at a time, and asks before each lot whether a review wants to go first."""
STAND_ASIDE_SECONDS_MAX = 60.0
"""Reviews without end must not stop a search for good."""


class WarmReviewer:
    """Reviewers for all threads of the process, each of which serves one at a time; it knows how long they have been idle.

    There are two where there are two cores. The second starts beside the first one's work when a review has several files.
    """

    def __init__(self) -> None:
        self._reviewers = [Reviewer() for _ in range(min(CHILDREN_MAX, _cores()))]
        self._free: PriorityQueue[int] = PriorityQueue()
        """Numbers of the reviewers that nobody is using; of several the first is taken."""
        self._free.put(0)
        self._helping = 1
        self._used_at = 0.0
        self._reviews = 0
        self._rules = engine_version()
        self._calm = threading.Condition()

    @property
    def pid(self) -> int | None:
        """The first child's process id while there is one."""
        return self._reviewers[0].pid

    @property
    def pids(self) -> list[int]:
        """Of every child that runs."""
        return [one.pid for one in self._reviewers if one.pid is not None]

    def review_files(
        self, files: Sequence[SourceFile], options: ReviewOptions, read: Read | None = None, extra: Extra | None = None
    ) -> list[FileReport]:
        """Reports on files in their order; what they import comes from `read`. Raises analyzers.isolated.ReviewerBroken."""
        self._used_at = time.monotonic()
        if not files:
            return []
        number = self._free.get()
        try:
            return self._reviewers[number].review_files(files, options, read, extra)
        finally:
            self._free.put(number)
            self._used_at = time.monotonic()

    def at_once(self, files: int) -> int:
        """How many of so many files may be given in side by side. Gets the second child to help, from when it is ready."""
        wanted = min(files, len(self._reviewers))
        with self._calm:
            starting = range(self._helping, wanted)
            self._helping = max(self._helping, wanted)
        for number in starting:
            threading.Thread(target=self._help, args=(number,), daemon=True).start()
        return wanted

    def _help(self, number: int) -> None:
        try:
            self._reviewers[number].warm()
        except ReviewerBroken:
            pass  # the first one does not start either, and says so; this one tries again with the next file it gets
        self._free.put(number)

    def use_rules(self, folder: Path, version: str) -> None:
        """From here on rules of `folder` run too; another `version` of them than before ends the children, who have loaded the old."""
        with self._calm:
            if version != self._rules:
                self._rules = version
                for one in self._reviewers:
                    one.rules_folder = folder
                    one.close()

    @contextmanager
    def ahead(self) -> Iterator[None]:
        """A review, for which a gate waits, is under way: searches stand aside."""
        with self._calm:
            self._reviews += 1
        try:
            yield
        finally:
            with self._calm:
                self._reviews -= 1
                self._calm.notify_all()

    def search_files(self, files: Sequence[SourceFile], options: ReviewOptions, read: Read | None = None) -> list[FileReport]:
        """Like `review_files`, for what nobody waits for: lot by lot, between the reviews."""
        reports: list[FileReport] = []
        for start in range(0, len(files), SEARCH_FILES):
            with self._calm:
                self._calm.wait_for(lambda: not self._reviews, STAND_ASIDE_SECONDS_MAX)
            reports += self.review_files(files[start : start + SEARCH_FILES], options, read)
        return reports

    def warm_up(self) -> None:
        """Starts the child now, so that the next review need not wait for it. Raises ReviewerBroken."""
        self._used_at = time.monotonic()
        self._reviewers[0].warm()

    def rest(self, idle_seconds_max: float = IDLE_SECONDS_MAX) -> None:
        """Ends children that have been idle for so long: their parsers hold much memory. The next review starts others."""
        if not self.pids or time.monotonic() - self._used_at <= idle_seconds_max:
            return
        with self._calm:
            free: list[int] = []
            with suppress(Empty):
                while True:
                    free.append(self._free.get_nowait())
            if len(free) == self._helping:  # nobody was given one in between
                for one in self._reviewers:
                    one.close()
                free, self._helping = [0], 1
            for number in free:
                self._free.put(number)


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


warm = WarmReviewer()
"""The one of this process."""
