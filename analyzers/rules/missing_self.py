"""Methods without their object."""

import libcst as cst

from analyzers.blocks import statements
from analyzers.rule import Rule
from analyzers.syntax import descend, is_name


class MissingSelf(Rule):
    """The method takes no `self`, so calling it on an object raises TypeError.

    Python gives every method its object first.

    Fix: `def name(self)`, or `@staticmethod` where it needs no object.
    """

    severity = "medium"
    cwe = None
    prior = 0.9
    references = ("https://docs.python.org/3/tutorial/classes.html#method-objects",)
    triggers = ("():", "() ->", "(*,")
    invalid = (
        "class A:\n    def f():\n        return 1",
        "class A:\n    def f() -> int:\n        return 1",
        "class A(B):\n    async def f():\n        return 1",
        "class A:\n    x = 1\n    def f(*, key):\n        return key",
        "class A:\n    @property\n    def f():\n        return 1",
        "def g():\n    class A:\n        def f():\n            return 1\n    return A",
    )
    valid = (
        "class A:\n    def f(self):\n        return 1",
        "class A:\n    @staticmethod\n    def f():\n        return 1",
        "class A:\n    def f(*args):\n        return args",
        "from zope.interface import Interface\nclass A(Interface):\n    def f():\n        'Does it.'",
        "class A:\n    def make():\n        return 1\n    x = make()",
        "class A:\n    def f(): ...\n    f = staticmethod(f)",
        "class A:\n    @decorated\n    def f():\n        return 1",
        "def f():\n    return 1",
    )

    def visit_ClassDef(self, node: cst.ClassDef) -> None:
        """Looks at the methods right in the class's body; those that the body itself calls are no methods."""
        # Interfaces say how a method is called, without its object.
        if any("Interface" in (self.qualified_name(base.value) or "") for base in node.bases):
            return
        below = statements(node.body)
        for one in below:
            if not isinstance(one, cst.FunctionDef) or not _takes_nothing(one):
                continue
            kept = not all(is_name(each.decorator, "property") for each in one.decorators)
            if not kept and not any(is_name(part, one.name.value) for other in below if other is not one for part in descend(other)):
                self.report(one.name)


def _takes_nothing(node: cst.FunctionDef) -> bool:
    params = node.params
    return not params.posonly_params and not params.params and not isinstance(params.star_arg, cst.Param)
