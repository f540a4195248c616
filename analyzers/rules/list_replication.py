"""Lists of one and the same list."""

import libcst as cst

from analyzers.rule import Rule

_INNER = (cst.List, cst.Dict, cst.Set, cst.ListComp, cst.DictComp, cst.SetComp)


class ListReplication(Rule):
    """`[[]] * n` holds one list n times: what is put into one row shows up in all of them.

    Multiplying a list copies references, not what they refer to.

    Fix: `[[] for _ in range(n)]`.
    """

    severity = "medium"
    cwe = None
    prior = 0.9
    references = ("https://docs.python.org/3/faq/programming.html#how-do-i-create-a-multidimensional-list",)
    triggers = ("]",)
    invalid = (
        "grid = [[0] * 3] * 3",
        "rows = 5 * [[]]",
        "def f(n):\n    return [{}] * n",
        "class A:\n    table = [[None, None]] * 4",
        "x = [set(), set()] * 2",
        "x = [list(range(3))] * n",
        "x = [[i for i in y]] * 2",
    )
    valid = (
        "grid = [[0] * 3 for _ in range(3)]",
        "row = [0] * 3",
        "x = [()] * 3",
        "x = ['a', None] * n",
        "x = [[1, 2]] + [[3]]",
        "x = [[]] * 1",
        "x = 'ab' * 3\ny = [x]",
    )

    def visit_BinaryOperation(self, node: cst.BinaryOperation) -> None:
        """Looks at lists being multiplied."""
        if not isinstance(node.operator, cst.Multiply):
            return
        for side, times in ((node.left, node.right), (node.right, node.left)):
            once = isinstance(times, cst.Integer) and times.value in ("0", "1")
            if isinstance(side, cst.List) and not once and any(self._mutable(one.value) for one in side.elements):
                self.report(node)
                return

    def _mutable(self, node: cst.BaseExpression) -> bool:
        makers = ("builtins.list", "builtins.dict", "builtins.set")
        if isinstance(node, cst.BinaryOperation) and isinstance(node.operator, cst.Multiply):
            return isinstance(node.left, cst.List) or isinstance(node.right, cst.List)
        return isinstance(node, _INNER) or (isinstance(node, cst.Call) and self.qualified_name(node.func) in makers)
