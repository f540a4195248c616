"""Files that may appear between the look and the deed."""

import libcst as cst

from analyzers.blocks import calls_in
from analyzers.rule import Rule
from analyzers.syntax import argument, string_value

_LOOKS = frozenset({"os.path.exists", "os.path.isfile", "os.access", "os.path.lexists"})


class CheckThenCreate(Rule):
    """Whether the file is there is asked first and acted upon later; in between somebody else may make or swap it.

    On a shared folder an attacker puts a link there; two processes that start at once overwrite each other's file.

    Fix: do it and handle the error: `open(path, "x")` raises FileExistsError.
    """

    severity = "info"
    confidence = "medium"
    cwe = 367
    prior = 0.4
    references = ("https://docs.python.org/3/library/functions.html#open",)
    triggers = ("os.path", "os.access", "exists", "isfile")
    invalid = (
        "import os\ndef f(p):\n    if not os.path.exists(p):\n        with open(p, 'w') as out:\n            out.write('x')",
        "from os.path import isfile\ndef f(p):\n    if isfile(p) is False or not isfile(p):\n        open(p, 'wb').close()",
        "import os\ndef f(p):\n    if os.access(p, os.W_OK):\n        with open(p, 'a') as out:\n            out.write('x')",
    )
    valid = (
        "import os\ndef f(p):\n    if os.path.exists(p):\n        with open(p) as f:\n            return f.read()",
        "import os\ndef f(p, q):\n    if not os.path.exists(q):\n        with open(p, 'w') as out:\n            out.write('x')",
        "def f(p):\n    with open(p, 'x') as out:\n        out.write('x')",
    )

    def visit_If(self, node: cst.If) -> None:
        """Looks at files that are written under a test of the same path."""
        asked = [call.args[0].value for call in calls_in(node.test) if call.args and self.qualified_name(call.func) in _LOOKS]
        if not asked:
            return
        for call in calls_in(node.body):
            if not call.args or self.qualified_name(call.func) != "builtins.open":
                continue
            mode = string_value(argument(call, "mode", 1)) or "r"
            if set(mode) & set("wa") and any(one.deep_equals(call.args[0].value) for one in asked):
                self.report(call, about=[node.test])
                return
