"""Builtins that a local name has taken."""

import builtins

import libcst as cst

from analyzers.rule import Rule

_CALLABLE = frozenset(name for name in dir(builtins) if name.islower() and callable(getattr(builtins, name)))
_VALUES = (cst.SimpleString, cst.FormattedString, cst.ConcatenatedString, cst.Integer, cst.Float, cst.List, cst.Dict, cst.Set, cst.Tuple,
           cst.ListComp, cst.DictComp, cst.SetComp)  # fmt: skip


class ShadowedBuiltin(Rule):
    """A name of Python's own was given another value in this scope, and is called here: that raises TypeError.

    The assignment hides the builtin in the whole scope, also before it.

    Fix: give the variable another name.
    """

    severity = "high"
    cwe = None
    prior = 0.9
    references = ("https://docs.python.org/3/library/functions.html",)
    invalid = (
        "list = [1]\nx = list((1, 2))",
        "def f(xs):\n    max = 0\n    for x in xs:\n        max = 3\n    return max(xs)",
        "str = 'a'\nprint(str(3))",
        "def f():\n    dict = {}\n    return dict(a=1)",
        "id = 5\ndef g(x):\n    return id(x)",
        "class A:\n    def f(self):\n        sum = 0\n        return sum([1])",
    )
    valid = (
        "list = [1]\nprint(list)",
        "def f(list):\n    return list(1)",
        "from mine import open\nopen('x')",
        "def f():\n    max = 0\n    return max\ndef g(x):\n    return max(x)",
        "def input(): ...\ninput()",
        "type = make()\ntype(1)",
        "class A:\n    id = 5\n    def f(self, x):\n        return id(x)",
        "try:\n    range = xrange\nexcept NameError:\n    pass\nrange(3)",
    )

    def visit_Call(self, node: cst.Call) -> None:
        """Looks at calls of builtin names that have another owner."""
        if not isinstance(node.func, cst.Name) or node.func.value not in _CALLABLE:
            return
        owner = self.scope.owner(node.func.value)
        if owner is None:
            return
        found = self.scope.reaching(node.func.value, node.func)
        if found and all(one.kind == "assign" and isinstance(one.value, _VALUES) for one in found):
            self.report(node)
