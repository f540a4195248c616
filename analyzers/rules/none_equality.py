"""None compared by equality."""

import libcst as cst

from analyzers.rule import Rule
from analyzers.syntax import is_name


class NoneEquality(Rule):
    """None is compared with `==`, which asks the other object's `__eq__` and may answer anything.

    NumPy arrays and query builders answer with an array or an expression, which is then true.

    Fix: `is None` or `is not None`.
    """

    severity = "low"
    cwe = None
    prior = 0.55
    references = ("https://peps.python.org/pep-0008/#programming-recommendations",)
    triggers = ("None",)
    invalid = (
        "def f(x):\n    return x == None",
        "if a != None:\n    pass",
        "x = None == y",
        "class A:\n    def f(self):\n        return self.x == None",
        "xs = [x for x in y if x != None]",
        "assert f(1) == None",
    )
    valid = (
        "def f(x):\n    return x is None",
        "x = y == 'None'",
        "q = query.filter(User.name == None)",
        "x = y in (None, 1)",
        "q = session.query(A).where(A.b != None)",
        "df = frame[frame.a == None]",
        "x = y == nothing",
    )

    def visit_Comparison(self, node: cst.Comparison) -> None:
        """Looks at equalities; in a query or an index `== None` is how a database is asked."""
        if len(node.comparisons) != 1 or not isinstance(node.comparisons[0].operator, cst.Equal | cst.NotEqual):
            return
        target = node.comparisons[0]
        if not (is_name(node.left, "None") or is_name(target.comparator, "None")):
            return
        around = self.parent()
        if isinstance(around, cst.Arg | cst.Index):
            return
        operator: cst.BaseCompOp = cst.Is() if isinstance(target.operator, cst.Equal) else cst.IsNot()
        self.report(node, replacement=(node, node.with_changes(comparisons=[target.with_changes(operator=operator)])))
