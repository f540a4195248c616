"""Comparisons written in a way that PEP 8 advises against."""

import libcst as cst

from analyzers.rule import Rule
from analyzers.syntax import is_name


class Pep8Comparisons(Rule):
    """A comparison is written in a way that PEP 8 advises against.

    `== True` fails for what is merely true, types of derived classes differ, and `not x in y` reads like `(not x) in y`.

    Fix: `if flag:`, `isinstance(x, int)`, `x not in y`, `x is not y`.
    """

    severity = "info"
    cwe = None
    prior = 0.3
    references = ("https://peps.python.org/pep-0008/#programming-recommendations",)
    invalid = (
        "def f(x):\n    return x == True",
        "def f(x):\n    if False != x.ready:\n        return 1",
        "def f(x, y):\n    return not x in y",
        "def f(x):\n    return not x is None",
        "def f(x):\n    return type(x) == int",
        "def f(a, b):\n    return type(a) != type(b)",
        "kept = [x for x in xs if not x.name in seen]",
    )
    valid = (
        "def f(x):\n    return x is True",
        "def f(x, y):\n    return x not in y and x is not None",
        "def f(x, y):\n    return not (x and y)",
        "def f(x):\n    return isinstance(x, int) or type(x) is int",
        "def f(x, y):\n    return not x == y",
        "def f(type, x):\n    return type(x) == 3",
        "def f(x):\n    return x == 'True'",
    )

    def visit_Comparison(self, node: cst.Comparison) -> None:
        """Looks at equality with truth values and of types."""
        if len(node.comparisons) != 1 or not isinstance(node.comparisons[0].operator, cst.Equal | cst.NotEqual):
            return
        sides = (node.left, node.comparisons[0].comparator)
        if any(is_name(one, "True", "False") for one in sides):
            self.report(node, "A truth value is compared by `==`: say `if flag:` or `if not flag:`.")
        elif any(isinstance(one, cst.Call) and len(one.args) == 1 and self.qualified_name(one.func) == "builtins.type" for one in sides):
            self.report(node, "Types are compared by `==`: `isinstance` also takes what derives, `is` asks for the very type.")

    def visit_UnaryOperation(self, node: cst.UnaryOperation) -> None:
        """Looks at `not x in y` and `not x is y`, and mends them."""
        inner = node.expression
        if not isinstance(node.operator, cst.Not) or not isinstance(inner, cst.Comparison) or len(inner.comparisons) != 1 or inner.lpar:
            return
        negated = {cst.In: cst.NotIn(), cst.Is: cst.IsNot()}.get(type(inner.comparisons[0].operator))
        if negated is not None:
            mended = inner.with_changes(comparisons=[inner.comparisons[0].with_changes(operator=negated)])
            self.report(node, "`not` belongs to the comparison: `not in`, `is not`.", replacement=(node, mended))
