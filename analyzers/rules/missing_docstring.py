"""Public functions and classes that do not say what they are for."""

import libcst as cst

from analyzers.rule import Rule
from analyzers.syntax import dotted

_OVERLOADS = ("overload", "typing.overload", "override", "typing.override")


class MissingDocstring(Rule):
    """A public function or class does not say what it is for.

    Who uses it has to read how it is done; `help()` and generated pages stay empty.

    Fix: one line that says what it does, in what units, and what it raises.
    """

    severity = "info"
    cwe = 1111
    prior = 0.15
    references = ("https://peps.python.org/pep-0257/",)
    extended = True
    invalid = (
        "def area(width, height):\n    return width * height",
        "class Cart:\n    items = ()",
        "class Cart:\n    'What is bought.'\n    def total(self):\n        return 0",
        "async def fetch(url):\n    # fetches it\n    return await get(url)",
        "class Cart:\n    'What is bought.'\n    @classmethod\n    async def load(cls, ident):\n        return cls()",
        "def area(width):\n    width += 1\n    'Too late for a docstring.'\n    return width",
    )
    valid = (
        "def area(width, height):\n    'Width by height, in square metres.'\n    return width * height",
        "def _area(width):\n    return width",
        "class Cart:\n    'What is bought.'\n    def __init__(self):\n        self.n = 0",
        "class _Cart:\n    def total(self):\n        return 0",
        "def outer():\n    'Makes one.'\n    def inner():\n        return 1\n    return inner",
        "def test_area():\n    assert area(1, 2) == 2",
        "from typing import overload\n@overload\ndef f(x: int) -> int: ...",
        "class Cart(Base):\n    'What is bought.'\n    @total.setter\n    def total(self, value):\n        self.n = value",
    )

    def visit_FunctionDef(self, node: cst.FunctionDef) -> None:
        """Looks at functions of the module and of public classes."""
        name = node.name.value
        if name.startswith(("_", "test_")) or not self._is_public():
            return
        words = [dotted(one.decorator) or "" for one in node.decorators]
        if node.get_docstring() is None and not any(word in _OVERLOADS or word.endswith((".setter", ".deleter")) for word in words):
            self.report(node.name, f"`{name}` does not say what it is for.")

    def visit_ClassDef(self, node: cst.ClassDef) -> None:
        """Looks at classes."""
        if not node.name.value.startswith(("_", "Test")) and self._is_public() and node.get_docstring() is None:
            self.report(node.name, f"`{node.name.value}` does not say what it is for.")

    def _is_public(self) -> bool:
        around = self.context.inside((cst.ClassDef, cst.FunctionDef, cst.Lambda))
        return all(isinstance(one, cst.ClassDef) and not one.name.value.startswith(("_", "Test")) for one in around)
