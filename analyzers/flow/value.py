"""Abstract values: what is known of everything a variable may hold."""

from dataclasses import dataclass, field
from typing import Any, Final

import libcst as cst

from analyzers.flow.models import EVERY

CONSTANTS_MAX = 8
ITEMS_MAX = 64
DEPTH_MAX = 4
ANY: Final = ("any key",)
"""The key of what a container holds at places that are not known."""


DEFAULTS: Final = "collections.defaultdict()"
"""The name of what makes an empty thing of every key that it is asked for."""


@dataclass(frozen=True, slots=True, eq=False)
class Trail:
    """The steps of a value so far, newest first."""

    told: str
    path: str
    node: cst.CSTNode
    before: "Trail | None" = None
    function: str = ""
    """The full name of what the value goes through in this step."""


@dataclass(frozen=True, slots=True)
class Taint:
    """A stranger's word in a value: where it comes from, and for which kinds of sink it was made harmless."""

    label: str
    source: int
    cleaned: frozenset[str]
    trail: Trail = field(compare=False)

    def with_marks(self, marks: frozenset[str]) -> "Taint":
        """The same, harmless for more kinds or without more texts."""
        return self if marks <= self.cleaned else Taint(self.label, self.source, self.cleaned | marks, self.trail)


@dataclass(slots=True, eq=False)
class Value:
    """`constants`: everything it can be, None if more than that. `unknown`: parts of it come from where nobody looked."""

    constants: tuple[Any, ...] | None = None
    taints: tuple[Taint, ...] = ()
    items: dict[Any, "Value"] | None = None
    ref: Any = None
    unknown: bool = False

    def deep(self, depth: int = DEPTH_MAX) -> tuple[Taint, ...]:
        """Its taints and those of everything in it."""
        if self.items is None or depth == 0:
            return self.taints
        found = dict.fromkeys(self.taints)
        for one in self.items.values():
            found.update(dict.fromkeys(one.deep(depth - 1)))
        return tuple(found)

    def vague(self, depth: int = DEPTH_MAX) -> bool:
        """Whether any part of it is unknown."""
        if self.unknown or self.items is None:
            return self.unknown
        return depth == 0 or any(one.vague(depth - 1) for one in self.items.values())

    def key(self, depth: int = 3) -> Any:
        """Equal for values that a function cannot tell apart."""
        items = None
        if self.items is not None and depth:
            items = tuple((repr(name), one.key(depth - 1)) for name, one in self.items.items())
        ref = id(self.ref) if self.ref is not None and not isinstance(self.ref, str) else self.ref
        constants = None if self.constants is None else tuple((type(one).__name__, repr(one)) for one in self.constants)
        return constants, self.taints, items, ref, self.unknown


UNKNOWN: Final = Value(unknown=True)
CLEAN: Final = Value()


def constant(*values: Any) -> Value:
    """A value that is one of these."""
    return Value(constants=values)


def join(left: Value | None, right: Value | None) -> Value:
    """What is known of a value that is one or the other."""
    if left is right or right is None:
        return left or UNKNOWN
    if left is None:
        return right
    constants = None
    if left.constants is not None and right.constants is not None:
        constants = _merged(left.constants, right.constants)
    items = None
    if left.items is not None and right.items is not None:
        items = _joined_items(left.items, right.items)
    elif left.items is not None or right.items is not None:
        items = dict(left.items or right.items or {})
        rest = right if left.items is not None else left
        if rest.taints or rest.unknown:
            items[ANY] = join(items.get(ANY), Value(taints=rest.taints, unknown=rest.unknown))
    return Value(
        constants, tuple(dict.fromkeys(left.taints + right.taints)), items,
        left.ref if _same(left.ref, right.ref) else left.ref or right.ref if None in (left.ref, right.ref) else None,
        left.unknown or right.unknown,
    )  # fmt: skip


def _same(left: Any, right: Any) -> bool:
    return left is right or (isinstance(left, str) and left == right)


def _merged(left: tuple[Any, ...], right: tuple[Any, ...]) -> tuple[Any, ...] | None:
    both = {(type(one), repr(one)): one for one in left + right}
    return tuple(both.values()) if len(both) <= CONSTANTS_MAX else None


