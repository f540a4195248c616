"""What a rule is, and how rules are found: one file each in `analyzers/rules`, no list to keep.

Three declarations keep a rule cheap; each is optional. `triggers`: words of which one must be in the file. `calls`: full
names, so that `visit_Call` runs only for calls of these, under whatever alias. `methods`: last words of what is called
(`execute` of `cursor.execute(...)`), for receivers that nobody can name. With both, a call that fits either is visited.

A rule that can mend the sin passes `replacement=(old, new)` to `report`; the engine puts it into the text, parses that
again and drops the mend if it is no Python or the rule still finds the sin there.
"""

import importlib
import inspect
import pkgutil
import re
from collections.abc import Collection, Iterable, Sequence
from functools import cache
from typing import Any, ClassVar

import libcst as cst

from analyzers import rules
from analyzers.context import Candidate, Context
from analyzers.finding import Confidence, Severity
from analyzers.scope import Scope


class Rule:
    """Base of every rule. A rule has a method `visit_X(node)` for each libcst class X that it looks at.

    The docstring's first line is the message; what follows says why it matters; a last paragraph that begins with
    "Fix:" says what to do. An object lives for one file, so it may remember things between nodes.
    """

    severity: ClassVar[Severity] = "medium"
    confidence: ClassVar[Confidence] = "high"
    cwe: ClassVar[int | None] = None
    prior: ClassVar[float] = 0.5
    """The share of its findings that deserve a change, as far as is known; the ranker starts from it."""
    references: ClassVar[Sequence[str]] = ()
    """Addresses of the pages that say with authority what the rule rests on; that of its CWE need not be named."""
    extended: ClassVar[bool] = False
    """Whether the rule is about habits, on which teams differ: it runs only where `enable` of `.lockgate.yml` names it."""
    triggers: ClassVar[Sequence[str]] = ()
    """Words of which one must be in the file for the rule to look at it at all; none means every file."""
    calls: ClassVar[Collection[str]] = ()
    """Full names (`subprocess.run`, `pathlib.Path().open`) for which alone `visit_Call` runs; none means every call."""
    methods: ClassVar[Collection[str]] = ()
    """Last words of called names (`execute`) for which `visit_Call` runs too, whoever the receiver is."""
    invalid: ClassVar[Sequence[str]] = ()
    """Sources in which the rule finds something; a test runs them."""
    valid: ClassVar[Sequence[str]] = ()
    """Sources in which it must find nothing: the near misses."""

    def __init__(self, context: Context) -> None:
        self.context = context

    @property
    def scope(self) -> Scope:
        """The scope of the node being visited."""
        return self.context.scope

    def parent(self, up: int = 1) -> cst.CSTNode | None:
        """The node around the one being visited."""
        return self.context.parents[-up] if len(self.context.parents) >= up else None

    def qualified_name(self, node: cst.CSTNode) -> str | None:
        """`subprocess.run` for `run` after `from subprocess import run`; None for what is local or no name."""
        return self.context.qualified_name(node)

    def is_constant(self, node: cst.CSTNode | None) -> bool:
        """Whether the source alone decides the value of `node`."""
        return self.context.is_constant(node)

    def report(
        self,
        node: cst.CSTNode,
        message: str = "",
        *,
        severity: Severity | None = None,
        confidence: Confidence | None = None,
        about: Iterable[cst.CSTNode] = (),
        secret: str = "",
        replacement: tuple[cst.CSTNode, cst.CSTNode] | None = None,
    ) -> None:
        """Marks `node`. `about` are other nodes of the same sin: another tool's word on them is no second one.

        `replacement` mends it: a node of the file (`node` or one near it) and what to write instead.
        """
        self.context.candidates.append(
            Candidate(
                type(self), node, message or message_of(type(self)), severity or self.severity,
                confidence or self.confidence, tuple(about), secret, replacement,
            )
        )  # fmt: skip


def name_of(rule: type) -> str:
    """`sql-injection` for SqlInjection: how suppressions, SARIF and pages call the rule."""
    return dashed(rule.__name__)


def dashed(name: str) -> str:
    """`sql-injection` for `SqlInjection`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "-", name).lower()


def message_of(rule: type) -> str:
    """The docstring's first line."""
    return _told(rule)[0]


def why_of(rule: type) -> str:
    """Why the sin matters."""
    return _told(rule)[1]


def fix_of(rule: type) -> str:
    """What to do about it."""
    return _told(rule)[2]


def references_of(rule: type[Rule]) -> tuple[str, ...]:
    """Where to read more: the rule's own references, then its CWE."""
    return (*rule.references, *weakness_page(rule.cwe))


def weakness_page(cwe: int | None) -> tuple[str, ...]:
    """The address of a CWE's definition, if there is one."""
    return () if cwe is None else (f"https://cwe.mitre.org/data/definitions/{cwe}.html",)


@cache
def _told(rule: type) -> tuple[str, str, str]:
    return parts_of(inspect.getdoc(rule) or "")


def parts_of(docstring: str) -> tuple[str, str, str]:
    """What a rule's docstring says: the message, why it matters, what to do about it."""
    first, _, rest = docstring.partition("\n")
    why, _, fix = rest.partition("Fix:")
    return first.strip(), " ".join(why.split()), " ".join(fix.split())


@cache
def all_rules() -> tuple[type[Rule], ...]:
    """The rules that Lockgate brings, by name."""
    modules = [importlib.import_module(f"{rules.__name__}.{m.name}") for m in pkgutil.iter_modules(rules.__path__)]
    return tuple(sorted({one for module in modules for one in _rules_in(module)}, key=name_of))


def _rules_in(module: object) -> list[type[Rule]]:
    own: list[type[Any]] = [one for _, one in inspect.getmembers(module, inspect.isclass) if issubclass(one, Rule)]
    return [one for one in own if one.__module__ == module.__name__]  # type: ignore[attr-defined]
