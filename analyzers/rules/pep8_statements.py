"""Statements written in a way that PEP 8 advises against."""

import libcst as cst

from analyzers.rule import Rule


class Pep8Statements(Rule):
    """Statements are written in a way that PEP 8 advises against.

    Several on a line are overlooked and cannot be stopped at; a lambda with a name has no name in a traceback; a star import hides
    where names come from.

    Fix: one statement a line, `def` for what gets a name, and imports by name.
    """

    severity = "info"
    cwe = None
    prior = 0.25
    references = ("https://peps.python.org/pep-0008/#other-recommendations", "https://peps.python.org/pep-0008/#imports")
    extended = True
    invalid = (
        "a = 1; b = 2",
        "if a: print(a)",
        "double = lambda x: x * 2",
        "from os.path import *",
        "import os, sys",
        "def f():\n    while True: step()",
        "class A:\n    key = lambda self: self.x",
    )
    valid = (
        "a = 1\nb = 2",
        "if a:\n    print(a)",
        "def double(x):\n    return x * 2",
        "from os.path import join, split",
        "class A: ...\ndef f(): ...",
        "rows.sort(key=lambda row: row.age)",
        "handlers['x'] = lambda: 1\nself.key = lambda: 2",
        "try: import json\nexcept ImportError: pass",
    )

    def visit_SimpleStatementLine(self, node: cst.SimpleStatementLine) -> None:
        """Looks for several statements on a line."""
        if len(node.body) > 1:
            self.report(node, "Several statements are on one line.")

    def visit_SimpleStatementSuite(self, node: cst.SimpleStatementSuite) -> None:
        """Looks for a block on the line of its head; `...` alone is a stub."""
        stub = all(isinstance(one, cst.Expr) and isinstance(one.value, cst.Ellipsis) for one in node.body)
        if not stub and not self.context.inside((cst.Try, cst.ExceptHandler)):
            self.report(node, "A block is on the line of its head.")

    def visit_Assign(self, node: cst.Assign) -> None:
        """Looks for lambdas that get a name."""
        if isinstance(node.value, cst.Lambda) and isinstance(node.targets[0].target, cst.Name):
            self.report(node, "A lambda gets a name here, which `def` would give it in tracebacks too.")

    def visit_ImportFrom(self, node: cst.ImportFrom) -> None:
        """Looks for star imports; a package gathers its modules' names that way."""
        if isinstance(node.names, cst.ImportStar) and not self.context.path.endswith("__init__.py"):
            self.report(node, "A star import hides where names come from.")

    def visit_Import(self, node: cst.Import) -> None:
        """Looks for several modules in one import."""
        if len(node.names) > 1:
            self.report(node, "Several modules are imported on one line.")
