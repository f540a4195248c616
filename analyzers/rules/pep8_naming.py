"""Names that are not written as PEP 8 writes them."""

import re

import libcst as cst

from analyzers.rule import Rule

_CLASS = re.compile(r"_*[A-Z][A-Za-z0-9]*_?")
_FUNCTION = re.compile(r"_*[a-z][a-z0-9_]*|_+|__[a-z0-9_]+__")
_AMBIGUOUS = frozenset({"l", "O", "I"})


class Pep8Naming(Rule):
    """A name is not written as PEP 8 writes names of its kind.

    Readers tell classes, functions and constants apart by how they are written.

    Fix: `CapWords` for classes, `lower_case` for functions and parameters, `self` and `cls` first in methods.
    """

    severity = "info"
    cwe = None
    prior = 0.2
    references = ("https://peps.python.org/pep-0008/#naming-conventions",)
    extended = True
    invalid = (
        "class shopping_cart: ...",
        "def getName(): ...",
        "class Cart:\n    def add(this, item): ...",
        "class Cart:\n    @classmethod\n    def make(klass): ...",
        "def area(W):\n    return W * W",
        "l = [1, 2]",
        "async def Fetch(url): ...",
        "def f(rows):\n    for O in rows:\n        print(O)",
    )
    valid = (
        "class ShoppingCart: ...",
        "def get_name(): ...",
        "class Cart:\n    def add(self, item): ...",
        "class Visitor(ast.NodeVisitor):\n    def visit_Call(self, node): ...",
        "class T(unittest.TestCase):\n    def setUp(self): ...",
        "class Meta(type):\n    def __call__(cls): ...",
        "class Cart:\n    @staticmethod\n    def make(item): ...",
        "MAX_ITEMS = 3\ndef _(text): ...",
        "class Node:\n    def __get__(self, instance, owner): ...",
    )

    def visit_ClassDef(self, node: cst.ClassDef) -> None:
        """Looks at names of classes."""
        if not _CLASS.fullmatch(node.name.value):
            self.report(node.name, f"The class `{node.name.value}` is not written in CapWords.")

    def visit_FunctionDef(self, node: cst.FunctionDef) -> None:
        """Looks at names of functions, and at the first parameter of methods; what derives may have to follow its base."""
        around = self.scope.node
        derives = isinstance(around, cst.ClassDef) and bool(around.bases)
        if not derives and not _FUNCTION.fullmatch(node.name.value):
            self.report(node.name, f"The function `{node.name.value}` is not written in lower_case.")
        wrong = [one.name for one in node.params.params if not _FUNCTION.fullmatch(one.name.value)]
        if wrong and not derives:
            self.report(wrong[0], f"The parameter `{wrong[0].value}` is not written in lower_case.")
        if isinstance(around, cst.ClassDef) and not derives and node.params.params:
            words = {one.decorator.value for one in node.decorators if isinstance(one.decorator, cst.Name)}
            first = node.params.params[0].name
            expected = "cls" if "classmethod" in words or node.name.value in ("__new__", "__init_subclass__") else "self"
            known = not words or words == {"classmethod"}
            if known and len(words) == len(node.decorators) and first.value.lstrip("_") not in (expected, "self", "cls", ""):
                self.report(first, f"The first parameter of a method is called `{expected}`.")

    def visit_AssignTarget(self, node: cst.AssignTarget) -> None:
        """Looks at names that look like digits."""
        self._ambiguous(node.target)

    def visit_For(self, node: cst.For) -> None:
        """The same in loops."""
        self._ambiguous(node.target)

    def _ambiguous(self, target: cst.BaseExpression) -> None:
        if isinstance(target, cst.Name) and target.value in _AMBIGUOUS:
            self.report(target, f"`{target.value}` looks like a digit or another letter.")
