"""Computing with constants: operators and the harmless methods of strings and numbers, with a limit on every result."""

import operator
from collections.abc import Callable
from itertools import product
from typing import Any

from analyzers.flow.value import CLEAN, CONSTANTS_MAX, Value

TEXT_MAX = 10_000
NUMBER_MAX = 10**15
_OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "Add": operator.add, "Subtract": operator.sub, "Multiply": operator.mul, "Divide": operator.truediv,
    "FloorDivide": operator.floordiv, "Modulo": operator.mod, "BitAnd": operator.and_, "BitOr": operator.or_,
    "BitXor": operator.xor, "RightShift": operator.rshift,
}  # fmt: skip
_COMPARISONS: dict[str, Callable[[Any, Any], Any]] = {
    "Equal": operator.eq, "NotEqual": operator.ne, "LessThan": operator.lt, "LessThanEqual": operator.le,
    "GreaterThan": operator.gt, "GreaterThanEqual": operator.ge, "Is": operator.is_, "IsNot": operator.is_not,
    "In": lambda a, b: a in b, "NotIn": lambda a, b: a not in b,
}  # fmt: skip
_METHODS = frozenset(
    {"upper", "lower", "strip", "lstrip", "rstrip", "title", "capitalize", "casefold", "swapcase", "startswith", "endswith",
     "replace", "find", "index", "count", "isdigit", "isalpha", "isalnum", "removeprefix", "removesuffix", "encode", "decode",
     "format", "split", "partition", "join"}
)  # fmt: skip
_BUILTINS: dict[str, Callable[..., Any]] = {
    "builtins.len": len, "builtins.str": str, "builtins.int": int, "builtins.bool": bool, "builtins.ord": ord,
    "builtins.chr": chr, "builtins.abs": abs, "builtins.min": min, "builtins.max": max, "builtins.sum": sum,
}  # fmt: skip


def binary(op: str, left: Value, right: Value) -> Value | None:
    """The result of an operator on constants; None where it cannot be told."""
    function = _OPERATORS.get(op)
    return _over(function, [left, right]) if function is not None else None


def compare(op: str, left: Value, right: Value) -> Value | None:
    """The result of a comparison; None where it cannot be told."""
    function = _COMPARISONS.get(op)
    return _over(function, [left, known(right)]) if function is not None else None


def method(receiver: Value, name: str, args: list[Value]) -> Value | None:
    """A string's method on constants; None where it cannot be told."""
    if name not in _METHODS or receiver.constants is None or not all(isinstance(one, str | bytes) for one in receiver.constants):
        return None
    return _over(lambda text, *rest: getattr(text, name)(*rest), [receiver, *map(known, args)])


def builtin(name: str, args: list[Value]) -> Value | None:
    """A pure builtin on constants; None where it cannot be told."""
    function = _BUILTINS.get(name)
    return _over(function, [known(one) for one in args]) if function is not None and args else None


def known(value: Value) -> Value:
    """A display of constants as the constant that it is; anything else as it was."""
    if value.constants is not None or value.items is None or value.ref is not None:
        return value
    parts = []
    for name, one in value.items.items():
        if one.constants is None or len(one.constants) != 1:
            return value
        parts.append((name, one.constants[0]))
    listed = [name for name, _ in parts] == list(range(len(parts)))
    return Value(constants=(tuple(one for _, one in parts) if listed else dict(parts),))


def truth(value: Value) -> bool | None:
    """Whether it is true, where every possibility agrees."""
    if value.constants:
        words = {bool(one) for one in value.constants}
        return words.pop() if len(words) == 1 else None
    return None


def _over(function: Callable[..., Any], parts: list[Value]) -> Value | None:
    choices = []
    for one in parts:
        if one.constants is None:
            return None
        choices.append(one.constants)
    results: dict[Any, Any] = {}
    for combination in product(*choices):
        if not all(_small(one) for one in combination) or _grows(combination):
            return CLEAN
        result = _applied(function, combination)
        if not _small(result):
            return CLEAN
        if result is not _RAISES:
            results[type(result), repr(result)] = result
        if len(results) > CONSTANTS_MAX:
            return CLEAN
    return Value(constants=tuple(results.values())) if results else CLEAN


_RAISES = object()


def _applied(function: Callable[..., Any], parts: tuple[Any, ...]) -> Any:
    try:
        return function(*parts)
    except Exception:  # noqa: BLE001  where the code under review would raise, it goes on with no value
        return _RAISES


def _grows(parts: tuple[Any, ...]) -> bool:
    """Whether a repetition or a format's width could make something huge."""
    texts = [one for one in parts if isinstance(one, str | bytes | tuple)]
    numbers = [one for one in parts if isinstance(one, int) and not isinstance(one, bool)]
    return bool(texts) and (any(abs(one) > 1000 for one in numbers) or any(isinstance(t, str) and _wide(t) for t in texts))


def _wide(text: str) -> bool:
    return any(mark in text for mark in ("{:", "{0:", "%")) and sum(c.isdigit() for c in text) > 3


def _small(value: Any) -> bool:
    if isinstance(value, str | bytes | tuple | list | dict):
        return len(value) <= TEXT_MAX
    return not isinstance(value, int | float) or abs(value) <= NUMBER_MAX
