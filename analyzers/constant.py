"""Which expressions can only ever be what the source says, so that nobody outside has a word in them."""

import libcst as cst

from analyzers.names import qualified_name
from analyzers.scope import Binding, Scope
from analyzers.syntax import string_value

DEPTH_MAX = 12
_NUMBERS = frozenset(f"builtins.{name}" for name in ("int", "float", "len", "bool", "ord", "hash"))
_WRAPPERS = frozenset(
    {"builtins.str", "builtins.tuple", "builtins.list", "builtins.sorted", "builtins.set", "builtins.frozenset",
     "builtins.dict", "textwrap.dedent", "sqlalchemy.text", "sqlalchemy.sql.text"}
)  # fmt: skip
_REPEATABLE = (cst.SimpleString, cst.List, cst.Tuple)
_KEEPERS = frozenset({"join", "format", "strip", "lower", "upper", "replace", "lstrip", "rstrip", "title"})

_QUOTERS = frozenset({"quote_name", "quote_identifier", "quote_ident"})
"""What a database's own quoting of a name gives stays one name, and names cannot be parameters."""


def is_constant(node: cst.CSTNode | None, scope: Scope, depth: int = 0) -> bool:
    """Whether the value of `node` is fixed by the source, or is a number and so cannot carry code or SQL.

    A choice among constants is constant: `COLUMNS[key]` of a literal dict, `a if x else b`, a loop over a literal.
    """
    if node is None or depth > DEPTH_MAX:
        return node is None
    match node:
        case cst.SimpleString() | cst.Integer() | cst.Float() | cst.Imaginary() | cst.Ellipsis():
            return True
        case cst.Name():
            return node.value in ("None", "True", "False") or _is_fixed(node, scope, depth)
        case cst.FormattedStringText() | cst.TemplatedStringText():
            return True
        case cst.FormattedStringExpression():
            return is_constant(node.expression, scope, depth + 1)
        case cst.BinaryOperation():
            return _operation(node, scope, depth)
        case cst.IfExp():
            return all(is_constant(one, scope, depth + 1) for one in (node.body, node.orelse))
        case cst.Subscript():
            return is_constant(node.value, scope, depth + 1)
        case cst.Comparison():
            return True
        case cst.Call():
            return _call(node, scope, depth)
        case cst.GeneratorExp() | cst.ListComp() | cst.SetComp():
            return is_constant(node.elt, scope, depth + 1)
        case _:
            return _parts(node, scope, depth)


def _parts(node: cst.CSTNode, scope: Scope, depth: int) -> bool:
    parts: list[cst.CSTNode]
    match node:
        case cst.FormattedString():
            parts = list(node.parts)
        case cst.ConcatenatedString():
            parts = [node.left, node.right]
        case cst.BooleanOperation():
            parts = [node.left, node.right]
        case cst.UnaryOperation():
            parts = [node.expression]
        case cst.Tuple() | cst.List() | cst.Set():
            parts = [element.value for element in node.elements]
        case cst.Dict():
            parts = [element.value for element in node.elements]
        case _:
            return False
    return all(is_constant(one, scope, depth + 1) for one in parts)


def _operation(node: cst.BinaryOperation, scope: Scope, depth: int) -> bool:
    """Also for long sums, which lean left: walked in a loop, not by recursion."""
    left: cst.BaseExpression = node
    while isinstance(left, cst.BinaryOperation):
        repeats = isinstance(left.operator, cst.Multiply) and isinstance(left.left, _REPEATABLE)
        if not repeats and not is_constant(left.right, scope, depth + 1):
            return False
        left = left.left
    return is_constant(left, scope, depth + 1)


def _call(node: cst.Call, scope: Scope, depth: int) -> bool:
    name = qualified_name(node.func, scope)
    word = node.func.attr.value if isinstance(node.func, cst.Attribute) else node.func.value if isinstance(node.func, cst.Name) else ""
    if name in _NUMBERS or word in _QUOTERS:
        return True
    values = [arg.value for arg in node.args]
    if name in _WRAPPERS:
        return all(is_constant(one, scope, depth + 1) for one in values)
    if isinstance(node.func, cst.Attribute):
        method = node.func.attr.value
        if method in ("get", "keys", "values", "items"):
            return is_constant(node.func.value, scope, depth + 1) and all(
                is_constant(one, scope, depth + 1) for one in values[1:]
            )
        if method in _KEEPERS:
            return all(is_constant(one, scope, depth + 1) for one in (node.func.value, *values))
    return False


def _is_fixed(name: cst.Name, scope: Scope, depth: int) -> bool:
    found = scope.reaching(name.value, name)
    owner = scope.owner(name.value)
    return bool(found) and owner is not None and all(_keeps(one, owner, depth) for one in found)


def _keeps(binding: Binding, owner: Scope, depth: int) -> bool:
    return (
        binding.kind in ("assign", "augment", "loop", "element")
        and binding.value is not None
        and is_constant(binding.value, owner, depth + 1)
    )


def fixed_text(node: cst.CSTNode | None) -> str:
    """The literal pieces of a string expression, joined by spaces: enough to see what language it is in."""
    if node is None:
        return ""
    value = string_value(node)
    if value is not None:
        return value
    match node:
        case cst.FormattedString():
            return " ".join(one.value for one in node.parts if isinstance(one, cst.FormattedStringText))
        case cst.ConcatenatedString():
            return f"{fixed_text(node.left)}{fixed_text(node.right)}"
        case cst.BinaryOperation():
            return _sum_text(node)
        case cst.Call(func=cst.Attribute(value=value_of)):
            return fixed_text(value_of)
    return ""


def _sum_text(node: cst.BinaryOperation) -> str:
    pieces: list[str] = []
    left: cst.BaseExpression = node
    while isinstance(left, cst.BinaryOperation):
        pieces.append(fixed_text(left.right))
        left = left.left
    pieces.append(fixed_text(left))
    return " ".join(piece for piece in reversed(pieces) if piece)
