"""Methods that are asked for, but not called."""

from collections.abc import Iterator

import libcst as cst

from analyzers.blocks import statements
from analyzers.rule import Rule
from analyzers.syntax import is_name


class MethodAsCondition(Rule):
    """The condition names a method and does not call it; a method is always true.

    What the method would answer is never asked, so one branch always runs and the other never.

    Fix: call it, or make it a property.
    """

    severity = "medium"
    cwe = 571
    prior = 0.95
    references = ("https://docs.python.org/3/library/stdtypes.html#truth-value-testing",)
    triggers = ("self.",)
    invalid = (
        "class A:\n    def ready(self):\n        return self.n > 1\n    def f(self):\n        if self.ready:\n            return 1",
        "class A:\n    def f(self):\n        while not self.done:\n            self.step()\n    def done(self):\n        return True",
        "class A:\n    def ok(self):\n        return 1\n    def f(self, x):\n        return 1 if x and self.ok else 2",
        "class A:\n    async def ok(self):\n        return 1\n    def f(self):\n        assert self.ok",
        "class A:\n    @staticmethod\n    def ok():\n        return 1\n    def f(self):\n        if not self.ok:\n            return 1",
        "class A:\n    def a(self): ...\n    def b(self):\n        if x:\n            g()\n        elif self.a or self.x:\n            h",
    )
    valid = (
        "class A:\n    def ready(self):\n        return 1\n    def f(self):\n        if self.ready():\n            return 1",
        "class A:\n    @property\n    def ready(self):\n        return 1\n    def f(self):\n        if self.ready:\n            return 1",
        "class A:\n    def ready(self): ...\n    def f(self):\n        self.ready = None\n        if self.ready:\n            return 1",
        "class A:\n    def f(self):\n        if self.ready:\n            return 1",
        "class A:\n    ready = None\n    def f(self):\n        if self.ready:\n            return 1",
        "class A:\n    @cached_property\n    def ready(self):\n        return 1\n    def f(self):\n        return 1 if self.ready else 2",
        "class A:\n    def ready(self):\n        return 1\n    def f(self, other):\n        if other.ready:\n            return 1",
        "class A:\n    def ready(self): ...\n    def f(self):\n        if self.ready is not None:\n            return 1",
    )

    def visit_If(self, node: cst.If) -> None:
        """Looks at the condition."""
        self._look(node.test)

    def visit_While(self, node: cst.While) -> None:
        """Looks at the condition."""
        self._look(node.test)

    def visit_IfExp(self, node: cst.IfExp) -> None:
        """Looks at the condition."""
        self._look(node.test)

    def visit_Assert(self, node: cst.Assert) -> None:
        """Looks at the condition."""
        self._look(node.test)

    def _look(self, test: cst.BaseExpression) -> None:
        for one in _asked(test):
            around = self.context.inside(cst.ClassDef)
            if around and isinstance(around[0], cst.ClassDef) and self._is_method(around[0], one.attr.value):
                self.report(one, replacement=(one, cst.Call(one)))
                return

    def _is_method(self, around: cst.ClassDef, name: str) -> bool:
        found = [one for one in statements(around.body) if isinstance(one, cst.FunctionDef) and one.name.value == name]
        if len(found) != 1 or len(self.context.scope_of(around).attribute_values(name)) > 1:
            return False
        return all(is_name(one.decorator, "staticmethod", "classmethod") for one in found[0].decorators)


def _asked(test: cst.BaseExpression) -> Iterator[cst.Attribute]:
    """The attributes of self whose truth decides."""
    if isinstance(test, cst.Attribute):
        if isinstance(test.value, cst.Name) and test.value.value == "self":
            yield test
    elif isinstance(test, cst.UnaryOperation) and isinstance(test.operator, cst.Not):
        yield from _asked(test.expression)
    elif isinstance(test, cst.BooleanOperation):
        yield from _asked(test.left)
        yield from _asked(test.right)
