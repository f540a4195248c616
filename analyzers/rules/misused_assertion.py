"""Assertions of unittest that check something else."""

import libcst as cst

from analyzers.rule import Rule
from analyzers.syntax import is_name, string_value

_TRUTH = ("assertTrue", "assertFalse", "assert_")


class MisusedAssertion(Rule):
    """`assertTrue(a, b)` only looks whether `a` is true: the second argument is a message, not what is expected.

    The test passes for every value that is not empty.

    Fix: `assertEqual(a, b)`.
    """

    severity = "medium"
    cwe = 571
    prior = 0.85
    references = ("https://docs.python.org/3/library/unittest.html#unittest.TestCase.assertTrue",)
    triggers = ("assertTrue", "assertFalse", "assert_")
    methods = _TRUTH
    invalid = (
        "class T(TestCase):\n    def test(self):\n        self.assertTrue(f(), 3)",
        "class T(TestCase):\n    def test(self):\n        self.assertFalse(x, None)",
        "class T(TestCase):\n    def test(self):\n        self.assertTrue(len(a), len(b))",
        "class T(TestCase):\n    def test(self):\n        self.assertTrue(x, [])",
        "class T(TestCase):\n    def test(self):\n        self.assertTrue(a, True)",
        "class T(TestCase):\n    async def test(self):\n        self.assertTrue(await f(), {'a': 1})",
    )
    valid = (
        "class T(TestCase):\n    def test(self):\n        self.assertTrue(f(), 'must be')",
        "class T(TestCase):\n    def test(self):\n        self.assertTrue(f())",
        "class T(TestCase):\n    def test(self):\n        self.assertEqual(f(), 3)  # not assertTrue",
        "class T(TestCase):\n    def test(self):\n        self.assertTrue(f(), msg=m)",
        "class T(TestCase):\n    def test(self):\n        self.assertTrue(f(), message)",
        "class T(TestCase):\n    def test(self):\n        self.assertTrue(f(), f'bad {x}')",
        "class T(TestCase):\n    def test(self):\n        self.assertTrue(f(), 'a' + b)",
    )

    def visit_Call(self, node: cst.Call) -> None:
        """Looks at a second argument that is no message."""
        if len(node.args) != 2 or node.args[1].keyword is not None or not isinstance(node.func, cst.Attribute):
            return
        if not is_name(node.func.value, "self", "cls") or string_value(node.args[1].value) is not None:
            return
        second = node.args[1].value
        plain = isinstance(second, cst.Integer | cst.Float | cst.List | cst.Dict | cst.Tuple | cst.Set)
        counted = isinstance(second, cst.Call) and self.qualified_name(second.func) in ("builtins.len", "builtins.list", "builtins.sum")
        if plain or counted or is_name(second, "None", "True", "False"):
            self.report(node)
