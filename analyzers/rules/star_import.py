"""Imports of everything."""

from pathlib import PurePosixPath

import libcst as cst

from analyzers.rule import Rule


class StarImport(Rule):
    """Everything of a module is imported: nobody sees where a name comes from, and its next version may take over one of yours.

    Checkers cannot tell undefined names in such a file either.

    Fix: import the names that you use, or the module.
    """

    severity = "info"
    cwe = 1061
    prior = 0.4
    references = ("https://peps.python.org/pep-0008/#imports",)
    triggers = ("import *",)
    invalid = (
        "from math import *",
        "from os.path import *\nprint(join('a', 'b'))",
        "try:\n    from mine.settings import *\nfinally:\n    pass",
    )
    valid = ("from math import sqrt", "import math\nx = '*'  # import * is told of elsewhere", "from .parts import *\n__all__ = ['a']")

    def visit_ImportFrom(self, node: cst.ImportFrom) -> None:
        """Leaves a package's front alone, and modules that pass on what they import."""
        if not isinstance(node.names, cst.ImportStar):
            return
        name = PurePosixPath(self.context.path).name
        if name not in ("__init__.py", "conftest.py") and not self.scope.root().bindings("__all__"):
            self.report(node)
