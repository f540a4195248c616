"""The analysers of this process: one warm child, started when first needed, sent home when nothing was pushed for long."""

import threading
import time
from collections.abc import Sequence

from analyzers.isolated import Reviewer

from analyzers.finding import FileReport, SourceFile
from analyzers.options import ReviewOptions

IDLE_SECONDS_MAX = 900


class WarmReviewer:
    """A Reviewer for all threads: one caller at a time, since its child works through one list after the other."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._reviewer: Reviewer | None = None
        self._used_at = 0.0

    def review_files(self, files: Sequence[SourceFile], options: ReviewOptions) -> list[FileReport]:
        """Reports on files in their order."""
        if not files:
            return []
        with self._lock:
            if self._reviewer is None:
                self._reviewer = Reviewer()
            reports = self._reviewer.review_files(files, options)
            self._used_at = time.monotonic()
        return reports

    def rest(self, idle_seconds_max: float = IDLE_SECONDS_MAX) -> None:
        """Ends the child when it has been idle for so long: its parsers are most of a worker's memory."""
        if not self._lock.acquire(blocking=False):
            return
        try:
            if self._reviewer is not None and time.monotonic() - self._used_at > idle_seconds_max:
                self._reviewer.close()
                self._reviewer = None
        finally:
            self._lock.release()


warm = WarmReviewer()
"""The one of this process."""
