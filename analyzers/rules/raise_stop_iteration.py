"""Generators that end with an error."""

import libcst as cst

from analyzers.rule import Rule
from analyzers.syntax import descend


class RaiseStopIteration(Rule):
    """A generator raises StopIteration to end, which Python turns into RuntimeError.

    Since Python 3.7 only `return` ends a generator.

    Fix: `return`.
    """

    severity = "high"
    cwe = None
    prior = 0.95
    references = ("https://peps.python.org/pep-0479/",)
    triggers = ("StopIteration",)
    invalid = (
        "def f(xs):\n    for x in xs:\n        if x is None:\n            raise StopIteration\n        yield x",
        "class A:\n    def g(self):\n        yield 1\n        raise StopIteration()",
    )
    valid = (
        "class A:\n    def __next__(self):\n        raise StopIteration",
        "def f(xs):\n    for x in xs:\n        if x is None:\n            return\n        yield x",
        "def f(xs):\n    yield 1\n    try:\n        raise StopIteration\n    except StopIteration:\n        pass",
    )

    def visit_Raise(self, node: cst.Raise) -> None:
        """Looks whether the function around yields."""
        raised = node.exc.func if isinstance(node.exc, cst.Call) else node.exc
        if not isinstance(raised, cst.Name) or raised.value != "StopIteration" or self.context.inside(cst.Try):
            return
        function = self.scope.node
        if not isinstance(function, cst.FunctionDef) or function.asynchronous:
            return
        if any(isinstance(one, cst.Yield) for one in descend(function.body)):
            self.report(node)
