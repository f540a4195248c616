"""Results of methods that return nothing."""

import re

import libcst as cst

from analyzers.blocks import last_name
from analyzers.rule import Rule

_LISTS = frozenset({"append", "extend", "sort", "reverse", "insert", "clear", "remove"})
_SETS = frozenset({"add", "discard", "clear", "remove"})
_MADE: dict[type, frozenset[str]] = {
    cst.List: _LISTS, cst.ListComp: _LISTS, cst.Dict: frozenset({"update", "clear"}), cst.DictComp: frozenset({"update", "clear"}),
    cst.Set: _SETS, cst.SetComp: _SETS,
}  # fmt: skip
_CHANGING = frozenset[str]().union(*_MADE.values())


_OWN_NAME = frozenset({"append", "extend", "sort", "insert"})
_SEVERAL = re.compile(r"(s|list|stack|queue|results?|out|acc|arr|data)$", re.IGNORECASE)
_OTHERS = ("pandas", "torch", "polars", "pyspark", "numpy", "cudf", "dask", "Index", "Series")
"""Where objects of their own have such methods, which give a new one."""


class InPlaceResult(Rule):
    """The result of a method that changes its object and returns None is kept: the name now holds None.

    The changed list stays behind, and the next use of the name fails.

    Fix: call it on a line of its own, or use `sorted(items)`, `[*items, item]`, `{**a, **b}`.
    """

    severity = "high"
    cwe = 252
    prior = 0.9
    references = ("https://docs.python.org/3/library/stdtypes.html#list.sort",)
    triggers = ("= ", "return", "random.shuffle")
    invalid = (
        "xs = [3, 1]\nys = xs.sort()",
        "def f():\n    xs = []\n    xs = xs.append(1)",
        "def f():\n    d = {}\n    return d.update(a=1)",
        "import random\nxs = random.shuffle(ys)",
        "def f(y):\n    names = [x for x in y]\n    for n in names.reverse():\n        print(n)",
        "x = [3, 1, 2].sort()",
        "def prepare(names):\n    names = names.sort()\n    return names",
        "class A:\n    def f(self):\n        seen = {1}\n        self.seen = seen.add(2)",
    )
    valid = (
        "xs = [3, 1]\nxs.sort()",
        "xs = sorted([3, 1])",
        "def f(xs):\n    return xs.append(1)",
        "import pandas\ndef f(df, row):\n    df = df.append(row)\n    return df",
        "def f(node, child):\n    node = node.append(child)\n    return node",
        "def f(path):\n    path = make(path)\n    path = path.append('a')",
        "d = {}\nx = d.pop('a')",
        "import random\nrandom.shuffle(xs)",
        "from pandas import DataFrame\nx = DataFrame().append(1)",
        "xs = []\nf = lambda: xs.append(1)",
        "xs = [1]\nx = xs.pop()",
    )

    def visit_Assign(self, node: cst.Assign) -> None:
        """Looks at what is kept."""
        self._check(node.value)
        call, target = node.value, node.targets[0].target
        if not isinstance(call, cst.Call) or not isinstance(call.func, cst.Attribute) or call.func.attr.value not in _OWN_NAME:
            return
        listed = isinstance(target, cst.Name) and bool(_SEVERAL.search(target.value))
        found = self.scope.reaching(target.value, call.func.value) if isinstance(target, cst.Name) and listed else []
        unknown = bool(found) and all(one.kind == "param" or (one.kind == "assign" and isinstance(one.value, cst.Name)) for one in found)
        if unknown and target.deep_equals(call.func.value) and not any(word in self.context.text for word in _OTHERS):
            self.report(call)

    def visit_Return(self, node: cst.Return) -> None:
        """Looks at what is returned."""
        self._check(node.value)

    def visit_For(self, node: cst.For) -> None:
        """Looks at what is gone over."""
        self._check(node.iter)

    def _check(self, node: cst.BaseExpression | None) -> None:
        if not isinstance(node, cst.Call):
            return
        func = node.func
        changes = isinstance(func, cst.Attribute) and func.attr.value in _CHANGING and func.attr.value in self._changing(func.value)
        if changes or (last_name(func) == "shuffle" and self.qualified_name(func) == "random.shuffle"):
            self.report(node)

    def _changing(self, owner: cst.BaseExpression) -> frozenset[str]:
        if isinstance(owner, cst.Name):
            found = self.scope.reaching(owner.value, owner)
            kinds = {type(one.value) for one in found if one.kind == "assign"}
            return _MADE.get(kinds.pop(), frozenset()) if len(kinds) == 1 and len(found) == 1 else frozenset()
        return _MADE.get(type(owner), frozenset())
