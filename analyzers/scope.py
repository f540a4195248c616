"""Which names a module, function or class binds to what, and in which order. Computed only for scopes asked about."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import libcst as cst

from analyzers.syntax import INNER_SCOPES, READERS, Function, ScopeNode, bound_names, children, descend, dotted, is_name, leaf_classes

Kind = Literal["import", "assign", "augment", "element", "param", "def", "with", "loop", "other"]

_BRANCHING = frozenset(
    {cst.If, cst.Else, cst.For, cst.While, cst.Try, cst.TryStar, cst.ExceptHandler, cst.ExceptStarHandler, cst.Finally,
     cst.MatchCase}
)  # fmt: skip
_BLOCKS = frozenset({cst.IndentedBlock, cst.SimpleStatementSuite})
_LEAVES = leaf_classes()


@dataclass(frozen=True, eq=False)
class Binding:
    """One place where a name gets a value. `order` counts the scope's nodes, `blocks` are the branches around it."""

    name: str
    kind: Kind
    value: cst.BaseExpression | None
    """What is assigned; None where that cannot be told. For "element" the name gets a part of it."""
    origin: str
    """The full dotted name of what is imported; "" unless kind is "import"."""
    node: cst.CSTNode
    order: int
    blocks: tuple[int, ...]


class Scope:
    """The names of one module, function, lambda or class body."""

    def __init__(self, node: ScopeNode, parent: "Scope | None") -> None:
        self.node = node
        self.parent = parent
        self._bindings: dict[str, list[Binding]] = {}
        self._order: dict[int, tuple[int, tuple[int, ...]]] = {}
        self._elsewhere: dict[str, Literal["global", "nonlocal"]] = {}
        self._read = False
        self._attributes: dict[str, list[Value]] | None = None
        self._given: dict[int, Value | None] = {}
        self.named: dict[int | str, str | None] = {}
        """For `names`: what was found out of bindings, functions and attributes of this scope."""
        self.fixed: dict[int, bool] = {}
        """For `constant`: which bindings were found to keep to what the source says."""

    @property
    def is_function(self) -> bool:
        """Whether this is the scope of a function or lambda."""
        return isinstance(self.node, Function)

    def bindings(self, name: str) -> list[Binding]:
        """Every place in this scope that binds `name`, in source order."""
        self._fill()
        return self._bindings.get(name, [])

    def all_bindings(self) -> Iterator[Binding]:
        """Every binding of this scope."""
        self._fill()
        for found in self._bindings.values():
            yield from found

    def declares_elsewhere(self, name: str) -> bool:
        """Whether `global` or `nonlocal` gives the name to another scope."""
        self._fill()
        return name in self._elsewhere

    def owner(self, name: str) -> "Scope | None":
        """The scope whose `name` is meant here, by Python's rules; None for builtins and unknown names."""
        scope: Scope | None = self
        while scope is not None:
            if not scope._read:
                scope._fill()
            if scope._elsewhere.get(name) == "global":
                return scope.root()
            hidden = scope is not self and type(scope.node) is cst.ClassDef
            if name in scope._bindings and name not in scope._elsewhere and not hidden:
                return scope
            scope = scope.parent
        return None

    def root(self) -> "Scope":
        """The module's scope."""
        scope = self
        while scope.parent is not None:
            scope = scope.parent
        return scope

    def reaching(self, name: str, use: cst.CSTNode) -> list[Binding]:
        """The bindings that may give `name` its value at `use`, last first; empty when it is nobody's or a builtin.

        Straight-line reading: a binding hides earlier ones if no branch stands between it and the use. Loops are read
        once. A use in another scope than the name's sees every binding.
        """
        owner = self.owner(name)
        if owner is None:
            return []
        candidates = owner._bindings.get(name, [])
        at = owner._order.get(id(use))
        if at is None:
            return candidates[::-1]
        order, blocks = at
        found: list[Binding] = []
        for binding in reversed(candidates):
            if binding.order >= order:
                continue
            found.append(binding)
            if binding.kind != "augment" and binding.blocks == blocks[: len(binding.blocks)]:
                break
        return found or candidates[::-1]

    def attribute_values(self, name: str) -> "list[Value]":
        """What the methods of this class assign to `self.name`, and its body to `name`; (None, scope) where that cannot be told."""
        if self._attributes is None:
            self._attributes = {}
            for method in descend(self.node.body) if isinstance(self.node, cst.ClassDef) else ():
                if isinstance(method, cst.FunctionDef) and method.params.params:
                    inner = Scope(method, self)
                    for attribute, value in _kept_on(method.params.params[0].name.value, method.body):
                        self._attributes.setdefault(attribute, []).append((value, inner))
        own = [(one.value if one.kind == "assign" else None, self) for one in self.bindings(name)]
        return own + self._attributes.get(name, [])

    def returned(self, function: cst.FunctionDef) -> "Value | None":
        """What a plain function of this scope gives, with its scope, if it has one `return`; None otherwise."""
        key = id(function)
        if key not in self._given:
            below = list(descend(function.body)) if function.asynchronous is None and not function.decorators else []
            values = [one.value for one in below if isinstance(one, cst.Return)]
            plain = len(values) == 1 and not any(isinstance(one, cst.Yield) for one in below)
            self._given[key] = (values[0], Scope(function, self)) if plain else None
        return self._given[key]

    def _fill(self) -> None:
        if self._read:
            return
        self._read = True
        node = self.node
        if isinstance(node, Function):
            for param in parameters(node.params):
                self._add(param.name.value, "param", None, param, -1, ())
        stack: list[Any] = children(node) if isinstance(node, cst.Module) else [node.body]
        stack.reverse()
        self._number(stack)

    def _number(self, stack: list[Any]) -> None:
        """Numbers the nodes on the stack and below, and notes what they bind once all below them is numbered.

        Among the nodes stand tuples: `(node,)` where a binding node is left, `(None, blocks)` where other branches are around.
        """
        order, readers = self._order, READERS
        blocks: tuple[int, ...] = ()
        place = 0
        while stack:
            one = stack.pop()
            place += 1
            kind = type(one)
            if kind is tuple:
                if one[0] is None:
                    blocks = one[1]
                else:
                    self._bind(one[0], place, blocks)
                continue
            order[id(one)] = place, blocks
            if kind in _LEAVES:
                continue
            if kind in _BINDERS:
                stack.append((one,))
            if kind in _BRANCHING:
                for below in readers[kind](one):
                    if type(below) in _BLOCKS:
                        stack += ((None, blocks), below, (None, (*blocks, id(below))))
                    else:
                        stack.append(below)
            elif kind in INNER_SCOPES:
                stack += reversed(_outside(one))
            else:
                stack += readers[kind](one)

    def _add(
        self, name: str, kind: Kind, value: cst.BaseExpression | None, node: cst.CSTNode, order: int,
        blocks: tuple[int, ...], origin: str = "",
    ) -> None:  # fmt: skip
        self._bindings.setdefault(name, []).append(Binding(name, kind, value, origin, node, order, blocks))

    def _bind(self, node: cst.CSTNode, order: int, blocks: tuple[int, ...]) -> None:
        if isinstance(node, cst.Global | cst.Nonlocal):
            word: Literal["global", "nonlocal"] = "global" if isinstance(node, cst.Global) else "nonlocal"
            self._elsewhere.update({item.name.value: word for item in node.names})
            return
        for name, kind, value, origin in _told(node):
            owner = self.root() if self._elsewhere.get(name) == "global" else self
            owner._add(name, kind, value, node, order, blocks, origin)


