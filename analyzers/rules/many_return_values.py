"""Functions that give many values at once."""

import libcst as cst

from analyzers.rule import Rule

_VALUES_MAX = 4


class ManyReturnValues(Rule):
    """More than four values are returned by position; whoever calls it must know their order by heart.

    Two of one kind are swapped without an error, and one value more breaks every caller.

    Fix: return a `NamedTuple` or a dataclass.
    """

    severity = "info"
    cwe = 1093
    prior = 0.35
    references = ("https://docs.python.org/3/library/typing.html#typing.NamedTuple",)
    triggers = ("return",)
    invalid = ("def f(a):\n    return a, 1, 2, 3, 4", "class A:\n    def f(self):\n        return (self.a, self.b, self.c, self.d, self.e)")
    valid = (
        "def f(a):\n    return a, 1",
        "def f(a):\n    return [a, 1, 2, 3, 4]",
        "def __reduce__(self):\n    return a, b, c, d, e",
        "def f():\n    return 1, 2, 3, 4, 5",
    )

    def visit_Return(self, node: cst.Return) -> None:
        """Counts the values; tables of constants and what a protocol asks for are left alone."""
        value = node.value
        if not isinstance(value, cst.Tuple) or len(value.elements) <= _VALUES_MAX or self.is_constant(value):
            return
        function = self.scope.node
        if not (isinstance(function, cst.FunctionDef) and function.name.value.startswith("__")):
            self.report(value)
