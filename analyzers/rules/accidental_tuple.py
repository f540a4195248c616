"""Values that a comma at the end turns into tuples."""

import libcst as cst

from analyzers.rule import Rule


class AccidentalTuple(Rule):
    """The comma at the end of the line makes this a tuple of one.

    It is easily left over from an argument list or a literal, and what uses the value fails far away.

    Fix: take the comma out, or write `(value,)` where a tuple is meant.
    """

    severity = "low"
    confidence = "medium"
    cwe = None
    prior = 0.7
    references = ("https://docs.python.org/3/reference/expressions.html#expression-lists",)
    invalid = (
        "def f():\n    x = 1,\n    return x",
        "class A:\n    def __init__(self, name):\n        self.name = name,",
        "TIMEOUT = 30,",
        "def f(x):\n    return g(x),",
        "def f(d):\n    d['a'] = 'text',",
        "class A:\n    name = models.CharField(max_length=3),",
    )
    valid = (
        "x = (1,)",
        "x = 1",
        "x, = f()",
        "string_types = str,",
        "x = 1, 2",
        "def f(x):\n    return (x,)",
        "for x in 1,:\n    g(x)",
        "def f(a):\n    a[1,] = 3",
        "def f(a):\n    return *a,",
    )

    def visit_Assign(self, node: cst.Assign) -> None:
        """Looks at what is assigned."""
        # In `x, = y, ` the tuple is meant: there is one on the other side too.
        if not any(isinstance(one.target, cst.Tuple) or _is_plural(one.target) for one in node.targets):
            self._look(node.value)

    def visit_Return(self, node: cst.Return) -> None:
        """Looks at what is answered."""
        self._look(node.value)

    def _look(self, value: cst.BaseExpression | None) -> None:
        if isinstance(value, cst.Tuple) and not value.lpar and len(value.elements) == 1 and isinstance(value.elements[0], cst.Element):
            self.report(value)


def _is_plural(target: cst.BaseExpression) -> bool:
    """Whether the name says that it holds several: `string_types = str,` is how the ages of Python 2 wrote it."""
    name = target.attr if isinstance(target, cst.Attribute) else target
    return isinstance(name, cst.Name) and name.value.lower().endswith("s")