Value = tuple[cst.BaseExpression | None, Scope]
"""An expression, and the scope that its names are read in."""


_KEEPERS = frozenset({cst.Assign, cst.AnnAssign, cst.AugAssign, cst.WithItem})


def _kept_on(owner: str, body: cst.BaseSuite) -> Iterator[tuple[str, cst.BaseExpression | None]]:
    """The attributes of `owner` that a method sets, and to what."""
    for node in descend(body):
        if type(node) not in _KEEPERS:
            continue
        targets: list[cst.CSTNode] = []
        value: cst.BaseExpression | None = None
        match node:
            case cst.Assign():
                targets, value = [one.target for one in node.targets], node.value
            case cst.AnnAssign() if node.value is not None:
                targets, value = [node.target], node.value
            case cst.AugAssign():
                targets = [node.target]
            case cst.WithItem(asname=cst.AsName(name=target)):
                targets, value = [target], node.item
        for one in targets:
            parts = [part.value for part in one.elements] if isinstance(one, cst.Tuple) else []
            yield from _set_on(owner, [one], value)
            yield from _set_on(owner, parts, None)


def _set_on(
    owner: str, targets: Sequence[cst.CSTNode], value: cst.BaseExpression | None
) -> Iterator[tuple[str, cst.BaseExpression | None]]:
    for target in targets:
        if isinstance(target, cst.Attribute) and is_name(target.value, owner):
            yield target.attr.value, value


