"""Keys that change."""

import libcst as cst

from analyzers.rule import Rule

_MUTABLE = (cst.List, cst.Dict, cst.Set, cst.ListComp, cst.DictComp, cst.SetComp)


class UnhashableKey(Rule):
    """A list, dictionary or set is used as a key or put into a set: that raises TypeError.

    What can change has no hash.

    Fix: use a tuple or a `frozenset`.
    """

    severity = "high"
    cwe = None
    prior = 0.95
    references = ("https://docs.python.org/3/glossary.html#term-hashable",)
    invalid = ("x = {[1, 2]: 'pair'}", "x = {[1], 2}", "def f(d):\n    return {{'a': 1}: d}")
    valid = ("x = {(1, 2): 'pair'}", "x = {'a': [1]}", "x = [[1], [2]]", "x = {*[1, 2]}", "x = {**{'a': 1}}")

    def visit_Dict(self, node: cst.Dict) -> None:
        """Looks at keys."""
        for one in node.elements:
            if type(one) is cst.DictElement and isinstance(one.key, _MUTABLE):
                self.report(one.key)

    def visit_Set(self, node: cst.Set) -> None:
        """Looks at members."""
        for one in node.elements:
            if type(one) is cst.Element and isinstance(one.value, _MUTABLE):
                self.report(one.value)