def _joined_items(left: dict[Any, Value], right: dict[Any, Value]) -> dict[Any, Value]:
    joined = dict(left)
    for name, one in right.items():
        joined[name] = join(joined.get(name), one) if name in joined else one
    return joined


def mixed(*parts: Value) -> Value:
    """What comes of putting values together where nobody keeps them apart: every part has a say."""
    taints: dict[Taint, None] = {}
    unknown = False
    for one in parts:
        taints.update(dict.fromkeys(one.deep()))
        unknown = unknown or one.vague()
    return Value(taints=tuple(taints), unknown=unknown)


def cleaned(value: Value, kinds: frozenset[str]) -> Value:
    """`value` made harmless for these kinds of sink; "*" are all."""
    if EVERY in kinds:
        return CLEAN
    return Value(taints=tuple(one.with_marks(kinds) for one in value.deep()), unknown=value.vague())


def encoded(value: Value) -> Value:
    """`value` in letters and digits that mean nothing to anybody until somebody decodes them."""
    return Value(taints=tuple(one.with_marks(frozenset({EVERY})) for one in value.deep()), unknown=value.vague())


def decoded(value: Value) -> Value:
    """`value` as it was before somebody made it harmless by writing it otherwise."""
    taints = tuple(Taint(one.label, one.source, frozenset(), one.trail) for one in value.deep())
    return Value(taints=taints, unknown=value.vague())


def step(value: Value, told: str, path: str, node: cst.CSTNode, function: str = "") -> Value:
    """`value` after one more step on its way."""
    if not value.taints:
        return value
    taints = tuple(Taint(one.label, one.source, one.cleaned, Trail(told, path, node, one.trail, function)) for one in value.taints)
    return Value(value.constants, taints, value.items, value.ref, value.unknown)


def element(value: Value) -> Value:
    """What a loop over `value` gives."""
    if value.items is not None:
        found: Value | None = None
        for one in value.items.values():
            found = join(found, one)
        return found if found is not None else CLEAN
    if value.constants is not None:
        parts: tuple[Any, ...] | None = ()
        for one in value.constants:
            if not isinstance(one, str | tuple | list) or len(one) > CONSTANTS_MAX:
                return CLEAN
            parts = _merged(parts or (), tuple(one))
        return Value(constants=parts)
    return Value(taints=value.taints, unknown=value.unknown)


def item(value: Value, key: Value) -> Value:
    """`value[key]`."""
    if value.items is not None:
        if key.constants is None:
            return element(value)
        found: Value | None = None
        for name in key.constants:
            found = join(found, _at(value, name))
        return found or UNKNOWN
    return Value(taints=value.taints, unknown=value.unknown)


def _at(value: Value, name: Any) -> Value:
    items = value.items or {}
    if value.ref == DEFAULTS and name not in items:
        return join(CLEAN, items[ANY]) if ANY in items else CLEAN
    if isinstance(name, int) and not isinstance(name, bool) and name < 0 and ANY not in items:
        name = len(items) + name
    try:
        found = items.get(name)
    except TypeError:
        return element(value)
    if found is not None:
        return join(found, items[ANY]) if ANY in items else found
    if ANY in items:
        return items[ANY]
    return Value(taints=value.taints, unknown=value.unknown or not items)


def with_item(value: Value, key: Value, new: Value) -> Value:
    """`value` after `value[key] = new`."""
    items = dict(value.items or {})
    if value.items is None and (value.taints or value.unknown):
        items[ANY] = Value(taints=value.taints, unknown=value.unknown)
    if key.constants is not None and len(key.constants) == 1 and _hashable(key.constants[0]) and len(items) < ITEMS_MAX:
        items[key.constants[0]] = new
    else:
        items[ANY] = join(items.get(ANY), new)
    return Value(None, value.taints if value.items is None else (), items, value.ref, False)


def _hashable(value: Any) -> bool:
    try:
        hash(value)
    except TypeError:
        return False
    return True


def sequence(parts: list[Value]) -> Value:
    """A list or tuple of these."""
    if len(parts) > ITEMS_MAX:
        whole: Value | None = None
        for one in parts:
            whole = join(whole, one)
        return Value(items={ANY: whole or CLEAN})
    return Value(items=dict(enumerate(parts)))
