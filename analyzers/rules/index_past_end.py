"""Indices one past the last."""

import libcst as cst

from analyzers.rule import Rule


class IndexPastEnd(Rule):
    """`items[len(items)]` is one past the last item: that raises IndexError.

    Positions count from 0, so the last one is the length less one.

    Fix: `items[-1]`.
    """

    severity = "high"
    cwe = 193
    prior = 0.95
    references = ("https://docs.python.org/3/library/stdtypes.html#common-sequence-operations",)
    triggers = ("[len(",)
    invalid = ("def f(x):\n    return x[len(x)]", "class A:\n    def f(self):\n        return self.xs[len(self.xs)]")
    valid = ("def f(x):\n    return x[len(x) - 1]", "def f(x, y):\n    return x[len(y)]", "def f(d):\n    d[len(d)] = 1", "x = y[len(y):]")

    def visit_Subscript(self, node: cst.Subscript) -> None:
        """Looks at reads; a dictionary may get its next number so."""
        if isinstance(self.parent(), cst.AssignTarget | cst.AugAssign | cst.AnnAssign | cst.Del):
            return
        match node.slice:
            case [cst.SubscriptElement(slice=cst.Index(value=cst.Call(func=cst.Name(value="len"), args=[cst.Arg(value=of)])))]:
                if of.deep_equals(node.value):
                    self.report(node)
