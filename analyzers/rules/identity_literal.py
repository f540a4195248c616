"""Identity asked where equality is meant."""

import libcst as cst

from analyzers.rule import Rule

_LITERALS = (cst.SimpleString, cst.ConcatenatedString, cst.FormattedString, cst.Integer, cst.Float, cst.Imaginary,
             cst.List, cst.Dict, cst.Set, cst.Tuple)  # fmt: skip


class IdentityLiteral(Rule):
    """`is` compares a literal by identity; whether that holds is an accident of the interpreter.

    Equal strings and numbers may or may not be the same object; Python 3.8 and later warn about it.

    Fix: compare with `==` or `!=`.
    """

    severity = "medium"
    cwe = 597
    prior = 0.9
    references = ("https://docs.python.org/3/reference/expressions.html#is-not",)
    invalid = (
        'def f(x):\n    return x is "yes"',
        "def f(x):\n    return x is not 0",
        "def f(x):\n    return x is ()",
        "def f(x):\n    return -1 is x",
        "def f(x):\n    return x is []",
        "class A:\n    def f(self):\n        if self.mode is f'{self.kind}':\n            return 1",
        "found = [row for row in rows if row.count is not 0]",
        "def f(a, b):\n    return a < b is 3",
    )
    valid = (
        "def f(x):\n    return x is None",
        "def f(x):\n    return x is True",
        'def f(x):\n    return x == "yes"',
        "EMPTY = object()\ndef f(x):\n    return x is EMPTY",
        "def f(x):\n    return x is ...",
        "def f(x):\n    return type(x) is int and x in (1, 2)",
        "def f(x):\n    match x:\n        case 1:\n            return x is not NotImplemented",
    )

    def visit_Comparison(self, node: cst.Comparison) -> None:
        """Looks at each comparison of a chain."""
        left = node.left
        for target in node.comparisons:
            if isinstance(target.operator, cst.Is | cst.IsNot) and (_literal(left) or _literal(target.comparator)):
                self.report(node)
                return
            left = target.comparator


def _literal(node: cst.BaseExpression) -> bool:
    return isinstance(node.expression if isinstance(node, cst.UnaryOperation) else node, _LITERALS)
