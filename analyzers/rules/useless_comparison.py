"""Comparisons that nobody reads."""

import libcst as cst

from analyzers.rule import Rule


class UselessComparison(Rule):
    """A comparison stands alone as a statement, or compares a thing with itself.

    Where an assignment or an assertion was meant, nothing happens.

    Fix: write `=` or `assert`, or compare with what was meant.
    """

    severity = "medium"
    cwe = 570
    prior = 0.85
    references = ("https://docs.python.org/3/reference/simple_stmts.html#expression-statements",)
    triggers = ("==", "!=", "<", ">", " is ", " in ")
    invalid = (
        "def f(x):\n    x == 1",
        "if a == a:\n    pass",
        "class A:\n    def f(self):\n        self.x == 3",
        "def f(x):\n    return x.a < x.a",
        "for x in y:\n    x in z",
        "while i >= i:\n    break",
    )
    valid = (
        "def f(x):\n    assert x == 1",
        "def f(x):\n    return x != x",
        "x = y == 1",
        "if f() == f():\n    pass",
        "with raises(TypeError):\n    a < b",
        "def test_it():\n    with pytest.raises(E):\n        a == b",
        "if a.b == b.a:\n    pass",
    )

    def visit_Expr(self, node: cst.Expr) -> None:
        """Looks at comparisons alone; inside `with` a test may want them to raise."""
        if isinstance(node.value, cst.Comparison) and not self.context.inside(cst.With):
            self.report(node)

    def visit_Comparison(self, node: cst.Comparison) -> None:
        """Looks at both sides; `x != x` is how one asks for NaN."""
        if len(node.comparisons) != 1 or isinstance(self.parent(), cst.Expr):
            return
        target = node.comparisons[0]
        plain = isinstance(node.left, cst.Name) or (isinstance(node.left, cst.Attribute) and isinstance(node.left.value, cst.Name))
        if not plain or isinstance(target.operator, cst.NotEqual) or not node.left.deep_equals(target.comparator):
            return
        functions = [one.name.value for one in self.context.inside(cst.FunctionDef) if isinstance(one, cst.FunctionDef)]
        if not any("test" in name.lower() for name in functions):
            self.report(node)
