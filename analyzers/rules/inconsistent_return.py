"""Functions that return tuples of different lengths."""

import libcst as cst

from analyzers.rule import Rule
from analyzers.syntax import descend


class InconsistentReturn(Rule):
    """The function returns tuples of different lengths, so whoever unpacks the result fails on some of them.

    The caller has to know which branch ran.

    Fix: return the same number of values everywhere, None for those that are missing, or a dataclass.
    """

    severity = "medium"
    confidence = "medium"
    cwe = None
    prior = 0.65
    references = ("https://peps.python.org/pep-0008/#programming-recommendations",)
    triggers = ("return",)
    invalid = (
        "def f(x):\n    if x:\n        return 1, 2\n    return 1, 2, 3",
        "def f(x):\n    try:\n        return (x, None)\n    except ValueError:\n        return (None, None, 'bad')",
        "class A:\n    def f(self):\n        for x in self.y:\n            return x, 1\n        return x, 1, 2",
        "async def f(x):\n    if x:\n        return a, b\n    else:\n        return a, b, c",
        "def f(x):\n    if x:\n        return ()\n    return 1, 2",
        "def f(x):\n    while x:\n        return 1, 2, 3, 4\n    return 1, 2",
    )
    valid = (
        "def f(x):\n    if x:\n        return 1, 2\n    return 3, 4",
        "def f(x):\n    if x:\n        return 1, 2\n    return None",
        "def f(x):\n    if x:\n        return (*x, 1)\n    return 1, 2, 3",
        "def f(x) -> tuple[int, ...]:\n    if x:\n        return 1, 2\n    return 1, 2, 3",
        "def f(x):\n    def g():\n        return 1, 2, 3\n    return 1, 2",
        "def f(x):\n    if x:\n        return [1, 2]\n    return [1]",
        "def cmp_key(x) -> 'tuple':\n    if x:\n        return (1,)\n    return (1, 2)",
    )

    def visit_FunctionDef(self, node: cst.FunctionDef) -> None:
        """Compares the lengths of what is returned; a declared type of any length is meant."""
        if node.returns is not None:
            return
        returned = [one.value for one in descend(node.body) if isinstance(one, cst.Return) and isinstance(one.value, cst.Tuple)]
        tuples = [one for one in returned if isinstance(one, cst.Tuple)]
        if any(isinstance(element, cst.StarredElement) for one in tuples for element in one.elements):
            return
        if len({len(one.elements) for one in tuples}) > 1:
            self.report(node.name)
