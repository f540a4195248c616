"""Assertions that cannot fail."""

import libcst as cst

from analyzers.rule import Rule


class AssertOnTuple(Rule):
    """The assertion is about a tuple, which is always true: it checks nothing.

    `assert (condition, "message")` asserts the pair, not the condition.

    Fix: take the parentheses away: `assert condition, "message"`.
    """

    severity = "medium"
    cwe = 571
    prior = 0.95
    references = ("https://docs.python.org/3/reference/simple_stmts.html#the-assert-statement",)
    invalid = (
        'def f(x):\n    assert (x > 0, "must be positive")',
        "def f(x):\n    assert (x,)",
        "class Order:\n    def check(self):\n        assert (self.total >= 0,\n                f'{self} owes {self.total}')",
        "async def f(queue):\n    assert (await queue.get() is not None, 'nothing came')",
        "assert ((n := len(rows)) > 0, 'empty')",
        "def f(x):\n    assert x.a, x.b\n    assert (x.a, x.b), 'neither'",
    )
    valid = (
        'def f(x):\n    assert x > 0, "must be positive"',
        "def f(x):\n    assert (x > 0)",
        'def f(x):\n    assert (x\n            > 0), ("a", "b")',
        "def f(x):\n    assert not ()",
        "def f(pair):\n    assert pair == (1, 2), 'another pair'",
        "def f(x):\n    assert all((x.a, x.b)), f'{x}'",
    )

    def visit_Assert(self, node: cst.Assert) -> None:
        """Looks at what is asserted."""
        if isinstance(node.test, cst.Tuple) and node.test.elements:
            self.report(node)
