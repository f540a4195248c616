"""What a name or expression is in the source: the literal behind it, followed through single assignments."""

import operator
from collections.abc import Callable

import libcst as cst

from analyzers.scope import Scope
from analyzers.syntax import string_value

DEPTH_MAX = 6
_STEPS: dict[type, Callable[[float, float], float]] = {
    cst.Multiply: operator.mul, cst.Add: operator.add, cst.Subtract: operator.sub, cst.Power: lambda a, b: a**b if b < _POWER_MAX else a,
}  # fmt: skip
_POWER_MAX = 64
_FACTOR_MAX = 2**40


def resolve(node: cst.BaseExpression, scope: Scope, depth: int = 0) -> cst.BaseExpression:
    """What `node` was assigned, if it is a name with one plain assignment in sight; else `node` itself."""
    if type(node) is not cst.Name or depth > DEPTH_MAX:
        return node
    found = scope.reaching(node.value, node)
    if len(found) != 1 or found[0].kind != "assign" or found[0].value is None:
        return node
    return resolve(found[0].value, scope.owner(node.value) or scope, depth + 1)


def number_of(node: cst.BaseExpression | None, scope: Scope) -> float | None:
    """The number that a literal, a named constant, or a product, sum or difference of them is; else None."""
    if node is None:
        return None
    return _number(resolve(node, scope), scope, 0)


def _number(node: cst.BaseExpression, scope: Scope, depth: int) -> float | None:
    if depth > DEPTH_MAX:
        return None
    match node:
        case cst.Integer() | cst.Float():
            return float(node.evaluated_value) if isinstance(node, cst.Float) else node.evaluated_value
        case cst.UnaryOperation(operator=cst.Minus()):
            inner = _number(resolve(node.expression, scope), scope, depth + 1)
            return None if inner is None else -inner
        case cst.BinaryOperation() if type(node.operator) in _STEPS:
            left = _number(resolve(node.left, scope), scope, depth + 1)
            right = _number(resolve(node.right, scope), scope, depth + 1)
            if left is None or right is None or max(abs(left), abs(right)) > _FACTOR_MAX:
                return None
            return _STEPS[type(node.operator)](left, right)
    return None


def text_of(node: cst.BaseExpression | None, scope: Scope) -> str | None:
    """The text of a string literal or of a name that stands for one; else None."""
    return None if node is None else string_value(resolve(node, scope))


def literal_bytes(node: cst.BaseExpression | None, scope: Scope) -> bytes | None:
    """The bytes that a literal is, also as `b"..." * 4`, `bytes(16)`, `bytearray(16)` or `"...".encode()`; else None."""
    if node is None:
        return None
    node = resolve(node, scope)
    match node:
        case cst.SimpleString() | cst.ConcatenatedString():
            value = node.evaluated_value
            return value.encode(errors="replace") if isinstance(value, str) else value
        case cst.BinaryOperation(operator=cst.Multiply()):
            return literal_bytes(node.left, scope) or literal_bytes(node.right, scope)
        case cst.Call(func=cst.Attribute(value=inner, attr=cst.Name(value="encode"))):
            return literal_bytes(inner, scope)
        case cst.Call(func=cst.Name(value="bytes" | "bytearray"), args=[cst.Arg(value=size)]):
            count = number_of(size, scope)
            return None if count is None else bytes(min(int(count), 64))
    return None
