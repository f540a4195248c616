"""Fractions compared for being equal."""

import libcst as cst

from analyzers.rule import Rule


class FloatEquality(Rule):
    """A computed number is compared with a fraction by `==`, which rounding makes fail: `0.1 + 0.2 == 0.3` is false.

    Most fractions have no exact binary form.

    Fix: `math.isclose(a, b)`, or `decimal.Decimal` for money.
    """

    severity = "low"
    confidence = "medium"
    cwe = 1077
    prior = 0.5
    references = ("https://docs.python.org/3/tutorial/floatingpoint.html", "https://docs.python.org/3/library/math.html#math.isclose")
    triggers = ("==", "!=")
    invalid = (
        "def f(a, b):\n    return a + b == 0.3",
        "def f(a):\n    if a * 1.1 != 3.3:\n        return 1",
        "x = 0.1 + 0.2 == y",
        "def f(total, n):\n    return total / n == 0.7",
        "class A:\n    def f(self):\n        return self.x - 0.1 == self.y",
        "x = [a for a in b if a * 0.1 == 0.3]",
    )
    valid = (
        "import math\ndef f(a, b):\n    return math.isclose(a + b, 0.3)",
        "def f(a):\n    return a == 0.5",
        "def f(a):\n    return a + 1 == 3",
        "def f(a, b):\n    return a + b < 0.3",
        "def f(a):\n    return a / 2 == 1.0",
        "def f(a):\n    return a * 0.5 == 2",
        "def f(v):\n    return v == 1.1",
    )

    def visit_Comparison(self, node: cst.Comparison) -> None:
        """Looks for arithmetic on one side and an inexact fraction in it or on the other."""
        if len(node.comparisons) != 1 or not isinstance(node.comparisons[0].operator, cst.Equal | cst.NotEqual):
            return
        sides = (node.left, node.comparisons[0].comparator)
        computed = [one for one in sides if isinstance(one, cst.BinaryOperation)]
        parts = [part for one in computed for part in (one.left, one.right)]
        if computed and any(_inexact(one) for one in (*sides, *parts)):
            self.report(node)


def _inexact(node: cst.BaseExpression) -> bool:
    """A fraction that binary numbers cannot hold: those they can are small sums of halves."""
    return isinstance(node, cst.Float) and (float(node.evaluated_value) * 1024) % 1 != 0
