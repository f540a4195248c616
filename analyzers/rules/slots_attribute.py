"""Attributes that have no slot."""

import libcst as cst

from analyzers.rule import Rule
from analyzers.syntax import descend, is_name, string_value


class SlotsAttribute(Rule):
    """The class lists its attributes in `__slots__`, and this one is not among them: setting it raises AttributeError.

    With `__slots__` an object has no dictionary to put further attributes into.

    Fix: add the name to `__slots__`.
    """

    severity = "high"
    cwe = None
    prior = 0.9
    references = ("https://docs.python.org/3/reference/datamodel.html#slots",)
    triggers = ("__slots__",)
    invalid = (
        "class A:\n    __slots__ = ('x',)\n    def __init__(self):\n        self.x = 1\n        self.y = 2",
        "class A(object):\n    __slots__ = ['x', 'y']\n    def move(this):\n        this.z: int = 3",
        "class A:\n    __slots__ = 'name'\n    def f(self):\n        self.nmae = 'a'",
    )
    valid = (
        "class A:\n    __slots__ = ('x', 'y')\n    def __init__(self):\n        self.x = 1\n        self.y = 2",
        "class A(B):\n    __slots__ = ('x',)\n    def f(self):\n        self.y = 2",
        "class A:\n    __slots__ = ('x', '__dict__')\n    def f(self):\n        self.y = 2",
        ("class A:\n    __slots__ = ('_x',)\n    @property\n    def x(self):\n        return self._x\n    @x.setter\n    def x(self, v):\n"
         "        self._x = v\n    def f(self):\n        self.x = 1"),
        "class A:\n    __slots__ = NAMES\n    def f(self):\n        self.y = 2",
        "class A:\n    __slots__ = ('x',)\n    def __setattr__(self, k, v): ...\n    def f(self):\n        self.y = 2",
        "class A:\n    __slots__ = ('x',)\n    @classmethod\n    def f(cls):\n        cls.made = 1",
        "class A:\n    __slots__ = ('__x',)\n    def f(self):\n        self.__x = 1",
    )

    def visit_ClassDef(self, node: cst.ClassDef) -> None:
        """Compares what methods set with the slots; bases may bring a dictionary."""
        if any(not is_name(one.value, "object") for one in node.bases) or node.keywords:
            return
        scope = self.context.scope_of(node)
        slots = [_texts(one.value) for one in scope.bindings("__slots__")]
        if len(slots) != 1 or slots[0] is None or "__dict__" in slots[0] or scope.bindings("__setattr__"):
            return
        known = slots[0] | {one.name for one in scope.all_bindings()}
        for method in node.body.body:
            if isinstance(method, cst.FunctionDef) and not method.decorators and method.params.params and _is_plain(method.name.value):
                self._check(method, method.params.params[0].name.value, known)

    def _check(self, method: cst.FunctionDef, owner: str, known: set[str]) -> None:
        for one in descend(method.body):
            targets: list[cst.BaseExpression] = []
            if isinstance(one, cst.Assign):
                targets = [part.target for part in one.targets]
            elif isinstance(one, cst.AnnAssign):
                targets = [one.target]
            for target in targets:
                if isinstance(target, cst.Attribute) and is_name(target.value, owner) and target.attr.value not in known:
                    self.report(target)


def _is_plain(name: str) -> bool:
    """Whether a method's first parameter is the object: these get the class without saying so."""
    return name not in ("__new__", "__init_subclass__", "__class_getitem__")


def _texts(value: cst.BaseExpression | None) -> set[str] | None:
    parts = [one.value for one in value.elements] if isinstance(value, cst.Tuple | cst.List | cst.Set) else [value]
    texts = [string_value(one) for one in parts]
    return None if None in texts else {one for one in texts if one is not None}
