"""Whole collections gone through for what one step gives."""

import libcst as cst

from analyzers.rule import Rule
from analyzers.syntax import is_name


class UnnecessaryIteration(Rule):
    """The whole collection is copied or gone through where one step would do.

    `list(d.keys())[0]` copies every key; `x in d.keys()` and `len([...])` build what is thrown away.

    Fix: `next(iter(d))`, `x in d`, `any(...)`, `sum(1 for ...)`.
    """

    severity = "info"
    cwe = 1176
    prior = 0.4
    references = ("https://docs.python.org/3/library/stdtypes.html#dictionary-view-objects",)
    triggers = ("keys()", "list(", "any([", "all([", "len([", "sorted(", "reversed(", " for ", "for ")
    calls = frozenset({"builtins.any", "builtins.all", "builtins.len"})
    invalid = (
        "x = list(d.keys())[0]",
        "def f(k, d):\n    return k in d.keys()",
        "x = any([a for a in b])",
        "x = list(d)[0]",
        "def f(users):\n    return [u for u in users]",
        "def has(items, wanted):\n    for item in items:\n        if item == wanted:\n            return True\n    return False",
        "x = sorted(xs)[0]",
        "def count(rows):\n    return len([r for r in rows if r.ok])",
        "class A:\n    def f(self, k):\n        if k not in self.d.keys():\n            return 1",
    )
    valid = (
        "x = next(iter(d))",
        "def f(k, d):\n    return k in d",
        "x = any(a for a in b)",
        "x = list(d)[1:]",
        "x = sorted(xs, key=len)[1]",
        "for k in list(d.keys()):\n    del d[k]",
        "def f(list, d):\n    return list(d)[0]",
        "x = any([a, b, c])",
        "def count(rows):\n    kept = [r for r in rows if r.ok]\n    return len(kept), len([1, 2])",
    )

    def visit_ListComp(self, node: cst.ListComp) -> None:
        """Looks at copies of everything as it is."""
        loop = node.for_in
        same = isinstance(node.elt, cst.Name) and isinstance(loop.target, cst.Name) and node.elt.value == loop.target.value
        if same and not loop.ifs and loop.inner_for_in is None and loop.asynchronous is None and not isinstance(self.parent(), cst.Arg):
            self.report(node, "The comprehension copies everything as it is: `list(...)` does that.")

    def visit_For(self, node: cst.For) -> None:
        """Looks at loops that only ask whether an item is there."""
        match node.body.body:
            case [
                cst.If(
                    test=cst.Comparison(left=left, comparisons=[cst.ComparisonTarget(operator=cst.Equal(), comparator=right)]),
                    body=cst.IndentedBlock(body=[cst.SimpleStatementLine(body=[cst.Return(value=cst.Name(value="True" | "False"))])]),
                )
            ]:
                if isinstance(node.target, cst.Name) and any(is_name(one, node.target.value) for one in (left, right)):
                    self.report(node, "The loop asks only whether an item is there: `x in items` does that.")

    def visit_Subscript(self, node: cst.Subscript) -> None:
        """Looks at the first item of a copy."""
        match node:
            case cst.Subscript(value=cst.Call(func=func, args=[cst.Arg()]), slice=[cst.SubscriptElement(slice=cst.Index(value=index))]):
                first = isinstance(index, cst.Integer) and index.value == "0"
                if first and self.qualified_name(func) in ("builtins.list", "builtins.sorted", "builtins.tuple"):
                    self.report(node)

    def visit_Comparison(self, node: cst.Comparison) -> None:
        """Looks at membership among keys, and mends it unless more is compared."""
        if len(node.comparisons) != 1 or not isinstance(node.comparisons[0].operator, cst.In | cst.NotIn):
            return
        call = node.comparisons[0].comparator
        match call:
            case cst.Call(func=cst.Attribute(attr=cst.Name(value="keys"), value=table), args=[]):
                self.report(node, replacement=(call, table))

    def visit_Call(self, node: cst.Call) -> None:
        """Looks at lists made for any, all and len."""
        listed = len(node.args) == 1 and isinstance(node.args[0].value, cst.ListComp)
        if listed and self.qualified_name(node.func) in self.calls:
            self.report(node)
