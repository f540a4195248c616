"""`else` of loops that never break."""

import libcst as cst

from analyzers.rule import Rule
from analyzers.syntax import descend


class LoopElse(Rule):
    """The loop never breaks, so its `else` always runs and says nothing.

    `else` after a loop means "when no `break` ended it"; who reads it without a `break` looks for the missing one.

    Fix: write the missing `break`, or put the lines after the loop.
    """

    severity = "low"
    cwe = None
    prior = 0.6
    references = ("https://docs.python.org/3/tutorial/controlflow.html#else-clauses-on-loops",)
    triggers = ("else",)
    invalid = (
        "def f(a):\n    for x in a:\n        g(x)\n    else:\n        h()",
        "def f(a):\n    while a:\n        a = g(a)\n    else:\n        h()",
        "for x in xs:\n    if x:\n        continue\n    g(x)\nelse:\n    h()",
        "def f(a):\n    for x in a:\n        for y in x:\n            if y:\n                break\n    else:\n        h()",
        "async def f(a):\n    async for x in a:\n        g(x)\n    else:\n        h()",
        "def f(a):\n    for x in a:\n        while x:\n            x = g(x)\n            break\n    else:\n        h()",
    )
    valid = (
        "def f(a):\n    for x in a:\n        if x:\n            break\n    else:\n        h()",
        "def f(a):\n    while a:\n        try:\n            break\n        finally:\n            g()\n    else:\n        h()",
        "def f(a):\n    for x in a:\n        g(x)\n    h()",
        "def f(a):\n    for x in a:\n        if x:\n            return x\n    else:\n        h()",
        "def f(a):\n    for x in a:\n        if x:\n            raise x\n    else:\n        h()",
        "for x in a:\n    for y in x:\n        if y:\n            break\n    else:\n        break\nelse:\n    h()",
    )

    def visit_For(self, node: cst.For) -> None:
        """Looks at a loop with an `else`."""
        self._look(node)

    def visit_While(self, node: cst.While) -> None:
        """Looks at a loop with an `else`."""
        self._look(node)

    def _look(self, node: cst.For | cst.While) -> None:
        if node.orelse is None:
            return
        if not _leaves(node.body):
            self.report(node.orelse)


def _leaves(body: cst.CSTNode) -> bool:
    """Whether something in it ends the loop early: its own `break`, or a `return` or `raise`, for which `else` is a habit."""
    if isinstance(body, cst.For | cst.While):
        inner = body.orelse is not None and _leaves(body.orelse)
        return inner or any(isinstance(one, cst.Return | cst.Raise) for one in descend(body))
    if isinstance(body, cst.FunctionDef | cst.ClassDef | cst.Lambda):
        return False
    if isinstance(body, cst.Break | cst.Return | cst.Raise):
        return True
    return any(_leaves(one) for one in body.children)
