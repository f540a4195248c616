"""Objects changed behind their own back."""

import libcst as cst

from analyzers.rule import Rule
from analyzers.syntax import is_name


class ObjectDictModification(Rule):
    """An attribute of another object is set through its `__dict__`, past properties, slots and `__setattr__`.

    What the class checks or computes when an attribute is set does not happen.

    Fix: `setattr(thing, name, value)`.
    """

    severity = "info"
    cwe = None
    prior = 0.5
    references = ("https://docs.python.org/3/reference/datamodel.html#object.__dict__",)
    triggers = ("__dict__",)
    invalid = (
        "def f(a):\n    a.__dict__['x'] = 1",
        "def f(a, d):\n    a.__dict__.update(d)",
        "def f(a):\n    del a.__dict__['x']",
        "def f(a, k, v):\n    a.b.__dict__[k] = v",
        "for k in x:\n    y.__dict__.setdefault(k, 1)",
        "def f(a):\n    vars(a)\n    a.__dict__.pop('x')",
    )
    valid = (
        "def f(a):\n    return a.__dict__['x']",
        "class A:\n    def __setstate__(self, d):\n        self.__dict__.update(d)",
        "class A:\n    def f(self):\n        self.__dict__['cached'] = 1",
        "def f(a):\n    return dict(a.__dict__)",
        "def f(a):\n    setattr(a, 'x', 1)  # not __dict__",
        "def f(a):\n    a['__dict__'] = 1",
        "class A:\n    def __get__(self, a, b):\n        a.__dict__['x'] = 1",
        "class A:\n    @classmethod\n    def f(cls):\n        cls.__dict__.get('x')",
    )

    def visit_Assign(self, node: cst.Assign) -> None:
        """Looks at entries being set; what an object does to itself is its own affair."""
        if any(_entry(one.target) for one in node.targets) and not self._allowed():
            self.report(node)

    def visit_Del(self, node: cst.Del) -> None:
        """Looks at entries being deleted."""
        if _entry(node.target) and not self._allowed():
            self.report(node)

    def visit_Call(self, node: cst.Call) -> None:
        """Looks at changes made by a method."""
        match node.func:
            case cst.Attribute(value=owner, attr=cst.Name(value="update" | "pop" | "clear" | "setdefault" | "popitem")):
                if _dict_of_other(owner) and not self._allowed():
                    self.report(node)

    def _allowed(self) -> bool:
        """Descriptors keep their value there, and copies are made that way: an object that `__new__` gave is still nobody's."""
        function = self.scope.node
        if not isinstance(function, cst.FunctionDef):
            return False
        return function.name.value.startswith("__") or "__new__" in self.context.module.code_for_node(function.body)


def _entry(target: cst.CSTNode) -> bool:
    return isinstance(target, cst.Subscript) and _dict_of_other(target.value)


def _dict_of_other(node: cst.CSTNode) -> bool:
    return isinstance(node, cst.Attribute) and node.attr.value == "__dict__" and not is_name(node.value, "self", "cls")
