"""Imports that nobody uses."""

import re
from pathlib import PurePosixPath

import libcst as cst

from analyzers.context import words_of
from analyzers.rule import Rule
from analyzers.syntax import dotted

_QUIET = re.compile(r"#\s*(noqa|type:\s*ignore|pylint|isort)|pragma", re.IGNORECASE)


class UnusedImport(Rule):
    """The name is imported and never used.

    It costs time at each start, ties the file to a module that it does not need, and makes readers look for its use.

    Fix: delete it; where it is there for others, put it in `__all__`.
    """

    severity = "info"
    cwe = 1164
    prior = 0.5
    extended = True
    references = ("https://docs.python.org/3/reference/simple_stmts.html#the-import-statement",)
    triggers = ("import ",)
    invalid = (
        "import os\nimport sys\nprint(sys.argv)",
        "from os import path as p, sep\nprint(sep)",
        "import os.path\nx = 1",
        "from json import dumps\ndef f():\n    return 3",
    )
    valid = (
        "import os\nprint(os.name)",
        "from mine import part\n__all__ = ['part']",
        "import mine.models  # noqa: F401",
        "try:\n    import json\nexcept ImportError:\n    pass",
        "from __future__ import annotations",
        "import plugins as _plugins\nx = 1",
        "from a import b as b\nx = 1",
        "def f():\n    import readline\n    return input()",
    )

    def visit_Module(self, node: cst.Module) -> None:
        """Looks at imports at the top of the file, each by how often its name stands in the text."""
        if PurePosixPath(self.context.path).name in ("__init__.py", "conftest.py"):
            return
        lines = [one for one in node.body if isinstance(one, cst.SimpleStatementLine)]
        for line in lines:
            for small in line.body:
                if isinstance(small, cst.Import | cst.ImportFrom) and not isinstance(small.names, cst.ImportStar):
                    self._check(node, line, small)

    def _check(self, module: cst.Module, line: cst.SimpleStatementLine, node: cst.Import | cst.ImportFrom) -> None:
        if isinstance(node, cst.ImportFrom) and dotted(node.module) == "__future__":
            return
        written = ""
        for alias in [] if isinstance(node.names, cst.ImportStar) else node.names:
            name = _bound(alias)
            if not name or name.startswith("_") or self.context.text.count(name) > _OFTEN:
                continue
            written = written or module.code_for_node(node)
            if self.context.words[name] == words_of(written)[name] and not _QUIET.search(module.code_for_node(line)):
                self.report(alias)


_OFTEN = 12
"""A name that stands so often in the text is used somewhere: not worth counting."""


def _bound(alias: cst.ImportAlias) -> str:
    if alias.asname is not None:
        name = alias.asname.name.value if isinstance(alias.asname.name, cst.Name) else ""
        return "" if name == dotted(alias.name) else name
    return (dotted(alias.name) or "").split(".")[0]
