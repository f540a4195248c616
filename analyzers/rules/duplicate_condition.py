"""Conditions asked twice."""

import libcst as cst

from analyzers.blocks import statements
from analyzers.rule import Rule
from analyzers.syntax import descend


class DuplicateCondition(Rule):
    """A condition was asked before in the same chain, or both branches do the same: one of them is wrong.

    The second branch of an equal condition never runs; equal branches make the condition pointless.

    Fix: correct the copy, or take it away.
    """

    severity = "medium"
    confidence = "medium"
    cwe = 561
    prior = 0.75
    references = ("https://docs.python.org/3/reference/compound_stmts.html#the-if-statement",)
    triggers = ("elif", "else")
    invalid = (
        "if a:\n    f()\nelif b:\n    g()\nelif a:\n    h()",
        "if x == 1:\n    f()\nelif x == 1:\n    g()",
        "if a:\n    f(1)\n    g(2)\nelse:\n    f(1)\n    g(2)",
        "def f(x):\n    if x > 1:\n        return 1\n    elif x > 2:\n        return 2\n    elif x > 1:\n        return 3",
        "x = f(a) if b else f(a)",
        "class A:\n    def f(self):\n        if self.a:\n            self.b()\n        else:\n            self.b()",
    )
    valid = (
        "if a:\n    f()\nelif b:\n    g()",
        "if a():\n    f()\nelif a():\n    g()",
        "if a:\n    f(1)\nelse:\n    f(2)",
        "if a:\n    pass\nelse:\n    pass",
        "x = f(a) if b else f(b)",
        "if a:\n    f()\nif a:\n    g()",
        "if a:\n    f()\nelif b:\n    f()",
    )

    def visit_If(self, node: cst.If) -> None:
        """Looks at the chain below its first condition."""
        around = self.parent()
        if isinstance(around, cst.If) and around.orelse is node:
            return
        seen = [node.test]
        step = node.orelse
        while isinstance(step, cst.If):
            if not _acts(step.test) and any(step.test.deep_equals(one) for one in seen):
                self.report(step.test)
                return
            seen.append(step.test)
            step = step.orelse
        if isinstance(node.orelse, cst.Else) and _same(node.body, node.orelse.body):
            self.report(node)

    def visit_IfExp(self, node: cst.IfExp) -> None:
        """Looks at both values."""
        if node.body.deep_equals(node.orelse):
            self.report(node)


def _acts(node: cst.BaseExpression) -> bool:
    """Whether asking may change the answer."""
    return any(isinstance(one, cst.Call | cst.NamedExpr | cst.Await) for one in descend(node))


def _same(one: cst.BaseSuite, other: cst.BaseSuite) -> bool:
    first, second = statements(one), statements(other)
    trivial = all(isinstance(line, cst.Pass) for line in first)
    return bool(first) and not trivial and len(first) == len(second) and all(
        a.deep_equals(b) for a, b in zip(first, second, strict=True)
    )
