"""Initialisers that answer something."""

import libcst as cst

from analyzers.rule import Rule
from analyzers.syntax import descend, is_name


class InitReturnsValue(Rule):
    """`__init__` answers something, so making an object raises TypeError.

    Python asks `__init__` for None; a `yield` makes it a generator, which is something else than None too.

    Fix: store what is needed on `self`, or make the object in a class method or `__new__` that may answer what it likes.
    """

    severity = "medium"
    cwe = None
    prior = 0.95
    references = ("https://docs.python.org/3/reference/datamodel.html#object.__init__",)
    triggers = ("__init__",)
    invalid = (
        "class A:\n    def __init__(self):\n        return 5",
        "class A:\n    def __init__(self, x):\n        if x:\n            return self\n        self.x = x",
        "class A:\n    def __init__(self):\n        yield 1",
        "class A:\n    async def __init__(self):\n        await go()",
        "class A:\n    def __init__(self, rows):\n        for row in rows:\n            yield from row",
        "class A:\n    class B:\n        def __init__(self):\n            return super().__init__() or 1",
    )
    valid = (
        "class A:\n    def __init__(self):\n        return",
        "class A:\n    def __init__(self):\n        return None",
        "class A:\n    def __init__(self):\n        def inner():\n            return 5\n        self.f = inner",
        "class A:\n    def __init__(self):\n        self.f = lambda: (yield)",
        "class A:\n    def __new__(cls):\n        return object.__new__(cls)",
        "def __init__(x):\n    return x",
        "class A(B):\n    def __init__(self):\n        return super().__init__()",
        "class A(B):\n    def __init__(self, x):\n        return B.__init__(self, x)",
    )

    def visit_FunctionDef(self, node: cst.FunctionDef) -> None:
        """Looks at the initialisers of classes."""
        if node.name.value != "__init__" or not isinstance(self.parent(2), cst.ClassDef):
            return
        if node.asynchronous is not None:
            self.report(node.name)
            return
        for one in descend(node.body):
            if isinstance(one, cst.Yield) or (isinstance(one, cst.Return) and _answers(one.value)):
                self.report(one)
                return


def _answers(value: cst.BaseExpression | None) -> bool:
    match value:
        case None:
            return False
        # What another initialiser answers is None.
        case cst.Call(func=cst.Attribute(attr=cst.Name(value="__init__"))):
            return False
    return not is_name(value, "None")