def parameters(params: cst.Parameters) -> Iterator[cst.Param]:
    """Every parameter, stars included, in the order they are written."""
    yield from params.posonly_params
    yield from params.params
    if isinstance(params.star_arg, cst.Param):
        yield params.star_arg
    yield from params.kwonly_params
    if params.star_kwarg is not None:
        yield params.star_kwarg


_Told = tuple[str, Kind, cst.BaseExpression | None, str]
_BINDERS = {
    cst.Assign, cst.AnnAssign, cst.AugAssign, cst.NamedExpr, cst.For, cst.CompFor, cst.AsName, cst.WithItem, cst.Del,
    cst.Import, cst.ImportFrom, cst.FunctionDef, cst.ClassDef, cst.Global, cst.Nonlocal, cst.MatchAs, cst.MatchStar,
    cst.ExceptHandler, cst.ExceptStarHandler,
}  # fmt: skip


def _outside(node: cst.CSTNode) -> list[cst.CSTNode]:
    """What is written in an inner scope's head but belongs to the scope around it."""
    if isinstance(node, cst.Lambda):
        return [param.default for param in parameters(node.params) if param.default]
    body = getattr(node, "body", None)
    return [below for below in children(node) if below is not body]


def _told(node: cst.CSTNode) -> Iterator[_Told]:
    match node:
        case cst.Assign():
            for target in node.targets:
                yield from _assigned(target.target, node.value)
        case cst.AnnAssign(target=cst.Name(value=str(name)), value=value) if value is not None:
            yield name, "assign", value, ""
        case cst.AugAssign(target=cst.Name(value=str(name))):
            yield name, "augment", node.value, ""
        case cst.NamedExpr(target=cst.Name(value=str(name))):
            yield name, "assign", node.value, ""
        case cst.Import() | cst.ImportFrom():
            yield from _imported(node)
        case cst.FunctionDef() | cst.ClassDef():
            yield node.name.value, "def", None, ""
        case _:
            yield from _told_by_block(node)


def _told_by_block(node: cst.CSTNode) -> Iterator[_Told]:
    match node:
        case cst.For() | cst.CompFor():
            for bound in bound_names(node.target):
                yield bound.value, "loop", node.iter, ""
        case cst.WithItem(asname=cst.AsName(name=target)):
            kind: Kind = "with" if isinstance(target, cst.Name) else "element"
            for bound in bound_names(target):
                yield bound.value, kind, node.item, ""
        case cst.ExceptHandler() | cst.ExceptStarHandler() | cst.MatchAs() | cst.MatchStar() if node.name:
            named: cst.CSTNode = node.name.name if isinstance(node.name, cst.AsName) else node.name
            for bound in bound_names(named):
                yield bound.value, "other", None, ""


def _assigned(target: cst.CSTNode, value: cst.BaseExpression) -> Iterator[_Told]:
    if isinstance(target, cst.Name):
        yield target.value, "assign", value, ""
        return
    if isinstance(target, cst.Tuple) and isinstance(value, cst.Tuple) and len(target.elements) == len(value.elements):
        pairs = list(zip(target.elements, value.elements, strict=True))
        if not any(isinstance(one, cst.StarredElement) for pair in pairs for one in pair):
            for left, right in pairs:
                yield from _assigned(left.value, right.value)
            return
    for bound in bound_names(target):
        yield bound.value, "element", value, ""


def _imported(node: cst.Import | cst.ImportFrom) -> Iterator[_Told]:
    if isinstance(node.names, cst.ImportStar):
        return
    source = ""
    if isinstance(node, cst.ImportFrom):
        source = "." * len(node.relative) + (dotted(node.module) or "") + "."
    for alias in node.names:
        name = dotted(alias.name) or ""
        if alias.asname is not None and isinstance(alias.asname.name, cst.Name):
            yield alias.asname.name.value, "import", None, source + name
        elif source:
            yield name, "import", None, source + name
        else:
            first = name.split(".")[0]
            yield first, "import", None, first
