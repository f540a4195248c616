"""Functions with too many ways through them."""

import libcst as cst

from analyzers.rule import Rule
from analyzers.syntax import descend

COMPLEXITY_MAX = 15
_FORKS = frozenset(
    {cst.If, cst.IfExp, cst.For, cst.While, cst.ExceptHandler, cst.ExceptStarHandler, cst.BooleanOperation, cst.CompFor, cst.CompIf,
     cst.MatchCase}
)  # fmt: skip
_MANY = "\n".join(f"    if x == {n}:\n        return {n * n}" for n in range(16))
_FEW = "\n".join(f"    if x == {n}:\n        return {n * n}" for n in range(8))


class ComplexFunction(Rule):
    """The function has more than fifteen ways through it, more than anybody keeps in mind or tests.

    McCabe's number counts what forks: `if`, loops, handlers, `and`, `or`, cases.

    Fix: give parts of it names of their own, or put the choice into a table.
    """

    severity = "info"
    cwe = 1121
    prior = 0.3
    references = ("https://www.literateprogramming.com/mccabe.pdf",)
    triggers = ("def ",)
    invalid = (
        f"def f(x):\n{_MANY}",
        f"class A:\n    @staticmethod\n    def f(x):\n{_MANY.replace('    ', '        ')}",
        f"async def f(x):\n{_MANY}",
        "def f(x):\n    return " + " or ".join(f"x == {n}" for n in range(17)),
        "def f(x):\n    match x:\n" + "\n".join(f"        case {n}:\n            return {n}" for n in range(16)),
        "def f(x):\n    return [" + ", ".join(f"{n} if x else 0" for n in range(16)) + "]",
    )
    valid = (
        f"def f(x):\n{_FEW}",
        f"def f(x):\n    def g(x):\n{_FEW.replace('    ', '        ')}\n    def h(x):\n{_FEW.replace('    ', '        ')}\n    return g, h",
        f"def f(x):\n{_FEW}\ndef g(x):\n{_FEW}",
        "def f(x):\n    return {" + ", ".join(f"{n}: {n * n}" for n in range(40)) + "}[x]",
        "def f(x):\n" + "\n".join(f"    g({n})" for n in range(40)),
        _MANY.replace("    if", "if").replace("        return", "    print").replace("print ", "print(x), "),
    )

    def visit_FunctionDef(self, node: cst.FunctionDef) -> None:
        """Counts what forks; inner functions count for themselves."""
        count = 1 + sum(type(one) in _FORKS for one in descend(node.body))
        if count > COMPLEXITY_MAX:
            self.report(node.name, f"`{node.name.value}` has {count} ways through it; more than {COMPLEXITY_MAX} nobody keeps in mind.")
