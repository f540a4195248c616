"""Public functions without types."""

import libcst as cst

from analyzers.rule import Rule
from analyzers.scope import parameters
from analyzers.syntax import is_name


class MissingAnnotation(Rule):
    """A public function does not say which types it takes and gives.

    Type checkers look at nothing that it does, and editors offer nothing.

    Fix: `def area(width: float, height: float) -> float:`.
    """

    severity = "info"
    cwe = None
    prior = 0.15
    references = ("https://peps.python.org/pep-0484/", "https://docs.python.org/3/library/typing.html")
    extended = True
    invalid = (
        "def area(width, height):\n    return width * height",
        "def area(width: float, height) -> float:\n    return width * height",
        "def area(width: float):\n    return width",
        "class Cart:\n    def add(self, item):\n        self.items.append(item)",
        "async def fetch(url: str):\n    return await get(url)",
        "def gather(*names, **options: str) -> None: ...",
    )
    valid = (
        "def area(width: float, height: float) -> float:\n    return width * height",
        "def _area(width):\n    return width",
        "class Cart:\n    def add(self, item: str) -> None:\n        self.items.append(item)",
        "def test_area(server):\n    assert server",
        "class _Cart:\n    def add(self, item):\n        self.items.append(item)",
        "def outer() -> object:\n    def inner(x):\n        return x\n    return inner",
        "class Cart:\n    def __eq__(self, other):\n        return self is other",
    )

    def visit_FunctionDef(self, node: cst.FunctionDef) -> None:
        """Looks at parameters and result; special methods have types that everybody knows."""
        around = self.context.inside((cst.ClassDef, cst.FunctionDef, cst.Lambda))
        hidden = any(not isinstance(one, cst.ClassDef) or one.name.value.startswith(("_", "Test")) for one in around)
        if hidden or node.name.value.startswith(("_", "test_")):
            return
        bare = [one for one in parameters(node.params) if one.annotation is None and not is_name(one.name, "self", "cls")]
        if bare or node.returns is None:
            name = node.name.value
            self.report(node.name, f"`{bare[0].name.value}` of `{name}` has no type." if bare else f"`{name}` does not say what it gives.")
