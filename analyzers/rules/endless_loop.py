"""Loops whose condition nothing changes."""

import libcst as cst

from analyzers.rule import Rule
from analyzers.scope import Scope
from analyzers.syntax import bound_names, descend

_LEAVES = (cst.Break, cst.Return, cst.Raise, cst.Yield, cst.Await)


class EndlessLoop(Rule):
    """Nothing in the loop changes what its condition asks, and nothing leaves it: it never ends.

    Mostly the step at the end was forgotten, or it counts another name.

    Fix: change the counter in the loop, or use `for`.
    """

    severity = "medium"
    cwe = 835
    prior = 0.85
    references = ("https://docs.python.org/3/reference/compound_stmts.html#the-while-statement",)
    triggers = ("while",)
    invalid = (
        "def f(n):\n    while n > 0:\n        print(n)",
        "def f():\n    i = 0\n    j = 0\n    while i < 10:\n        j += 1\n    return j",
    )
    valid = (
        "def f(n):\n    while n > 0:\n        n -= 1",
        "def f(n):\n    while n > 0:\n        if g():\n            break",
        "def f(xs):\n    while xs:\n        xs.pop()",
        "def f(n):\n    def down():\n        nonlocal n\n        n -= 1\n    while n > 0:\n        down()",
        "n = 1\ndef f():\n    while n > 0:\n        wait()",
        "while True:\n    serve()",
        "def f(n, x):\n    while n > 0:\n        n, x = x, n",
        "def f(n):\n    while n > 0:\n        sys.exit()",
    )

    def visit_While(self, node: cst.While) -> None:
        """Looks at conditions that compare plain numbers of this function."""
        test = node.test
        if not isinstance(test, cst.Comparison) or not self.scope.is_function:
            return
        sides = [test.left, *(one.comparator for one in test.comparisons)]
        names = {one.value for one in sides if isinstance(one, cst.Name)}
        counts = all(isinstance(one.operator, cst.LessThan | cst.GreaterThan | cst.LessThanEqual | cst.GreaterThanEqual)
                     for one in test.comparisons)  # fmt: skip
        if not names or not counts or not all(isinstance(one, cst.Name | cst.Integer | cst.Float) for one in sides):
            return
        if all(self.scope.owner(name) is self.scope for name in names) and not self._changes(node.body, names):
            self.report(test)

    def _changes(self, body: cst.BaseSuite, names: set[str]) -> bool:
        for one in descend(body):
            if isinstance(one, _LEAVES) or (isinstance(one, cst.Call) and _ends(one)):
                return True
            targets: list[cst.CSTNode] = []
            match one:
                case cst.Assign():
                    targets = [target.target for target in one.targets]
                case cst.AugAssign() | cst.AnnAssign() | cst.NamedExpr() | cst.For():
                    targets = [one.target]
                case cst.WithItem(asname=cst.AsName(name=name)):
                    targets = [name]
                case cst.Del():
                    return True
            if any(bound.value in names for target in targets for bound in bound_names(target)):
                return True
        return _given_away(self.scope, names)


def _ends(call: cst.Call) -> bool:
    last = call.func.attr if isinstance(call.func, cst.Attribute) else call.func
    return isinstance(last, cst.Name) and last.value in ("exit", "_exit", "abort", "quit", "exec", "fail", "throw")


def _given_away(scope: Scope, names: set[str]) -> bool:
    """Whether an inner function may set one of the names."""
    inner = [one for one in descend(scope.node, into_scopes=True) if isinstance(one, cst.Nonlocal)]
    return any(item.name.value in names for one in inner for item in one.names)
