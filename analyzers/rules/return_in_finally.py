"""Returns that swallow errors."""

import libcst as cst

from analyzers.rule import Rule
from analyzers.syntax import descend


class ReturnInFinally(Rule):
    """A `return`, `break` or `continue` in `finally` swallows every error, even Ctrl-C, and replaces every result.

    `finally` runs while an exception is on its way; leaving it by another way drops that exception. Python 3.14 warns.

    Fix: move it behind the `try` statement.
    """

    severity = "medium"
    cwe = 584
    prior = 0.85
    references = ("https://peps.python.org/pep-0765/",)
    triggers = ("finally",)
    invalid = (
        "def f():\n    try:\n        g()\n    finally:\n        return 1",
        "for x in y:\n    try:\n        g()\n    finally:\n        break",
        "while g():\n    try:\n        h()\n    finally:\n        continue",
        "def f():\n    try:\n        return g()\n    finally:\n        if h():\n            return 2",
        ("class A:\n    def f(self):\n        try:\n            g()\n        except ValueError:\n            raise\n"
         "        finally:\n            return self"),
        "async def f():\n    try:\n        await g()\n    finally:\n        with h():\n            return",
    )
    valid = (
        "def f():\n    try:\n        return 1\n    finally:\n        g()",
        "def f():\n    try:\n        g()\n    finally:\n        for x in y:\n            if x:\n                break",
        "def f():\n    try:\n        g()\n    finally:\n        def h():\n            return 1\n        h()",
        "def f():\n    try:\n        g()\n    finally:\n        close()\n    return 1",
        "def f():\n    try:\n        g()\n    finally:\n        x = lambda: 1\n        x()",
        "for x in y:\n    try:\n        continue\n    finally:\n        g()",
    )

    def visit_Finally(self, node: cst.Finally) -> None:
        """Looks for ways out of it that are not its end."""
        loops: set[int] = set()
        for one in descend(node.body):
            if isinstance(one, cst.For | cst.While):
                loops |= {id(below) for below in descend(one.body)}
            leaves_loop = isinstance(one, cst.Break | cst.Continue) and id(one) not in loops
            if (isinstance(one, cst.Return) or leaves_loop) and not self._in_function(node, one):
                self.report(one)
                return

    def _in_function(self, node: cst.Finally, inner: cst.CSTNode) -> bool:
        functions = [one for one in descend(node.body) if isinstance(one, cst.FunctionDef)]
        return any(one is inner for function in functions for one in descend(function.body))
