"""Things raised that are no exceptions."""

import libcst as cst

from analyzers.rule import Rule

_LITERALS = (cst.SimpleString, cst.FormattedString, cst.ConcatenatedString, cst.Integer, cst.List, cst.Dict, cst.Tuple)


class RaiseNotException(Rule):
    """What is raised is no exception, so Python raises TypeError instead of it.

    `NotImplemented` is a value that operators return; the exception is `NotImplementedError`.

    Fix: raise an exception class: `raise NotImplementedError`, `raise ValueError("...")`.
    """

    severity = "medium"
    cwe = None
    prior = 0.95
    references = ("https://docs.python.org/3/library/constants.html#NotImplemented",)
    triggers = ("raise",)
    invalid = (
        "def f():\n    raise NotImplemented",
        "def f():\n    raise NotImplemented('later')",
        "raise 'wrong'",
        "def f(x):\n    raise f'wrong {x}'",
        "class A:\n    def f(self):\n        raise ('a', 'b')",
        "def f():\n    try:\n        g()\n    except OSError as e:\n        raise 'x' from e",
    )
    valid = (
        "def f():\n    raise NotImplementedError",
        "def f(self, other):\n    return NotImplemented",
        "raise ValueError('wrong')",
        "def f(error):\n    raise error",
        "NotImplemented = ValueError\ndef f():\n    raise NotImplemented",
        "def f(errors):\n    raise errors[0]",
        "try:\n    f()\nexcept OSError:\n    raise",
    )

    def visit_Raise(self, node: cst.Raise) -> None:
        """Looks at what is raised, and mends the wrong name."""
        if isinstance(node.exc, _LITERALS):
            self.report(node)
            return
        named = node.exc.func if isinstance(node.exc, cst.Call) else node.exc
        if named is not None and self.qualified_name(named) == "builtins.NotImplemented":
            self.report(node, replacement=(named, cst.Name("NotImplementedError")))
