"""Statements that nothing leads to."""

from itertools import pairwise

import libcst as cst

from analyzers.blocks import last_name, statements
from analyzers.rule import Rule

_LEAVERS = frozenset({"sys.exit", "os._exit", "builtins.exit", "builtins.quit", "os.abort"})
_EXITS = frozenset(name.rsplit(".", 1)[-1] for name in _LEAVERS)


class UnreachableCode(Rule):
    """No way leads to this code: what stands before it always leaves the block.

    It looks as if it did something; often the line before it is in the wrong place.

    Fix: delete it, or move what ends the block.
    """

    severity = "low"
    cwe = 561
    prior = 0.8
    references = ("https://docs.python.org/3/reference/simple_stmts.html#the-return-statement",)
    triggers = ("return", "raise", "break", "continue", "exit")
    invalid = (
        "def f():\n    return 1\n    print(2)",
        "def f():\n    raise ValueError\n    x = 1",
        "for x in y:\n    continue\n    print(x)",
        "while True:\n    break\n    print(1)",
        "import sys\ndef f():\n    sys.exit(1)\n    clean()",
        "def f(x):\n    if x:\n        return 1\n    else:\n        return 2\n    print(3)",
        "class A:\n    def f(self):\n        return self\n        if 1:\n            pass",
    )
    valid = (
        "def f(x):\n    if x:\n        return 1\n    print(2)",
        "def f():\n    return\n    yield",
        "def f():\n    raise NotImplementedError\n    yield 1",
        "for x in y:\n    if x:\n        continue\n    print(x)",
        "def f():\n    try:\n        return 1\n    finally:\n        g()",
        "def f():\n    with x:\n        return 1\n    print(2)",
        "def f(x):\n    if x:\n        return 1\n    elif y:\n        return 2\n    print(3)",
        "def f():\n    return 1\n    def g(): ...",
    )

    def visit_IndentedBlock(self, node: cst.IndentedBlock) -> None:
        """Looks at each statement and the next."""
        lines = statements(node)
        for before, after in pairwise(lines):
            if self._ends(before):
                if not _is_marker(lines[lines.index(after):]):
                    self.report(after)
                return

    def _ends(self, node: cst.CSTNode) -> bool:
        match node:
            case cst.Return() | cst.Raise() | cst.Break() | cst.Continue():
                return True
            case cst.Expr(value=cst.Call(func=func)):
                return last_name(func) in _EXITS and self.qualified_name(func) in _LEAVERS
            case cst.If(body=body, orelse=orelse) if orelse is not None:
                below = statements(body)
                return bool(below) and self._ends(below[-1]) and self._ends(orelse)
            case cst.Else(body=body):
                below = statements(body)
                return bool(below) and self._ends(below[-1])
        return False


def _is_marker(rest: list[cst.CSTNode]) -> bool:
    """A yield that makes the function a generator, a definition, or a bare word for tools."""
    return any(isinstance(one, cst.Expr) and isinstance(one.value, cst.Yield) for one in rest) or all(
        isinstance(one, cst.FunctionDef | cst.ClassDef | cst.Pass) for one in rest
    )
