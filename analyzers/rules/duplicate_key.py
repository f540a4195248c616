"""Dictionaries that name a key twice."""

import libcst as cst

from analyzers.rule import Rule
from analyzers.syntax import dotted


class DuplicateKey(Rule):
    """The dictionary names a key twice; the first value is lost without a word.

    Often one of the two should have another name.

    Fix: delete one of them, or correct its key.
    """

    severity = "medium"
    cwe = 561
    prior = 0.9
    references = ("https://docs.python.org/3/reference/expressions.html#dictionary-displays",)
    triggers = ("{",)
    invalid = (
        "d = {'a': 1, 'a': 2}",
        "d = {1: 'x', 2: 'y', 1: 'z'}",
        "def f():\n    return {'a': 1, 'b': 2, \"a\": 3}",
        "s = {1, 2, 1}",
        "class A:\n    MAP = {X.a: 1, X.a: 2}",
        "d = {(1, 2): 1, (1, 2): 2}",
    )
    valid = (
        "d = {'a': 1, 'b': 2}",
        "d = {'a': 1, b'a': 2}",
        "d = {f(): 1, f(): 2}",
        "d = {**a, **a}",
        "d = {'a': {'b': 1}, 'b': {'b': 1}}",
        "d = {'1': 1, 1: 1}",
        "d = {'a': 1, 'a': 1}",
    )

    def visit_Dict(self, node: cst.Dict) -> None:
        """Looks at keys whose text alone decides their value; the same value twice does no harm."""
        seen: dict[str, cst.BaseExpression] = {}
        for one in node.elements:
            if not isinstance(one, cst.DictElement):
                continue
            key = self._written(one.key)
            if key is None:
                continue
            if key in seen and not seen[key].deep_equals(one.value):
                self.report(one.key)
                return
            seen[key] = one.value

    def visit_Set(self, node: cst.Set) -> None:
        """Looks at items that are there already."""
        seen: set[str] = set()
        for one in node.elements:
            key = self._written(one.value)
            if key is not None and key in seen:
                self.report(one.value)
                return
            seen.add(key or "")

    def _written(self, node: cst.BaseExpression) -> str | None:
        if isinstance(node, cst.SimpleString):
            return repr(node.evaluated_value)
        if isinstance(node, cst.Integer):
            return repr(node.evaluated_value)
        if isinstance(node, cst.Tuple) and node.elements:
            parts = [self._written(one.value) for one in node.elements]
            return None if None in parts else repr(parts)
        return f"name {dotted(node)}" if isinstance(node, cst.Attribute) and dotted(node) else None
