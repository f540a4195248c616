"""Inner loops that take the outer one's variable."""

import libcst as cst

from analyzers.rule import Rule
from analyzers.syntax import bound_names


class LoopVariableReused(Rule):
    """The inner loop uses the variable of the outer one: what follows in this round sees the inner loop's last value.

    It shows only once something stands behind the inner loop.

    Fix: give the inner variable another name.
    """

    severity = "low"
    cwe = 1109
    prior = 0.7
    references = ("https://docs.python.org/3/reference/compound_stmts.html#the-for-statement",)
    triggers = ("for",)
    invalid = (
        "for i in rows:\n    for i in range(3):\n        print(i)",
        "def f(rows):\n    for n, row in rows:\n        for n in row:\n            use(n)",
    )
    valid = (
        "for i in rows:\n    for j in range(3):\n        print(i, j)",
        "for _ in rows:\n    for _ in range(3):\n        step()",
        "for i in rows:\n    def f():\n        for i in range(3):\n            print(i)",
        "for i in a:\n    pass\nfor i in b:\n    pass",
        "for line in file:\n    if start(line):\n        for line in file:\n            use(line)",
    )

    def visit_For(self, node: cst.For) -> None:
        """Looks at the loops around; going on in the same file or iterator is meant."""
        own = {one.value for one in bound_names(node.target)} - {"_", "__", "dummy", "unused"}
        for around in reversed(self.context.parents):
            if isinstance(around, cst.FunctionDef | cst.ClassDef | cst.Lambda):
                return
            if isinstance(around, cst.For) and own & {one.value for one in bound_names(around.target)}:
                if not around.iter.deep_equals(node.iter):
                    self.report(node.target, about=[node])
                return
