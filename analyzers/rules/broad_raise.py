"""Errors that cannot be told from others."""

import libcst as cst

from analyzers.rule import Rule


class BroadRaise(Rule):
    """`Exception` itself is raised: who wants to handle this error must catch every other one too.

    The caller cannot tell it from a typo or a full disk.

    Fix: raise `ValueError`, `RuntimeError` or a class of your own.
    """

    severity = "info"
    cwe = 397
    prior = 0.4
    references = ("https://docs.python.org/3/tutorial/errors.html#user-defined-exceptions",)
    triggers = ("raise Exception", "raise BaseException", "raise builtins")
    invalid = (
        "def f(x):\n    if x < 0:\n        raise Exception('negative')",
        "raise BaseException",
        "def f():\n    try:\n        g()\n    except KeyError as e:\n        raise Exception('no') from e",
    )
    valid = (
        "raise ValueError('negative')",
        "class Exception(ValueError): ...\nraise Exception('x')",
        "x = Exception('a')  # raise Exception",
    )

    def visit_Raise(self, node: cst.Raise) -> None:
        """Looks at what is raised."""
        raised = node.exc.func if isinstance(node.exc, cst.Call) else node.exc
        if isinstance(raised, cst.Name | cst.Attribute) and self.qualified_name(raised) in ("builtins.Exception", "builtins.BaseException"):
            self.report(node)
