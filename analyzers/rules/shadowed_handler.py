"""Handlers that an earlier one keeps from running."""

import builtins

import libcst as cst

from analyzers.rule import Rule


class ShadowedHandler(Rule):
    """An earlier handler catches this exception already, so this one never runs.

    Handlers are tried from top to bottom, and a class catches all that derive from it.

    Fix: put the narrower handler first.
    """

    severity = "medium"
    cwe = 561
    prior = 0.9
    references = (
        "https://docs.python.org/3/reference/compound_stmts.html#the-try-statement",
        "https://docs.python.org/3/library/exceptions.html#exception-hierarchy",
    )
    triggers = ("except",)
    invalid = (
        "try:\n    f()\nexcept Exception:\n    g()\nexcept ValueError:\n    h()",
        "try:\n    f()\nexcept OSError:\n    g()\nexcept FileNotFoundError:\n    h()",
        "try:\n    f()\nexcept (KeyError, ValueError):\n    g()\nexcept UnicodeDecodeError as e:\n    h(e)",
        "def k():\n    try:\n        f()\n    except LookupError:\n        g()\n    except KeyError:\n        h()",
        "try:\n    f()\nexcept ValueError:\n    g()\nexcept ValueError:\n    h()",
        "try:\n    f()\nexcept BaseException:\n    g()\nexcept KeyboardInterrupt:\n    h()",
    )
    valid = (
        "try:\n    f()\nexcept ValueError:\n    g()\nexcept Exception:\n    h()",
        "try:\n    f()\nexcept Exception:\n    g()\nexcept KeyboardInterrupt:\n    h()",
        "try:\n    f()\nexcept KeyError:\n    g()\nexcept ValueError:\n    h()",
        "try:\n    f()\nexcept OSError:\n    g()\nexcept (FileNotFoundError, ValueError):\n    h()",
        "try:\n    f()\nexcept a.Error:\n    g()\nexcept b.Error:\n    h()",
        "class OSError(Exception): ...\ntry:\n    f()\nexcept OSError:\n    g()\nexcept FileNotFoundError:\n    h()",
    )

    def visit_Try(self, node: cst.Try) -> None:
        """Looks at each handler against those before it; only exceptions of Python's own are known."""
        caught: list[type[BaseException]] = []
        for handler in node.handlers:
            classes = self._classes(handler.type)
            if classes and all(one is not None and issubclass(one, tuple(caught)) for one in classes):
                self.report(handler)
                return
            caught.extend(one for one in classes if one is not None)

    def _classes(self, caught: cst.BaseExpression | None) -> list[type[BaseException] | None]:
        if caught is None:
            return []
        if isinstance(caught, cst.Tuple):
            return [one for element in caught.elements for one in self._classes(element.value)]
        name = self.qualified_name(caught) or ""
        found = getattr(builtins, name.removeprefix("builtins."), None) if name.startswith("builtins.") else None
        return [found if isinstance(found, type) and issubclass(found, BaseException) else None]
