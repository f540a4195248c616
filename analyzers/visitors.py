"""Rules of users written as libcst's own visitors, and what each costs.

libcst walks the whole file for each of them, some 15,000 lines a second: a Rule is far cheaper. A visitor that spends more than
its budget on one file is stopped there, which is said; what it found up to then stays.
"""

import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import ClassVar, Self, TypeGuard

import libcst as cst
from libcst import BatchableCSTVisitor, MetadataWrapper, visit_batched

from analyzers.context import Candidate
from analyzers.finding import Confidence, Severity

SECONDS_PER_FILE_MAX = 2.0
USERS = "lockgate_rules_"
"""How the modules of users' rules are called: what those cost is counted."""
_spent: defaultdict[type, float] = defaultdict(float)


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

    def __new__(cls, *_arguments: object) -> Self:
        """Makes the list of reports, whether or not a user's own constructor knows of this class."""
        made = super().__new__(cls)
        made.reported = []
        return made

    reported: list[tuple[cst.CSTNode, str, cst.CSTNode | None]]

    def report(
        self, node: cst.CSTNode, message: str | None = None, *, position: object = None, replacement: object = None
    ) -> None:
        """Marks `node`; without a message the docstring's first line is it. `replacement`, a node, mends it.

        The parameters are Fixit's; its `position` is not heeded: the place of the node is shown.
        """
        self.reported.append((node, message or "", replacement if isinstance(replacement, cst.CSTNode) else None))


def is_visitor(kind: type) -> TypeGuard[type[Visitor]]:
    """Whether libcst is to walk the file for it. The engine hands both kinds of classes round as rules."""
    return issubclass(kind, Visitor)


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
        spend(kind, time.perf_counter() - begun)
        for node, told, new in running.reported if running is not None else []:
            change = (node, new) if new is not None else None
            found.append(Candidate(kind, node, told or message_of(kind), kind.severity, kind.confidence, (), "", change))
    return found


def spend(kind: type, seconds: float) -> None:
    """Notes what a user's rule or visitor cost."""
    _spent[kind] += seconds


def take_spent() -> dict[type, float]:
    """Seconds that each rule of a user's has cost this process since this was last asked."""
    taken = dict(_spent)
    _spent.clear()
    return taken


def _visit(wrapper: MetadataWrapper, visitor: Visitor, until: float) -> None:
    def before(_node: cst.CSTNode) -> None:
        if time.perf_counter() > until:
            raise _OverBudget

    with visitor.resolve(wrapper):
        if isinstance(visitor, cst.CSTVisitor):  # its `visit_X` may answer that nothing below is to be looked at
            on_visit = visitor.on_visit

            def counted(node: cst.CSTNode) -> bool:
                before(node)
                return on_visit(node)

            visitor.on_visit = counted  # type: ignore[method-assign]
            wrapper.module.visit(visitor)
        else:
            visit_batched(wrapper.module, [visitor], before_visit=before)
