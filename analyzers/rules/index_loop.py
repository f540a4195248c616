"""Loops over positions where the items would do."""

import libcst as cst

from analyzers.rule import Rule
from analyzers.syntax import children, is_name


class IndexLoop(Rule):
    """The loop counts positions only to fetch the item at each.

    It is longer than `for item in items`, fetches each item again, and works for nothing but lists.

    Fix: `for item in items:`, with `enumerate(items)` where the position is needed too.
    """

    severity = "info"
    cwe = None
    prior = 0.35
    references = ("https://docs.python.org/3/tutorial/datastructures.html#looping-techniques",)
    triggers = ("range(len(",)
    invalid = (
        "def f(items):\n    for i in range(len(items)):\n        print(items[i])",
        "class A:\n    def f(self):\n        for n in range(len(self.xs)):\n            use(self.xs[n], 1)",
    )
    valid = (
        "def f(items):\n    for item in items:\n        print(item)",
        "def f(items):\n    for i in range(len(items)):\n        items[i] = 0",
        "def f(items):\n    for i in range(len(items)):\n        print(i, items[i])",
        "def f(a, b):\n    for i in range(len(a)):\n        print(a[i], b[i])",
        "def f(items):\n    for i in range(len(items)):\n        print(items[i + 1])",
    )

    def visit_For(self, node: cst.For) -> None:
        """Looks at every place where the position is used."""
        match node:
            case cst.For(
                target=cst.Name(value=index),
                iter=cst.Call(
                    func=cst.Name(value="range"), args=[cst.Arg(value=cst.Call(func=cst.Name(value="len"), args=[cst.Arg(value=items)]))]
                ),
            ):
                written = self.context.module.code_for_node(items)
                uses = list(self._uses(node.body, index, written))
                if uses and all(uses) and isinstance(items, cst.Name | cst.Attribute):
                    self.report(node.iter)

    def _uses(self, node: cst.CSTNode, index: str, items: str) -> list[bool]:
        """For each place where the position stands: whether it fetches an item there, and no more."""
        found: list[bool] = []
        stack: list[tuple[cst.CSTNode, bool]] = [(node, False)]
        while stack:
            one, stored = stack.pop()
            if isinstance(one, cst.Subscript) and is_name(_index(one), index):
                found.append(not stored and self.context.module.code_for_node(one.value) == items)
            elif is_name(one, index):
                found.append(False)
            else:
                stored = isinstance(one, cst.AssignTarget | cst.AugAssign | cst.Del | cst.AnnAssign)
                stack += [(below, stored) for below in children(one)]
        return found


def _index(node: cst.Subscript) -> cst.BaseExpression | None:
    part = node.slice[0].slice if len(node.slice) == 1 else None
    return part.value if isinstance(part, cst.Index) else None
