"""Several reviewers side by side, one for each core; the reports come in the order of the files whoever is done first."""

import os
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType

from analyzers.finding import Diagnostic, FileReport, SourceFile
from analyzers.flow.places import Read
from analyzers.isolated import Reviewer
from analyzers.options import ReviewOptions

PROCESSES_MAX = 4
"""Each child holds parsers and rules: more of them would need more memory than they save time."""
FILES_PER_PROCESS_MIN = 25
"""A child takes as long to start as it needs for so many files."""


class Pool:
    """Reviewers that share the work. Close it, or use it as a context."""

    def __init__(self, files: int, rules_folder: Path | None = None) -> None:
        cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        wanted = max(1, min(cores, PROCESSES_MAX, files // FILES_PER_PROCESS_MIN))
        self._reviewers = [Reviewer(rules_folder=rules_folder) for _ in range(wanted)]
        self._threads = ThreadPoolExecutor(wanted)

    def __enter__(self) -> "Pool":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def review_each(
        self, files: Sequence[SourceFile], options: ReviewOptions, reads: Sequence[Read | None]
    ) -> list[FileReport]:
        """One report for each file, in order; what a file imports comes from its own `read`. Raises ReviewerBroken.

        Whoever is done with one file takes the next: files differ a thousandfold in the work that they are.
        """
        reports: list[FileReport | None] = [None] * len(files)
        numbers = iter(range(len(files)))  # a thread takes from it in one step, so no number twice

        def work(reviewer: Reviewer) -> None:
            for number in numbers:
                [reports[number]] = reviewer.review_files([files[number]], options, reads[number])

        list(self._threads.map(work, self._reviewers[: len(files)]))
        return [one for one in reports if one is not None]

    @property
    def costs(self) -> Counter[str]:
        """Microseconds that each rule of the user's has cost so far, by name."""
        return sum((one.costs for one in self._reviewers), Counter())

    def unused(self) -> tuple[Diagnostic, ...]:
        """What is said of classes in the folder of rules that are not run; starts a child. Raises ReviewerBroken."""
        self._reviewers[0].warm()
        return self._reviewers[0].told

    def close(self) -> None:
        """Ends the children."""
        self._threads.shutdown()
        for one in self._reviewers:
            one.close()
