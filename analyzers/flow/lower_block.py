"""From libcst to the compact form: statements, functions, classes and whole files."""

from typing import Any

import libcst as cst

from analyzers.flow import ir
from analyzers.flow.lower import Lowering, words
from analyzers.syntax import bound_names, children, dotted

NESTING_MAX = 100
"""Blocks nested deeper are cut off."""


def lower(tree: cst.Module, path: str, name: str) -> ir.Module:
    """The compact form of a parsed file. `name` is its dotted module name, which relative imports start from."""
    lowering = _Blocks(name, path.endswith("__init__.py"))
    body = lowering.block(tree.body)
    return ir.Module(name, path, body, lowering.functions, tree, lowering.shared)


class _Blocks(Lowering):
    def __init__(self, name: str, package: bool) -> None:
        super().__init__()
        self.shared: set[str] = set()
        self._package = name.split(".") if package else name.split(".")[:-1]
        self._nesting = 0
        self._declared: list[set[str]] = [set()]

    def block(self, statements: Any) -> ir.Block:
        made: ir.Block = []
        if self._nesting > NESTING_MAX:
            return made
        self._nesting += 1
        for one in statements:
            maker = _MAKERS.get(type(one).__name__)
            if maker is not None:
                made.extend(maker(self, one))
        self._nesting -= 1
        return made

    def suite(self, node: Any) -> ir.Block:
        return self.block(node.body) if node is not None else []

    def _line(self, node: cst.SimpleStatementLine) -> ir.Block:
        return self.block(node.body)

    def _assign(self, node: cst.Assign) -> ir.Block:
        return [ir.Assign([self.target(one.target) for one in node.targets], self.expr(node.value))]

    def _annotated(self, node: cst.AnnAssign) -> ir.Block:
        return [ir.Assign([self.target(node.target)], self.expr(node.value))] if node.value is not None else []

    def _augment(self, node: cst.AugAssign) -> ir.Block:
        op = type(node.operator).__name__.removesuffix("Assign")
        return [ir.Augment(self.target(node.target), op, self.expr(node.value), node)]

    def _expr(self, node: cst.Expr) -> ir.Block:
        return [ir.Do(self.expr(node.value))]

    def _return(self, node: cst.Return) -> ir.Block:
        return [ir.Return(self.expr(node.value) if node.value is not None else None, node)]

    def _leave(self, node: Any) -> ir.Block:
        value = self.expr(node.exc) if isinstance(node, cst.Raise) and node.exc is not None else None
        return [ir.Leave(type(node).__name__, value)]

    def _assert(self, node: cst.Assert) -> ir.Block:
        return [ir.If(self.expr(node.test), [], [ir.Leave("Raise")])]

    def _if(self, node: cst.If) -> ir.Block:
        other: ir.Block = []
        if isinstance(node.orelse, cst.If):
            other = self.block([node.orelse])
        elif node.orelse is not None:
            other = self.suite(node.orelse.body)
        return [ir.If(self.expr(node.test), self.suite(node.body), other)]

    def _while(self, node: cst.While) -> ir.Block:
        return [ir.While(self.expr(node.test), self.suite(node.body), self._else(node))]

    def _for(self, node: cst.For) -> ir.Block:
        return [ir.For(self.target(node.target), self.expr(node.iter), self.suite(node.body), self._else(node))]

    def _else(self, node: Any) -> ir.Block:
        return self.suite(node.orelse.body) if node.orelse is not None else []

    def _try(self, node: Any) -> ir.Block:
        handlers = []
        for one in node.handlers:
            name = one.name.name.value if one.name is not None and isinstance(one.name.name, cst.Name) else ""
            handlers.append((name, self.suite(one.body)))
        final = self.suite(node.finalbody.body) if node.finalbody is not None else []
        return [ir.Try(self.suite(node.body), handlers, self._else(node), final)]

    def _with(self, node: cst.With) -> ir.Block:
        items = [(self.expr(one.item), self.target(one.asname.name) if one.asname is not None else None) for one in node.items]
        return [ir.With(items, self.suite(node.body))]

    def _match(self, node: cst.Match) -> ir.Block:
        return [ir.Match(self.expr(node.subject), [self._case(one) for one in node.cases])]

    def _case(self, node: cst.MatchCase) -> ir.Case:
        guard = self.expr(node.guard) if node.guard is not None else None
        return ir.Case(self._pattern(node.pattern), _captured(node.pattern), guard, self.suite(node.body))

    def _pattern(self, node: cst.CSTNode) -> tuple[Any, ...] | None:
        if isinstance(node, cst.MatchValue | cst.MatchSingleton):
            value = self.expr(node.value)
            return (value.value,) if isinstance(value, ir.Const) else None
        if isinstance(node, cst.MatchOr):
            parts = [self._pattern(one.pattern) for one in node.patterns]
            return None if any(one is None for one in parts) else tuple(value for one in parts for value in one or ())
        if isinstance(node, cst.MatchAs) and node.pattern is not None:
            return self._pattern(node.pattern)
        return None

    def _imports(self, node: cst.Import | cst.ImportFrom) -> ir.Block:
        source = self._source(node) if isinstance(node, cst.ImportFrom) else ""
        if isinstance(node.names, cst.ImportStar):
            return [ir.Import([("*", source.rstrip("."))])]
        names = []
        for alias in node.names:
            full = dotted(alias.name) or ""
            if alias.asname is not None and isinstance(alias.asname.name, cst.Name):
                names.append((alias.asname.name.value, source + full))
            else:
                first = full if source else full.split(".")[0]
                names.append((first, source + first))
        return [ir.Import(names)]

    def _source(self, node: cst.ImportFrom) -> str:
        module = dotted(node.module) if node.module is not None else ""
        if not node.relative:
            return f"{module}."
        above = self._package[: len(self._package) - (len(node.relative) - 1)]
        return ".".join([*above, *([module] if module else [])]) + "."

    def _delete(self, node: cst.Del) -> ir.Block:
        parts = [one.value for one in node.target.elements] if isinstance(node.target, cst.Tuple) else [node.target]
        items = [self.expr(one) for one in parts if isinstance(one, cst.Subscript)]
        return [ir.Forget([one.value for one in bound_names(node.target)], [one for one in items if isinstance(one, ir.Item)])]

    def _declare(self, node: cst.Global | cst.Nonlocal) -> ir.Block:
        names = {one.name.value for one in node.names}
        self._declared[-1] |= names
        self.shared |= names
        return []

    def _def(self, node: cst.FunctionDef) -> ir.Block:
        decorators = [self.expr(one.decorator) for one in node.decorators]
        self._declared.append(set())
        made = self.function(node, node.name.value, lambda: self.suite(node.body), decorators)
        made.shared = self._declared.pop()
        return [made]

    def _class(self, node: cst.ClassDef) -> ir.Block:
        body = self.suite(node.body)
        bases = [self.expr(one.value) for one in node.bases]
        methods = {one.name: one for one in body if isinstance(one, ir.Function)}
        made = ir.Class(node.name.value, bases, body, methods, node, [self.expr(one.decorator) for one in node.decorators])
        lines = [line for one in node.body.body if isinstance(one, cst.SimpleStatementLine) for line in one.body]
        annotated = [one for one in lines if isinstance(one, cst.AnnAssign)]
        made.fields = {one.target.value: words(one.annotation.annotation) for one in annotated if isinstance(one.target, cst.Name)}
        for one in methods.values():
            one.owner = made
        return [made]


def _captured(node: cst.CSTNode) -> list[str]:
    names = []
    if isinstance(node, cst.MatchAs | cst.MatchStar) and isinstance(node.name, cst.Name):
        names.append(node.name.value)
    return names + [name for one in children(node) for name in _captured(one)]


_MAKERS: dict[str, Any] = {
    "SimpleStatementLine": _Blocks._line, "Assign": _Blocks._assign, "AnnAssign": _Blocks._annotated,
    "AugAssign": _Blocks._augment, "Expr": _Blocks._expr, "Return": _Blocks._return, "Raise": _Blocks._leave,
    "Break": _Blocks._leave, "Continue": _Blocks._leave, "Assert": _Blocks._assert, "If": _Blocks._if, "While": _Blocks._while,
    "For": _Blocks._for, "Try": _Blocks._try, "TryStar": _Blocks._try, "With": _Blocks._with, "Match": _Blocks._match,
    "Import": _Blocks._imports, "ImportFrom": _Blocks._imports, "Del": _Blocks._delete, "Global": _Blocks._declare,
    "Nonlocal": _Blocks._declare, "FunctionDef": _Blocks._def, "ClassDef": _Blocks._class,
}  # fmt: skip
