"""Errors of any kind that vanish."""

import libcst as cst

from analyzers.rule import Rule
from analyzers.syntax import descend

_EVERYTHING = "Every error is caught here, Ctrl-C and the end of the program too, and none is told or raised again."
_BROAD = frozenset({"builtins.Exception", "builtins.BaseException"})


class SwallowedException(Rule):
    """Every error is caught and nothing is done, so faults stay unseen.

    A broad handler also catches what nobody thought of: a typo, a full disk, a wrong password; a bare one even Ctrl-C.

    Fix: catch the exceptions you expect, as narrow as you can; log or handle them, or let them pass.
    """

    severity = "low"
    cwe = 390
    prior = 0.5
    references = ("https://peps.python.org/pep-0008/#programming-recommendations",)
    invalid = (
        "try:\n    work()\nexcept:\n    pass",
        "try:\n    work()\nexcept Exception:\n    pass",
        "for x in y:\n    try:\n        work()\n    except BaseException:\n        continue",
        "try:\n    work()\nexcept (ValueError, Exception) as error:\n    ...",
        "def f():\n    try:\n        work()\n    except Exception:\n        return None",
        "import builtins\nasync def f():\n    try:\n        await work()\n    except builtins.Exception:\n        pass",
        "def f(p):\n    try:\n        return read(p)\n    except:\n        return {}",
        "def f():\n    try:\n        work()\n    except BaseException:\n        print('stopped')",
        "class A:\n    def __del__(self):\n        try: self.close()\n        except: pass",
    )
    valid = (
        "try:\n    work()\nexcept ValueError:\n    pass",
        "try:\n    work()\nexcept Exception:\n    log()\n    raise",
        "try:\n    work()\nexcept Exception as error:\n    report(error)",
        "try:\n    work()\nexcept:\n    undo()\n    raise",
        "def f():\n    try:\n        work()\n    except Exception:\n        return fallback()",
        "class Exception(ValueError): ...\ntry:\n    work()\nexcept Exception:\n    pass",
    )

    def visit_ExceptHandler(self, node: cst.ExceptHandler) -> None:
        """Looks at what is caught and what is done then."""
        if self._broad(node.type) and _does_nothing(node.body):
            self.report(node)
        elif self._everything(node.type) and not any(isinstance(one, cst.Raise) for one in descend(node.body)) and not _uses(node):
            self.report(node, _EVERYTHING)

    def _everything(self, caught: cst.BaseExpression | None) -> bool:
        return caught is None or self.qualified_name(caught) == "builtins.BaseException"

    def _broad(self, caught: cst.BaseExpression | None) -> bool:
        if caught is None:
            return True
        if isinstance(caught, cst.Tuple):
            return any(self._broad(element.value) for element in caught.elements)
        return self.qualified_name(caught) in _BROAD


def _uses(node: cst.ExceptHandler) -> bool:
    """Whether the error is kept or told, with its trace."""
    kept = node.name.name.value if node.name is not None and isinstance(node.name.name, cst.Name) else ""
    words = {one.value for one in descend(node.body, into_scopes=True) if isinstance(one, cst.Name)}
    return (bool(kept) and kept in words) or bool(words & {"exc_info", "exception", "print_exc", "format_exc", "exit", "_exit"})


def _does_nothing(body: cst.BaseSuite) -> bool:
    lines = [small for line in body.body for small in _statements(line)]
    return len(lines) == 1 and _is_nothing(lines[0])


def _statements(line: cst.CSTNode) -> list[cst.CSTNode]:
    return list(line.body) if isinstance(line, cst.SimpleStatementLine) else [line]


def _is_nothing(node: cst.CSTNode) -> bool:
    match node:
        case cst.Pass() | cst.Continue():
            return True
        case cst.Expr(value=cst.Ellipsis()):
            return True
        case cst.Return(value=None | cst.Name(value="None")):
            return True
    return False
