"""Comparisons with `or` whose other side is a constant."""

import libcst as cst

from analyzers.rule import Rule
from analyzers.syntax import string_value


class ConstantAlternative(Rule):
    """The other side of `or` is a constant that is always true, so the condition always holds.

    `x == 1 or 2` means `(x == 1) or 2`, and 2 is true whatever `x` is.

    Fix: compare with each value, `x == 1 or x == 2`, or ask `x in (1, 2)`.
    """

    severity = "medium"
    cwe = 571
    prior = 0.95
    references = ("https://docs.python.org/3/reference/expressions.html#boolean-operations",)
    triggers = (" or ",)
    invalid = (
        "def f(x):\n    if x == 1 or 2:\n        return 1",
        "def f(x):\n    return x == 'a' or 'b'",
        "def f(x):\n    while x.kind != 'a' or 'b':\n        x = x.next",
        "def f(x):\n    assert x in A or 'b'",
        "kept = [x for x in xs if x.name == 'a' or 'b']",
        "def f(x):\n    if (x == 1) or 2.5:\n        return 1",
        "def f(x, y):\n    if y and (x == 'a' or 'b'):\n        return 1",
    )
    valid = (
        "def f(x):\n    if x == 1 or x == 2:\n        return 1",
        "def f(x):\n    return x or 'b'",
        "def f(x):\n    return x.get('a') or 2",
        "def f(x):\n    return x == 1 or 0",
        "def f(x):\n    return x == 'a' or ''",
        "def f(x):\n    return x == 1 or None",
        "def f(x):\n    if x == 1 or y:\n        return 1",
        "def f(x):\n    return x == 1 and 'one' or 'other'",
    )

    def visit_BooleanOperation(self, node: cst.BooleanOperation) -> None:
        """Looks at `comparison or constant`."""
        if not isinstance(node.operator, cst.Or) or not isinstance(node.left, cst.Comparison):
            return
        right = node.right
        if string_value(right) or (isinstance(right, cst.Integer | cst.Float) and right.evaluated_value):
            self.report(node)
