"""What rules know about the file under review while it is walked once."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import libcst as cst

from analyzers import constant, names
from analyzers.finding import Confidence, Mend, Severity, Step
from analyzers.scope import Scope
from analyzers.syntax import ScopeNode

_WORD = re.compile(r"\w+")


def words_of(text: str) -> Counter[str]:
    """Every word of a text, with how often it is there."""
    return Counter(_WORD.findall(text))


@dataclass(frozen=True)
class Draft:
    """A sin before it has a fingerprint. Lines and columns count from 1; `also` are other lines it is about."""

    rule: str
    tool: str
    message: str
    severity: Severity
    confidence: Confidence
    cwe: int | None
    line: int
    column: int
    end_line: int
    end_column: int
    why: str
    fix: str
    prior: float
    also: frozenset[int] = frozenset()
    secret: str = field(default="", repr=False)
    """The secret's text where it is one: only its hash goes further, into the fingerprint."""
    silenced: str = ""
    """Why another tool's own comment (`nosec`) silences it; "" if nothing does."""
    steps: tuple[Step, ...] = ()
    mend: Mend | None = None

    @property
    def lines(self) -> frozenset[int]:
        """Every line it is about."""
        return self.also | frozenset(range(self.line, self.end_line + 1))


@dataclass(frozen=True, eq=False)
class Candidate:
    """What a rule reported, before positions are known: they cost as much as the whole walk, so they come last."""

    rule: type
    node: cst.CSTNode
    message: str
    severity: Severity
    confidence: Confidence
    about: tuple[cst.CSTNode, ...]
    secret: str
    replacement: tuple[cst.CSTNode, cst.CSTNode] | None = None


@dataclass
class Context:
    """One file on its walk: where the walk is, and what has been reported so far."""

    path: str
    module: cst.Module
    parents: list[cst.CSTNode] = field(default_factory=list)
    """The nodes around the one being visited, outermost first."""
    text: str = ""
    """The file's source; libcst's own `module.code` makes it anew each time."""
    candidates: list[Candidate] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._scopes: dict[int, Scope] = {}
        self._names: dict[int, str | None] = {}
        self.scope = self.scope_of(self.module)

    @cached_property
    def words(self) -> Counter[str]:
        """How often each word stands in the text, comments and strings included."""
        return words_of(self.text)

    def scope_of(self, node: ScopeNode) -> Scope:
        """The scope that a module, class, function or lambda on or right below the walk's path opens."""
        known = self._scopes.get(id(node))
        if known is None:
            parent = None if isinstance(node, cst.Module) else self.scope
            known = self._scopes[id(node)] = Scope(node, parent)
        return known

    def qualified_name(self, node: cst.CSTNode, scope: Scope | None = None) -> str | None:
        """See `names.qualified_name`; seen from the walk's place unless `scope` says otherwise."""
        if scope is not None and scope is not self.scope:
            return names.qualified_name(node, scope)
        key = id(node)
        if key not in self._names:
            self._names[key] = names.qualified_name(node, self.scope)
        return self._names[key]

    def is_constant(self, node: cst.CSTNode | None, scope: Scope | None = None) -> bool:
        """See `constant.is_constant`."""
        return constant.is_constant(node, scope or self.scope)

    def inside(self, kinds: type[cst.CSTNode] | tuple[type[cst.CSTNode], ...]) -> Sequence[cst.CSTNode]:
        """The surrounding nodes of these kinds, innermost first."""
        return [node for node in reversed(self.parents) if isinstance(node, kinds)]
