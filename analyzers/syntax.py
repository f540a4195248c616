"""Read-only ways through a libcst tree. libcst's own visitors rebuild every node, which costs ten times as much."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import fields
from functools import cache
from operator import attrgetter
from typing import Any, Union, get_args, get_origin, get_type_hints

import libcst as cst

_TRIVIA = frozenset(
    {
        "header", "footer", "leading_lines", "lines_after_decorators", "lines_after_module_docstring", "indent",
        "newline", "comment", "comma", "semicolon", "dot", "equal", "lpar", "rpar", "lbracket", "rbracket", "lbrace",
        "rbrace", "trailing_whitespace", "first_line", "last_line", "separator", "from_",
    }
)  # fmt: skip

Function = cst.FunctionDef | cst.Lambda
ScopeNode = cst.Module | cst.FunctionDef | cst.ClassDef | cst.Lambda
INNER_SCOPES: frozenset[type] = frozenset({cst.FunctionDef, cst.ClassDef, cst.Lambda})


def _subclasses(kind: type[cst.CSTNode]) -> Iterator[type[cst.CSTNode]]:
    for below in kind.__subclasses__():
        yield below
        yield from _subclasses(below)


_NODES: frozenset[type] = frozenset(_subclasses(cst.CSTNode))  # type: ignore[type-abstract]
"""Asking a set is some ten times as fast as isinstance, since libcst's classes are abstract base classes; for the same
reason what runs for every node compares types. Nobody subclasses the concrete ones."""


@cache
def semantic_fields(kind: type[cst.CSTNode]) -> tuple[str, ...]:
    """The fields of a node class that hold meaning, not layout."""
    names = (field.name for field in fields(kind))
    return tuple(n for n in names if n not in _TRIVIA and not n.startswith(("whitespace", "_")))


def children(node: cst.CSTNode) -> list[cst.CSTNode]:
    """The nodes of meaning right below `node`, in field order."""
    below: list[cst.CSTNode] = []
    for value in _READERS[type(node)](node):
        kind = type(value)
        if kind in _NODES:
            below.append(value)
        elif kind is tuple or kind is list:
            below.extend([one for one in value if type(one) in _NODES])
    return below


class _Readers(dict[type, Callable[[Any], tuple[Any, ...]]]):
    """For each class what reads all its fields that may hold nodes at once."""

    def __missing__(self, kind: type[cst.CSTNode]) -> Callable[[Any], tuple[Any, ...]]:
        names = [] if is_leaf(kind) else semantic_fields(kind)
        reader: Callable[[Any], Any] = attrgetter(*names) if names else _no_fields
        self[kind] = reader if len(names) != 1 else lambda node: (reader(node),)
        return self[kind]


def _no_fields(_: Any) -> tuple[Any, ...]:
    return ()


_READERS = _Readers()


@cache
def is_leaf(kind: type[cst.CSTNode]) -> bool:
    """Whether nodes of this class never have a node of meaning below them: names, numbers, operators."""
    types = get_type_hints(kind, vars(cst), {**vars(cst), "Union": Union, "Sequence": Sequence})
    return not any(_holds_nodes(types[name]) for name in semantic_fields(kind))


def leaf_classes() -> frozenset[type]:
    """Every class whose nodes are leaves."""
    return frozenset(kind for kind in _NODES if not kind.__name__.startswith(("Base", "_")) and is_leaf(kind))


def _holds_nodes(hint: Any) -> bool:
    if isinstance(hint, type) and get_origin(hint) is None:
        return issubclass(hint, cst.CSTNode)
    return any(_holds_nodes(one) for one in get_args(hint))


def descend(node: cst.CSTNode, *, into_scopes: bool = False) -> Iterator[cst.CSTNode]:
    """`node` and everything below, parents first. Inner functions and classes are given, but not what is in them."""
    stack = [node]
    while stack:
        one = stack.pop()
        yield one
        if into_scopes or one is node or type(one) not in INNER_SCOPES:
            stack.extend(reversed(children(one)))


def string_value(node: cst.CSTNode | None) -> str | None:
    """The text of a string literal, also of adjacent ones; None for anything else, bytes and f-strings included."""
    if isinstance(node, cst.SimpleString | cst.ConcatenatedString):
        value = node.evaluated_value
        return value if isinstance(value, str) else None
    return None


def argument(call: cst.Call, name: str, position: int | None = None) -> cst.BaseExpression | None:
    """The value of a call's keyword, or of the argument at `position`; None where neither is written out."""
    for index, arg in enumerate(call.args):
        if arg.keyword is not None:
            if arg.keyword.value == name:
                return arg.value
        elif index == position and not any(one.star for one in call.args[: index + 1]):
            return arg.value
    return None


def has_double_star(call: cst.Call) -> bool:
    """Whether the call passes `**keywords`, so that any keyword may be among them."""
    return any(arg.star == "**" for arg in call.args)


def is_name(node: cst.CSTNode | None, *names: str) -> bool:
    """Whether `node` is one of these plain names."""
    return type(node) is cst.Name and node.value in names


def dotted(node: cst.CSTNode | None) -> str | None:
    """`a.b.c` for a chain of names as it is written; None for anything else."""
    parts: list[str] = []
    while isinstance(node, cst.Attribute):
        parts.append(node.attr.value)
        node = node.value
    if not isinstance(node, cst.Name):
        return None
    return ".".join([node.value, *reversed(parts)])


def bound_names(target: cst.CSTNode) -> Iterator[cst.Name]:
    """The plain names that an assignment target binds."""
    if isinstance(target, cst.Name):
        yield target
    elif isinstance(target, cst.Tuple | cst.List):
        for element in target.elements:
            yield from bound_names(element.value)
    elif isinstance(target, cst.StarredElement):
        yield from bound_names(target.value)
