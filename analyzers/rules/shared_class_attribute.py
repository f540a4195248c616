"""Lists and dictionaries shared by every object of a class."""

import libcst as cst

from analyzers.blocks import statements
from analyzers.rule import Rule
from analyzers.syntax import descend

_MUTATORS = frozenset({"append", "extend", "insert", "add", "update", "setdefault", "pop", "remove", "clear", "discard", "popitem"})
_MUTABLE = (cst.List, cst.Dict, cst.Set, cst.ListComp, cst.DictComp, cst.SetComp)
_MAKERS = ("list", "dict", "set", "defaultdict", "deque")


class SharedClassAttribute(Rule):
    """The attribute belongs to the class, so what one object puts into it shows up in all the others.

    Only an assignment through `self` makes a value of the object's own; `append` and the like change the shared one.

    Fix: make it in `__init__`: `self.items = []`.
    """

    severity = "medium"
    confidence = "medium"
    cwe = None
    prior = 0.7
    references = ("https://docs.python.org/3/tutorial/classes.html#class-and-instance-variables",)
    triggers = ("class ",)
    invalid = (
        "class A:\n    items = []\n    def add(self, x):\n        self.items.append(x)",
        "class A:\n    seen = set()\n    def f(self, x):\n        self.seen.add(x)",
        "class A:\n    table = {}\n    def f(self, k, v):\n        self.table[k] = v",
        "class A:\n    items: list[int] = []\n    def f(self, x):\n        for y in x:\n            self.items.extend(y)",
        "from collections import defaultdict\nclass A:\n    n = defaultdict(int)\n    def f(self, k):\n        self.n[k] += 1",
        "class A:\n    stack = list()\n    async def f(self):\n        return self.stack.pop()",
    )
    valid = (
        "class A:\n    items = []\n    def __init__(self):\n        self.items = []\n    def add(self, x):\n        self.items.append(x)",
        "class A:\n    NAMES = ['a', 'b']\n    def f(self):\n        return self.NAMES",
        "class A:\n    registry = {}\n    @classmethod\n    def f(cls, k, v):\n        cls.registry[k] = v",
        "class A:\n    items = ()\n    def f(self, x):\n        self.items += (x,)",
        "class A:\n    items = []\n    def f(self, x):\n        self.other.items.append(x)",
        "class A:\n    _cache = {}\n    def f(self, k):\n        self._cache[k] = 1",
        ("from dataclasses import dataclass, field\n@dataclass\nclass A:\n    items: list = field(default_factory=list)\n"
         "    def f(self, x):\n        self.items.append(x)"),
        "class A:\n    REGISTRY = {}\n    def f(self, k):\n        self.REGISTRY[k] = self",
    )

    def visit_ClassDef(self, node: cst.ClassDef) -> None:
        """Looks at each mutable attribute and what methods do to it."""
        shared = _shared(node)
        if not shared:
            return
        changed: set[str] = set()
        for one in descend(node.body, into_scopes=True):
            name, own = _touched(one)
            if own:
                shared.pop(name, None)
            elif name:
                changed.add(name)
        for name, place in shared.items():
            if name in changed:
                self.report(place)


def _shared(node: cst.ClassDef) -> dict[str, cst.CSTNode]:
    found: dict[str, cst.CSTNode] = {}
    for one in statements(node.body):
        target = one.targets[0].target if isinstance(one, cst.Assign) else one.target if isinstance(one, cst.AnnAssign) else None
        value = one.value if isinstance(one, cst.Assign | cst.AnnAssign) else None
        made = isinstance(value, cst.Call) and isinstance(value.func, cst.Name) and value.func.value in _MAKERS
        # A leading underscore or capitals say that sharing is meant: a cache, a registry.
        if isinstance(target, cst.Name) and (isinstance(value, _MUTABLE) or made) and target.value[:1].islower():
            found[target.value] = one
    return found


def _touched(node: cst.CSTNode) -> tuple[str, bool]:
    """(attribute of self, whether it is given to the object alone)."""
    match node:
        case cst.AssignTarget(target=cst.Attribute(value=cst.Name(value="self"), attr=cst.Name(value=str(name)))):
            return name, True
        case cst.AnnAssign(target=cst.Attribute(value=cst.Name(value="self"), attr=cst.Name(value=str(name)))):
            return name, True
        case cst.AssignTarget(target=cst.Subscript(value=cst.Attribute(value=cst.Name(value="self"), attr=cst.Name(value=str(name))))):
            return name, False
        case cst.AugAssign(target=cst.Subscript(value=cst.Attribute(value=cst.Name(value="self"), attr=cst.Name(value=str(name))))):
            return name, False
        case cst.Call(func=cst.Attribute(attr=cst.Name(value=str(method)), value=cst.Attribute(value=cst.Name(value="self"), attr=attr))):
            return (attr.value, False) if method in _MUTATORS else ("", False)
    return "", False
