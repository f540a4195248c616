"""Methods and functions that a later one replaces."""

import libcst as cst

from analyzers.blocks import statements
from analyzers.rule import Rule
from analyzers.syntax import descend, is_name


class RedefinedMethod(Rule):
    """A later definition of the same name replaces this method, so its code never runs.

    Two tests of one name are the common case: the first one is never run, and nobody is told.

    Fix: give one of the two another name, or take the stale one out.
    """

    severity = "medium"
    cwe = 561
    prior = 0.85
    references = ("https://docs.python.org/3/reference/compound_stmts.html#class-definitions",)
    triggers = ("class ",)
    invalid = (
        "class A:\n    def f(self):\n        return 1\n    def f(self):\n        return 2",
        "class T:\n    def test_a(self):\n        assert 1\n    x = 2\n    def test_a(self):\n        assert 2",
        "class A:\n    async def f(self):\n        return 1\n    async def f(self, x):\n        return x",
        "class A:\n    def f(self):\n        return 1\n    def g(self):\n        return 2\n    def f(self, y):\n        return y",
        "class A:\n    @staticmethod\n    def f():\n        return 1\n    @staticmethod\n    def f():\n        return 2",
        "def outer():\n    class A:\n        def f(self):\n            return 1\n        def f(self):\n            return 2\n    return A",
    )
    valid = (
        "class A:\n    @property\n    def f(self):\n        return 1\n    @f.setter\n    def f(self, x):\n        self.x = x",
        "from typing import overload\nclass A:\n    @overload\n    def f(self, x: int): ...\n    def f(self, x): ...",
        "class A:\n    def f(self):\n        return 1\n    def g(self):\n        return 2",
        "class A:\n    if x:\n        def f(self):\n            return 1\n    else:\n        def f(self):\n            return 2",
        "class A:\n    def f(self):\n        return 1\n    plain = f\n    def f(self):\n        return 2",
        "class A:\n    def f(self):\n        return 1\nclass B:\n    def f(self):\n        return 1",
        "class A:\n    @app.get('/')\n    def f(self):\n        return 1\n    @app.post('/')\n    def f(self):\n        return 2",
        "class A:\n    def _(self):\n        return 1\n    def _(self):\n        return 2",
    )

    def visit_ClassDef(self, node: cst.ClassDef) -> None:
        """Looks at definitions of one name right in the class's body, when nothing between uses the first."""
        earlier: dict[str, cst.FunctionDef] = {}
        for one in statements(node.body):
            if not isinstance(one, cst.FunctionDef):
                for used in [part.value for part in descend(one) if isinstance(part, cst.Name)] if earlier else ():
                    earlier.pop(used, None)
                continue
            name, before = one.name.value, earlier.get(one.name.value)
            if before is not None and _plain(before) and _plain(one) and name != "_":
                self.report(before.name)
            earlier[name] = one


def _plain(node: cst.FunctionDef) -> bool:
    """Whether no decorator may have kept the function elsewhere."""
    return all(is_name(one.decorator, "staticmethod", "classmethod") for one in node.decorators)
