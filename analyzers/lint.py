"""Runs rules over one module: one walk for all of them, positions only where something was found."""

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import libcst as cst
from libcst.metadata import CodeRange, PositionProvider

from analyzers.context import Candidate, Context, Draft
from analyzers.rule import Rule, fix_of, name_of, why_of
from analyzers.syntax import children

Handler = Callable[[Any], None]


def lint(module: cst.Module, text: str, path: str, rules: Sequence[type[Rule]]) -> tuple[list[Draft], list[str]]:
    """What the rules find in a parsed file, and sentences about rules that failed on it."""
    context = Context(path, module)
    handlers: dict[type, list[Handler]] = {}
    for rule in rules:
        if rule.triggers and not any(word in text for word in rule.triggers):
            continue
        running = rule(context)
        for kind, method in _visits(rule):  # type: ignore[arg-type]  # a class is hashable
            handlers.setdefault(kind, []).append(getattr(running, method))
    failed: dict[str, str] = {}
    _walk(context, handlers, failed)
    return _located(context), [f"the rule {name} failed here: {told}" for name, told in sorted(failed.items())]


@cache
def _visits(rule: type) -> tuple[tuple[type, str], ...]:
    methods = (name for name in dir(rule) if name.startswith("visit_"))
    return tuple((getattr(cst, name.removeprefix("visit_")), name) for name in methods)


def _walk(context: Context, handlers: dict[type, list[Handler]], failed: dict[str, str]) -> None:
    """Visits every node of meaning. A loop with its own stack: generated code nests deeper than Python recurses."""
    parents = context.parents
    bodies: dict[int, cst.FunctionDef | cst.ClassDef | cst.Lambda] = {}
    none: list[Handler] = []
    stack: list[tuple[cst.CSTNode, bool]] = [(context.module, False)]
    while stack:
        node, leaving = stack.pop()
        opened = bodies.get(id(node)) if bodies else None
        if leaving:
            parents.pop()
            if opened is not None and context.scope.parent is not None:
                context.scope = context.scope.parent
            continue
        if opened is not None:
            context.scope = context.scope_of(opened)
        kind = type(node)
        for handler in handlers.get(kind, none):
            _call(handler, node, failed)
        if kind in _OPENERS:
            bodies[id(node.body)] = node  # type: ignore[attr-defined, assignment]
        below = children(node)
        if below or opened is not None:
            stack.append((node, True))
            parents.append(node)
            below.reverse()
            stack.extend([(one, False) for one in below])


_OPENERS = frozenset({cst.FunctionDef, cst.ClassDef, cst.Lambda})


def _call(handler: Handler, node: cst.CSTNode, failed: dict[str, str]) -> None:
    try:
        handler(node)
    except Exception as error:  # noqa: BLE001  one rule's fault must not cost the others' findings
        rule = type(handler.__self__)  # type: ignore[attr-defined]
        failed.setdefault(name_of(rule), f"{type(error).__name__}: {error}"[:200])


def _located(context: Context) -> list[Draft]:
    if not context.candidates:
        return []
    positions = _Positions(context.module)
    return [_draft(one, positions) for one in context.candidates]


class _Positions(PositionProvider):
    """Where each node is. MetadataWrapper would give the same after walking the whole tree once more for nothing."""

    def __init__(self, module: cst.Module) -> None:
        super().__init__()
        self._gen_impl(module)

    def __getitem__(self, node: cst.CSTNode) -> CodeRange:
        position = self._computed[node]
        return position if isinstance(position, CodeRange) else position()


def _draft(one: Candidate, positions: _Positions) -> Draft:
    rule: type[Rule] = one.rule
    where: CodeRange = positions[one.node]
    also = [positions[node] for node in one.about]
    return Draft(
        name_of(rule), "lockgate", one.message, one.severity, one.confidence, rule.cwe,
        where.start.line, where.start.column + 1, where.end.line, where.end.column + 1,
        why_of(rule), fix_of(rule), rule.prior,
        frozenset(line for area in also for line in range(area.start.line, area.end.line + 1)),
        one.secret,
    )  # fmt: skip
