"""Handlers that catch half of what they name."""

import libcst as cst

from analyzers.rule import Rule


class HandlerAlternative(Rule):
    """`except A or B` catches only A: `or` gives the first of both, and a class is always true.

    With `and` it is only the last one. The other error passes as if nobody had thought of it.

    Fix: `except (A, B):`.
    """

    severity = "high"
    cwe = 670
    prior = 0.95
    references = ("https://docs.python.org/3/tutorial/errors.html#handling-exceptions",)
    triggers = ("except",)
    invalid = (
        "try:\n    f()\nexcept ValueError or TypeError:\n    pass",
        "def g():\n    try:\n        f()\n    except (KeyError and IndexError) as e:\n        print(e)",
    )
    valid = ("try:\n    f()\nexcept (ValueError, TypeError):\n    pass", "try:\n    f()\nexcept ERRORS:\n    pass", "x = a or b  # except")

    def visit_ExceptHandler(self, node: cst.ExceptHandler) -> None:
        """Looks at what is caught, and mends it."""
        if isinstance(node.type, cst.BooleanOperation):
            parts = [cst.Element(one.with_changes(lpar=[], rpar=[])) for one in _parts(node.type)]
            self.report(node.type, replacement=(node.type, cst.Tuple(parts)))


def _parts(node: cst.BaseExpression) -> list[cst.BaseExpression]:
    if isinstance(node, cst.BooleanOperation):
        return [*_parts(node.left), *_parts(node.right)]
    return [node]
