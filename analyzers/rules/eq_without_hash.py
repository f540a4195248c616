"""Classes that lose their hash."""

import libcst as cst

from analyzers.rule import Rule


class EqWithoutHash(Rule):
    """A class defines `__eq__` without `__hash__`: its objects cannot be in a set or be keys of a dictionary.

    Python sets `__hash__` to None as soon as a class says when two objects are equal.

    Fix: add `__hash__` over the same fields, or say `__hash__ = None` to show that it is meant.
    """

    severity = "info"
    cwe = 581
    prior = 0.4
    references = ("https://docs.python.org/3/reference/datamodel.html#object.__hash__",)
    triggers = ("__eq__",)
    invalid = (
        "class A:\n    def __eq__(self, other):\n        return self.x == other.x",
        "class A(object):\n    x = 1\n    def __eq__(self, other):\n        return True\n    def f(self): ...",
    )
    valid = (
        "class A:\n    def __eq__(self, other):\n        return self.x == other.x\n    def __hash__(self):\n        return hash(self.x)",
        "class A:\n    __hash__ = None\n    def __eq__(self, other):\n        return self.x == other.x",
        "class A(B):\n    def __eq__(self, other):\n        return self.x == other.x",
        "@dataclass(frozen=True)\nclass A:\n    def __eq__(self, other):\n        return self.x == other.x",
        "class A:\n    def __eq__(self, other): ...\n    def append(self, item): ...\n    def __setitem__(self, k, v): ...",
    )

    def visit_ClassDef(self, node: cst.ClassDef) -> None:
        """Looks at classes of their own kind; a container that changes rightly has no hash."""
        if node.decorators or any(not (isinstance(one.value, cst.Name) and one.value.value == "object") for one in node.bases):
            return
        methods = {one.name.value: one for one in node.body.body if isinstance(one, cst.FunctionDef)}
        if "__eq__" not in methods or "__setitem__" in methods:
            return
        if "__hash__" not in methods and not self.context.scope_of(node).bindings("__hash__"):
            self.report(methods["__eq__"].name, about=[methods["__eq__"]])
