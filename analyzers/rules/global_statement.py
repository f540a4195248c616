"""Module variables that functions change."""

import libcst as cst

from analyzers.rule import Rule
from analyzers.syntax import bound_names, descend


class GlobalStatement(Rule):
    """A function changes a variable of the whole module, so what it gives depends on who was called before.

    Two threads or two tests that call it disturb each other.

    Fix: pass the value in and return the new one, or keep it in an object.
    """

    severity = "info"
    cwe = 1108
    prior = 0.3
    references = ("https://docs.python.org/3/faq/programming.html#what-are-the-rules-for-local-and-global-variables-in-python",)
    triggers = ("global",)
    invalid = (
        "n = 0\ndef f():\n    global n\n    n += 1\n    return n",
        "mode = 'a'\nclass A:\n    def set(self, m):\n        global mode\n        mode = m",
    )
    valid = (
        "n = 0\ndef f():\n    return n + 1",
        "_cache = None\ndef f():\n    global _cache\n    if _cache is None:\n        _cache = load()\n    return _cache",
        "n = 0\ndef f():\n    global n\n    return n",
        "def f():\n    n = 0\n    def g():\n        nonlocal n\n        n += 1\n    return g",
    )

    def visit_Global(self, node: cst.Global) -> None:
        """Leaves alone what is made once and kept: it is asked whether it is there."""
        names = {one.name.value for one in node.names}
        if not self._asks(names) and any(_sets(one, names) for one in descend(self.scope.node)):
            self.report(node)

    def _asks(self, names: set[str]) -> bool:
        tests = [one.test for one in descend(self.scope.node) if isinstance(one, cst.If)]
        return any(isinstance(one, cst.Name) and one.value in names for test in tests for one in descend(test))


def _sets(node: cst.CSTNode, names: set[str]) -> bool:
    targets: list[cst.CSTNode] = []
    match node:
        case cst.Assign():
            targets = [one.target for one in node.targets]
        case cst.AugAssign() | cst.AnnAssign() | cst.For():
            targets = [node.target]
    return any(one.value in names for target in targets for one in bound_names(target))
