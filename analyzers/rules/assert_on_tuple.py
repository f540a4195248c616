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
    invalid = ('def f(x):\n    assert (x > 0, "must be positive")', "def f(x):\n    assert (x,)")
    valid = (
        'def f(x):\n    assert x > 0, "must be positive"',
        "def f(x):\n    assert (x > 0)",
        'def f(x):\n    assert (x\n            > 0), ("a", "b")',
        "def f(x):\n    assert not ()",
    )

    def visit_Assert(self, node: cst.Assert) -> None:
        """Looks at what is asserted."""
        if isinstance(node.test, cst.Tuple) and node.test.elements:
            self.report(node)
