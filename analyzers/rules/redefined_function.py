"""Functions that nobody can call."""

import libcst as cst

from analyzers.context import Context
from analyzers.rule import Rule


class RedefinedFunction(Rule):
    """A function of the same name stands above in the same block; only this one can be called.

    Mostly two people added the same helper, or a copy was not renamed; the first body is dead.

    Fix: rename one of them, or delete the one that is not meant.
    """

    severity = "medium"
    cwe = 561
    prior = 0.8
    references = ("https://docs.python.org/3/reference/compound_stmts.html#function-definitions",)
    invalid = (
        "def parse(t):\n    return int(t)\ndef parse(t):\n    return float(t)",
        "def outer():\n    def step(): ...\n    def step():\n        return 1\n    return step",
    )
    valid = (
        "def parse(t):\n    return int(t)\ndef parse_float(t):\n    return float(t)",
        "def f(): ...\nx = f()\ndef f(): ...",
        "@overload\ndef f(x: int): ...\n@overload\ndef f(x: str): ...\ndef f(x): ...",
        "if A:\n    def f(): ...\nelse:\n    def f(): ...",
        "def _(x): ...\ndef _(y): ...",
        "try:\n    def f(): ...\nexcept E:\n    def f(): ...",
        "def f(): ...\ndef g():\n    return f\ng()\ndef f(): ...",
    )

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._seen: dict[tuple[int, str], int] = {}

    def visit_FunctionDef(self, node: cst.FunctionDef) -> None:
        """Looks for a plain function of the same block and name above, with no word of it in between."""
        block = self.context.parents[-1] if self.context.parents else None
        if node.decorators or isinstance(self.scope.node, cst.ClassDef) or node.name.value.startswith("_"):
            return
        key = id(block), node.name.value
        if key not in self._seen:
            self._seen[key] = 1
            return
        body = getattr(block, "body", ())
        defined = [one for one in body if isinstance(one, cst.FunctionDef) and one.name.value == node.name.value]
        above = defined[defined.index(node) - 1] if node in defined and defined.index(node) else None
        if above is None or above.decorators:
            return
        between = body[body.index(above) + 1 : body.index(node)]
        if not any(node.name.value in self.context.module.code_for_node(one) for one in between):
            self.report(node.name, about=[node])
