"""Rules of users written as libcst's own visitors, and what each costs.

libcst walks the whole file for each of them, some 15,000 lines a second: a Rule is far cheaper. A visitor that spends more than
its budget on one file is stopped there, which is said; what it found up to then stays.
"""

import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import ClassVar

import libcst as cst
from libcst import BatchableCSTVisitor, MetadataWrapper, visit_batched

from analyzers.context import Candidate
from analyzers.finding import Confidence, Severity

SECONDS_PER_FILE_MAX = 2.0
_spent: defaultdict[str, float] = defaultdict(float)


class Visitor(BatchableCSTVisitor):
    """Base of a user's visitor: it has libcst's `visit_X`, `leave_X` and METADATA_DEPENDENCIES, and calls `self.report(node)`.

    The docstring is the message, the reason and the way out, as a Rule's is. An object lives for one file.
    """

    severity: ClassVar[Severity] = "medium"
    confidence: ClassVar[Confidence] = "high"
    cwe: ClassVar[int | None] = None
    prior: ClassVar[float] = 0.5
    extended: ClassVar[bool] = False
    references: ClassVar[Sequence[str]] = ()
    triggers: ClassVar[Sequence[str]] = ()
    """Words of which one must be in the file; none means every file."""
    invalid: ClassVar[Sequence[str]] = ()
    """Sources in which it finds something; `lockgate review --test-rules` runs them."""
    valid: ClassVar[Sequence[str]] = ()
    """Sources in which it must find nothing."""
    seconds_per_file_max: ClassVar[float] = SECONDS_PER_FILE_MAX

    def __init__(self) -> None:
        super().__init__()
        self.reported: list[tuple[cst.CSTNode, str]] = []

    def report(self, node: cst.CSTNode, message: str = "") -> None:
        """Marks `node`; without a message the docstring's first line is it."""
        self.reported.append((node, message))


class _OverBudget(Exception):
    pass


def visited(
    module: cst.Module, text: str, visitors: Sequence[type[Visitor]], failed: dict[type, str], message_of: Callable[[type], str]
) -> list[Candidate]:
    """What the visitors report of a parsed file; why one failed or was stopped goes into `failed`."""
    wrapper = MetadataWrapper(module, unsafe_skip_copy=True)
    found: list[Candidate] = []
    for kind in visitors:
        if kind.triggers and not any(word in text for word in kind.triggers):
            continue
        begun = time.perf_counter()
        running: Visitor | None = None
        try:
            running = kind()
            _visit(wrapper, running, begun + kind.seconds_per_file_max)
        except _OverBudget:
            failed[kind] = f"it took longer than its budget of {kind.seconds_per_file_max:g} s and was stopped"
        except Exception as error:  # noqa: BLE001  one visitor's fault must not cost the others' findings
            failed[kind] = f"{type(error).__name__}: {error}"[:200]
        _spent[kind.__name__] += time.perf_counter() - begun
        reported = running.reported if running is not None else []
        found += [Candidate(kind, node, told or message_of(kind), kind.severity, kind.confidence, (), "") for node, told in reported]
    return found


def take_spent() -> dict[str, float]:
    """Seconds that each visitor has cost this process since this was last asked, by class name."""
    taken = dict(_spent)
    _spent.clear()
    return taken


def _visit(wrapper: MetadataWrapper, visitor: Visitor, until: float) -> None:
    def before(_node: cst.CSTNode) -> None:
        if time.perf_counter() > until:
            raise _OverBudget

    with visitor.resolve(wrapper):
        visit_batched(wrapper.module, [visitor], before_visit=before)
