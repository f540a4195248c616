"""Comparisons joined by `&` or `|` without parentheses."""

import libcst as cst

from analyzers.rule import Rule


class BitwiseComparison(Rule):
    """`&` and `|` bind more tightly than comparisons, so this compares with what they make of their neighbours.

    `a > 1 & b < 3` means `a > (1 & b) < 3`; for arrays and frames it raises or selects the wrong rows.

    Fix: put each comparison into parentheses, `(a > 1) & (b < 3)`, or use `and` for plain values.
    """

    severity = "medium"
    cwe = 783
    prior = 0.95
    references = ("https://docs.python.org/3/reference/expressions.html#operator-precedence",)
    triggers = ("&", "|")
    invalid = (
        "def f(a, b):\n    if a > 1 & b < 3:\n        return 1",
        "rows = df[df.a > 1 & df.b < 3]",
        "rows = df[df['a'] == 1 | df['b'] == 2]",
        "def f(a):\n    return a == 1 | a == 2",
        "def f(a, b, c):\n    return a > 0 & b > 0 & c > 0",
        "kept = [x for x in xs if x.low < 3 & x.high > 4]",
    )
    valid = (
        "def f(a, b):\n    return (a > 1) & (b < 3)",
        "def f(a, b):\n    return a > 1 and b < 3",
        "def f(flags):\n    return flags & 4 == 4",
        "def f(flags):\n    return flags == READ | WRITE",
        "def f(a, b):\n    return 0 < (a & b) < 3",
        "def f(a):\n    return 1 < a < 3",
        "def f(a, b):\n    return 0 <= a & 255 <= b",
    )

    def visit_Comparison(self, node: cst.Comparison) -> None:
        """Looks at chains in whose middle an operator stands bare."""
        if len(node.comparisons) < 2:
            return
        for one in node.comparisons[:-1]:
            middle = one.comparator
            if isinstance(middle, cst.BinaryOperation) and isinstance(middle.operator, cst.BitAnd | cst.BitOr) and not middle.lpar:
                # A mask with a constant, `a & 255`, is meant; so is what comes from the left of a constant.
                if not isinstance(middle.right, cst.Integer):
                    self.report(node)
                return
