"""What an expression is called in full: `subprocess.run` for `run` after `from subprocess import run`."""

import builtins
from collections.abc import Callable
from typing import Any

import libcst as cst

from analyzers.scope import Binding, Scope
from analyzers.syntax import is_name

DEPTH_MAX = 12
_BUILTINS = frozenset(dir(builtins))


def qualified_name(node: cst.CSTNode, scope: Scope, depth: int = 0) -> str | None:
    """The dotted name `node` stands for, seen from `scope`; a call's result is its name and `()`.

    `pathlib.Path().open` for `p.open` after `p = Path("x")`, also for `self.p.open` where all methods agree on `self.p`
    and for `make().open` where `make` has one `return`. None for what is local, ambiguous or no name.
    """
    if depth > DEPTH_MAX:
        return None
    tail: list[str] = []
    one: Any = node
    while (kind := type(one)) is not cst.Name:
        if kind is cst.Attribute:
            tail.append("." + one.attr.value)
            one = one.value
        elif kind is cst.Call:
            tail.append("()")
            one = one.func
        elif kind is cst.Await:
            one = one.expression
        else:
            return None
    if len(tail) > DEPTH_MAX:
        return None
    root = _root(one, scope, depth)
    if root is None and tail:
        root = _given(one, tail.pop(), scope, depth)
    return root + "".join(reversed(tail)) if root else None


def _root(name: cst.Name, scope: Scope, depth: int) -> str | None:
    if scope.owner(name.value) is None:
        return f"builtins.{name.value}" if name.value in _BUILTINS else None
    found = scope.reaching(name.value, name)
    imported = next((one for one in reversed(found) if one.kind == "import"), None)
    if imported is not None:
        return imported.origin
    names = {_value_name(one, scope, depth) for one in found}
    return names.pop() if len(names) == 1 else None


def _given(name: cst.Name, step: str, scope: Scope, depth: int) -> str | None:
    """What the first step from a local name leads to: `self.x`, or the result of a function of this file."""
    owner = scope.owner(name.value)
    if owner is None:
        return None
    if step != "()":
        return _attribute(name, step[1:], owner, depth)
    made = [one.node for one in owner.bindings(name.value)]
    if len(made) != 1 or not isinstance(made[0], cst.FunctionDef):
        return None
    value, inner = owner.returned(made[0]) or (None, owner)
    return None if value is None else _once(owner, id(made[0]), lambda: qualified_name(value, inner, depth + 1))


def _attribute(name: cst.Name, attribute: str, owner: Scope, depth: int) -> str | None:
    if not isinstance(owner.node, cst.FunctionDef) or owner.parent is None or not isinstance(owner.parent.node, cst.ClassDef):
        return None
    first = owner.node.params.params[:1]
    if not first or first[0].name.value != name.value or len(owner.bindings(name.value)) != 1:
        return None
    kept = owner.parent

    def agreed() -> str | None:
        found = [(value, inner) for value, inner in kept.attribute_values(attribute) if not is_name(value, "None")]
        names = {None if value is None else qualified_name(value, inner, depth + 1) for value, inner in found}
        return names.pop() if len(names) == 1 else None

    return _once(kept, attribute, agreed)


def _value_name(binding: Binding, scope: Scope, depth: int) -> str | None:
    if binding.kind == "param":
        return _annotated(binding, scope.owner(binding.name) or scope, depth)
    if binding.kind not in ("assign", "with") or binding.value is None:
        return None
    owner, value = scope.owner(binding.name) or scope, binding.value
    return _once(owner, id(binding), lambda: qualified_name(value, owner, depth + 1))


def _annotated(binding: Binding, owner: Scope, depth: int) -> str | None:
    """What a parameter is by its annotation: `pandas.DataFrame()` for `df: pd.DataFrame`; builtins and unions tell too little."""
    told = binding.node.annotation if isinstance(binding.node, cst.Param) and not binding.node.star else None
    if told is None or owner.parent is None or not isinstance(told.annotation, cst.Name | cst.Attribute):
        return None
    around = owner.parent
    name = _once(owner, id(binding), lambda: qualified_name(told.annotation, around, depth + 1))
    return None if name is None or name.startswith(("builtins.", "typing.")) else f"{name}()"


def _once(scope: Scope, key: int | str, find: Callable[[], str | None]) -> str | None:
    """What `find` finds, asked once: names lead to several others each, and these often back, so the ways grow without bound."""
    if key not in scope.named:
        scope.named[key] = None  # who asks again on the way goes in a circle
        scope.named[key] = find()
    return scope.named[key]
