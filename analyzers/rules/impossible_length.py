"""Lengths compared with what they always or never are."""

import libcst as cst

from analyzers.literal import number_of
from analyzers.rule import Rule


class ImpossibleLength(Rule):
    """A length is never below zero, so this comparison always has the same answer.

    Mostly `> 0` or `== 0` was meant; the branch for the empty case never runs.

    Fix: `if not items:` or `len(items) == 0`.
    """

    severity = "medium"
    cwe = 570
    prior = 0.9
    references = ("https://docs.python.org/3/library/functions.html#len",)
    triggers = ("len(",)
    invalid = ("def f(x):\n    return len(x) < 0", "if len(x) >= 0:\n    f()", "ok = 0 > len(x)", "while len(queue) == -1:\n    pass")
    valid = ("def f(x):\n    return len(x) == 0", "if len(x) > 0:\n    f()", "def len(x): ...\ny = len(x) < 0", "x = len(y) <= 0")

    def visit_Comparison(self, node: cst.Comparison) -> None:
        """Looks at a length on either side."""
        if len(node.comparisons) != 1:
            return
        operator, left, right = node.comparisons[0].operator, node.left, node.comparisons[0].comparator
        if self._is_length(right):
            operator = _TURNED.get(type(operator), cst.In)()
            left, right = right, left
        bound = number_of(right, self.scope) if self._is_length(left) else None
        if bound is None:
            return
        below_zero = bound < 0 and isinstance(operator, cst.Equal | cst.NotEqual | cst.LessThan | cst.LessThanEqual | cst.GreaterThan)
        if below_zero or (bound == 0 and isinstance(operator, cst.LessThan | cst.GreaterThanEqual)):
            self.report(node)

    def _is_length(self, node: cst.BaseExpression) -> bool:
        return isinstance(node, cst.Call) and self.qualified_name(node.func) == "builtins.len"


_TURNED: dict[type, type[cst.BaseCompOp]] = {
    cst.LessThan: cst.GreaterThan, cst.GreaterThan: cst.LessThan, cst.LessThanEqual: cst.GreaterThanEqual,
    cst.GreaterThanEqual: cst.LessThanEqual, cst.Equal: cst.Equal, cst.NotEqual: cst.NotEqual,
}  # fmt: skip
