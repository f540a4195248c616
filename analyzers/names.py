"""What an expression is called in full: `subprocess.run` for `run` after `from subprocess import run`."""

import builtins
from typing import Any

import libcst as cst

from analyzers.scope import Binding, Scope

DEPTH_MAX = 12
_BUILTINS = frozenset(dir(builtins))


def qualified_name(node: cst.CSTNode, scope: Scope, depth: int = 0) -> str | None:
    """The dotted name `node` stands for, seen from `scope`; a call's result is its name and `()`.

    `pathlib.Path().open` for `p.open` after `p = Path("x")`. None for what is local, ambiguous or no name.
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
    root = _root(one, scope, depth) if len(tail) <= DEPTH_MAX else None
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


def _value_name(binding: Binding, scope: Scope, depth: int) -> str | None:
    if binding.kind not in ("assign", "with") or binding.value is None:
        return None
    owner = scope.owner(binding.name) or scope
    return qualified_name(binding.value, owner, depth + 1)
