"""Temporary file names that somebody else can take first."""

import libcst as cst

from analyzers.rule import Rule

_RACY = frozenset({"tempfile.mktemp", "os.tempnam", "os.tmpnam"})


class InsecureTempFile(Rule):
    """The name of a temporary file is made before the file, so another user can put a file or link there first.

    Between the name and the opening there is a gap; what the program then reads, overwrites or runs is the other
    user's.

    Fix: use `tempfile.NamedTemporaryFile`, `mkstemp` or `TemporaryDirectory`, which create what they name.
    """

    severity = "medium"
    cwe = 377
    prior = 0.8
    triggers = ("mktemp", "tempnam", "tmpnam")
    invalid = (
        "import tempfile\npath = tempfile.mktemp()",
        "from tempfile import mktemp\npath = mktemp(suffix='.txt')",
        "import os\npath = os.tempnam()",
    )
    valid = (
        "import tempfile\nhandle, path = tempfile.mkstemp()",
        "import tempfile\nwith tempfile.TemporaryDirectory() as folder: ...",
        "def mktemp(): ...\npath = mktemp()",
        "def f(host):\n    return host.mktemp()",
    )

    def visit_Call(self, node: cst.Call) -> None:
        """Looks at names being made."""
        if self.qualified_name(node.func) in _RACY:
            self.report(node)
