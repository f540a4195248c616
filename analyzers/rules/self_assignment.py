"""Assignments to itself."""

import libcst as cst

from analyzers.rule import Rule
from analyzers.syntax import dotted


class SelfAssignment(Rule):
    """The name is assigned to itself, which does nothing.

    Mostly one of the two should be another name: a parameter that is never stored, a field that is never copied.

    Fix: name what is meant, or take the line out.
    """

    severity = "low"
    cwe = 563
    prior = 0.8
    references = ("https://docs.python.org/3/reference/simple_stmts.html#assignment-statements",)
    invalid = (
        "def f(x):\n    x = x\n    return x",
        "class A:\n    def __init__(self, name):\n        self.name = self.name",
        "def f(a):\n    a.b.c = a.b.c",
        "def f(a, b):\n    a, b = a, b",
        "class A:\n    def copy(self, other):\n        other.x = other.x",
        "def f(x):\n    for y in x:\n        y = y\n        g(y)",
    )
    valid = (
        "def f(x, y):\n    x = y",
        "class A:\n    def __init__(self, name):\n        self.name = name",
        "class A:\n    x = x",
        "from a import b\nb = b",
        "def f(a, b):\n    a, b = b, a",
        "def f(x):\n    x = x()",
        "def f(x):\n    y = x = x",
        "def f(a):\n    a[0] = a[0]",
    )

    def visit_Assign(self, node: cst.Assign) -> None:
        """Looks inside functions; outside it passes on what an outer scope or another module calls so."""
        if not self.scope.is_function or len(node.targets) != 1:
            return
        target = node.targets[0].target
        if isinstance(target, cst.Tuple) and isinstance(node.value, cst.Tuple):
            pairs = [(one.value, other.value) for one, other in zip(target.elements, node.value.elements, strict=False)]
            same = len(target.elements) == len(node.value.elements) and all(_same(one, other) for one, other in pairs)
        else:
            same = _same(target, node.value)
        if same:
            self.report(node)


def _same(target: cst.CSTNode, value: cst.CSTNode) -> bool:
    if type(target) is not type(value) or not isinstance(target, cst.Name | cst.Attribute):
        return False
    name = dotted(target)
    return name is not None and name == dotted(value)
