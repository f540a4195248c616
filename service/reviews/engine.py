"""The analysers of this process: one warm child, started when first needed, sent home when nothing was pushed for long."""

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from analyzers.finding import FileReport, SourceFile
from analyzers.flow.places import Read
from analyzers.isolated import Extra, Reviewer
from analyzers.options import ReviewOptions
from analyzers.version import engine_version

IDLE_SECONDS_MAX = 900
SEARCH_FILES = 16
"""A search hands in so many files at a time, and asks before each lot whether a review wants to go first."""
STAND_ASIDE_SECONDS_MAX = 60.0
"""Reviews without end must not stop a search for good."""


class WarmReviewer:
    """A Reviewer for all threads of the process, which serves one at a time; it knows how long it has been idle."""

    def __init__(self) -> None:
        self._reviewer = Reviewer()
        self._used_at = 0.0
        self._reviews = 0
        self._rules = engine_version()
        self._calm = threading.Condition()

    @property
    def pid(self) -> int | None:
        """The child's process id while there is one."""
        return self._reviewer.pid

    def review_files(
        self, files: Sequence[SourceFile], options: ReviewOptions, read: Read | None = None, extra: Extra | None = None
    ) -> list[FileReport]:
        """Reports on files in their order; what they import comes from `read`. Raises analyzers.isolated.ReviewerBroken."""
        self._used_at = time.monotonic()
        try:
            return self._reviewer.review_files(files, options, read, extra) if files else []
        finally:
            self._used_at = time.monotonic()

    def use_rules(self, folder: Path, version: str) -> None:
        """From here on rules of `folder` run too; another `version` of them than before ends the child, for it has loaded the old."""
        with self._calm:
            if version != self._rules:
                self._rules, self._reviewer.rules_folder = version, folder
                self._reviewer.close()

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
        self._reviewer.warm()

    def rest(self, idle_seconds_max: float = IDLE_SECONDS_MAX) -> None:
        """Ends the child when it has been idle for so long: its parsers hold much memory. The next review starts another."""
        if self.pid is not None and time.monotonic() - self._used_at > idle_seconds_max:
            self._reviewer.close()


warm = WarmReviewer()
"""The one of this process."""
