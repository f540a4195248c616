"""Exceptions caught only to be raised again."""

import libcst as cst

from analyzers.blocks import statements
from analyzers.rule import Rule


class UselessRethrow(Rule):
    """The exception is caught only to be raised again, which does nothing but hide where it came from.

    `raise error` adds a line to the traceback; without the handler it would travel the same way.

    Fix: take the handler away, or do something in it.
    """

    severity = "low"
    cwe = 390
    prior = 0.75
    references = ("https://docs.python.org/3/tutorial/errors.html#raising-exceptions",)
    triggers = ("except",)
    invalid = (
        "try:\n    f()\nexcept ValueError:\n    raise",
        "try:\n    f()\nexcept Exception as error:\n    raise error",
        "def g():\n    try:\n        f()\n    except (OSError, ValueError):\n        raise\n    finally:\n        h()",
        "class A:\n    def g(self):\n        try:\n            f()\n        except KeyError as e:\n            raise e",
        "try:\n    f()\nexcept:\n    raise",
        "for x in y:\n    try:\n        f(x)\n    except TypeError as e:\n        raise e from None",
    )
    valid = (
        "try:\n    f()\nexcept ValueError:\n    log()\n    raise",
        "try:\n    f()\nexcept ValueError as e:\n    raise OSError from e",
        "try:\n    f()\nexcept KeyboardInterrupt:\n    raise\nexcept Exception:\n    log()",
        "try:\n    f()\nexcept ValueError:\n    pass",
        "try:\n    f()\nexcept:\n    raise\nelse:\n    g()",
        "try:\n    f()\nexcept ValueError as e:\n    raise e.inner",
        "try:\n    f()\nexcept ValueError as e:\n    raise type(e)('x')",
        "try:\n    f()\nexcept ValueError as e:\n    raise e from cause()",
    )

    def visit_Try(self, node: cst.Try) -> None:
        """Looks at the last handler: an earlier one keeps exceptions from those after it."""
        last = node.handlers[-1] if node.handlers else None
        if last is not None and node.orelse is None and _only_raises(last):
            self.report(last)


def _only_raises(handler: cst.ExceptHandler) -> bool:
    body = statements(handler.body)
    if len(body) != 1 or not isinstance(body[0], cst.Raise):
        return False
    raised = body[0]
    name = handler.name.name.value if handler.name is not None and isinstance(handler.name.name, cst.Name) else None
    plain = raised.exc is None or (isinstance(raised.exc, cst.Name) and raised.exc.value == name)
    cause = raised.cause.item if raised.cause is not None else None
    return plain and (cause is None or (isinstance(cause, cst.Name) and cause.value == "None"))
