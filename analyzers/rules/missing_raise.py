"""Exceptions that are made and not raised."""

import builtins

import libcst as cst

from analyzers.rule import Rule

_EXCEPTIONS = frozenset(
    f"builtins.{name}" for name, value in vars(builtins).items() if isinstance(value, type) and issubclass(value, BaseException)
)


class MissingRaise(Rule):
    """An exception is made and thrown away: the `raise` is missing, and the program goes on.

    What should stop here does not.

    Fix: put `raise` before it.
    """

    severity = "high"
    cwe = 390
    prior = 0.95
    references = ("https://docs.python.org/3/reference/simple_stmts.html#the-raise-statement",)
    triggers = ("Error", "Exception", "Exit", "Interrupt", "StopIteration", "Warning")
    invalid = (
        "def f(x):\n    if x:\n        ValueError('bad')",
        "RuntimeError('x')",
        "class A:\n    def f(self):\n        NotImplementedError()",
        "try:\n    f()\nexcept KeyError:\n    Exception('x')",
        "def f():\n    for x in y:\n        TypeError(x)",
        "async def f():\n    SystemExit(1)",
    )
    valid = (
        "def f(x):\n    raise ValueError('bad')",
        "e = ValueError('bad')",
        "class ValueError: ...\nValueError()",
        "def f():\n    return KeyError('x')",
        "errors.append(ValueError('x'))",
        "import warnings\nwarnings.warn('x', DeprecationWarning)",
    )

    def visit_Expr(self, node: cst.Expr) -> None:
        """Looks at values thrown away."""
        match node.value:
            case cst.Call(func=cst.Name() as called) if self.qualified_name(called) in _EXCEPTIONS:
                self.report(node, replacement=(node, cst.Raise(exc=node.value)))
