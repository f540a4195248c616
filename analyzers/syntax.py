"""Read-only ways through a libcst tree. libcst's own visitors rebuild every node, which costs ten times as much."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import fields
from functools import cache
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
    below = READERS[type(node)](node)
    below.reverse()
    return below


Reader = Callable[[Any], list[Any]]


class Readers(dict[type, Reader]):
    """For each class a function that reads the nodes of meaning below a node, last first: as a stack of nodes wants them.

    Leaves are left out but for those of the classes `leaves`. The functions are made from the types of the fields, so that
    nothing is asked of a field at run time that its type already tells.
    """

    def __init__(self, leaves: frozenset[type] | None = None) -> None:
        super().__init__()
        self._hidden = leaf_classes() - leaves if leaves is not None else frozenset()

    def __missing__(self, kind: type[cst.CSTNode]) -> Reader:
        self[kind] = made = _no_nodes if is_leaf(kind) else self._made(kind)
        return made

    def _made(self, kind: type[cst.CSTNode]) -> Reader:
        types = _field_types(kind)
        names: dict[str, Any] = {"NODES": _NODES - self._hidden}
        lines: list[str] = []
        for name in reversed(semantic_fields(kind)):
            if _holds_nodes(types[name]):
                lines += self._reading(name, types[name])
        exec("def read(node):\n    below = []\n    " + "\n    ".join([*lines, "return below"]), names)  # noqa: S102
        made: Reader = names["read"]
        return made

    def _reading(self, name: str, hint: Any) -> list[str]:
        """The lines that read one field."""
        if _is_node(hint):
            if hint in self._hidden and not hint.__subclasses__():
                return []
            told = f"below.append(node.{name})"
            return [told] if self._always(hint) else [f"if type(node.{name}) in NODES:", f"    {told}"]
        inner = get_args(hint)
        if get_origin(hint) is Sequence and len(inner) == 1 and _is_node(inner[0]) and self._always(inner[0]):
            return [f"below.extend(node.{name}[::-1])"]
        several = "below.extend([one for one in value[::-1] if type(one) in NODES])"
        return [
            f"value = node.{name}", "kind = type(value)", "if kind in NODES:", "    below.append(value)",
            "elif kind is tuple or kind is list:", f"    {several}",
        ]  # fmt: skip

    def _always(self, kind: type) -> bool:
        """Whether no node of this class or a class below it is hidden."""
        return not any(issubclass(one, kind) for one in self._hidden)


@cache
def readers(leaves: frozenset[type]) -> Readers:
    """The readers that leave out leaves but for those of the classes `leaves`."""
    return Readers(leaves)


def _no_nodes(_: Any) -> list[Any]:
    return []


READERS = Readers()


def _is_node(hint: Any) -> bool:
    return isinstance(hint, type) and get_origin(hint) is None and issubclass(hint, cst.CSTNode)


def _field_types(kind: type[cst.CSTNode]) -> dict[str, Any]:
    return get_type_hints(kind, vars(cst), {**vars(cst), "Union": Union, "Sequence": Sequence})


@cache
def is_leaf(kind: type[cst.CSTNode]) -> bool:
    """Whether nodes of this class never have a node of meaning below them: names, numbers, operators."""
    types = _field_types(kind)
    return not any(_holds_nodes(types[name]) for name in semantic_fields(kind))


@cache
def leaf_classes() -> frozenset[type]:
    """Every class whose nodes are leaves."""
    return frozenset(kind for kind in _NODES if not kind.__name__.startswith(("Base", "_")) and is_leaf(kind))


def _holds_nodes(hint: Any) -> bool:
    return _is_node(hint) or any(_holds_nodes(one) for one in get_args(hint))


def descend(node: cst.CSTNode, *, into_scopes: bool = False) -> Iterator[cst.CSTNode]:
    """`node` and everything below, parents first. Inner functions and classes are given, but not what is in them."""
    yield node
    stack = READERS[type(node)](node)
    while stack:
        one = stack.pop()
        yield one
        kind = type(one)
        if into_scopes or kind not in INNER_SCOPES:
            stack += READERS[kind](one)


def string_value(node: cst.CSTNode | None) -> str | None:
    """The text of a string literal, also of adjacent ones; None for anything else, bytes and f-strings included."""
    kind = type(node)
    if kind is cst.SimpleString or kind is cst.ConcatenatedString:
        value = literal_value(node)  # type: ignore[arg-type]  # one of both
        return value if isinstance(value, str) else None
    return None


def literal_value(node: cst.SimpleString | cst.ConcatenatedString) -> str | bytes | None:
    """What a string literal stands for. Without a prefix, an escape or a carriage return that is what the quotes hold."""
    if type(node) is cst.SimpleString:
        text = node.value
        quote = text[0]
        if quote in "\"'" and "\\" not in text and "\r" not in text and "\0" not in text:
            return text[3:-3] if text.startswith(quote * 3) and len(text) > 5 else text[1:-1]
    return node.evaluated_value


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
