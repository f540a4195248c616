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
    references = ("https://docs.python.org/3/library/tempfile.html#tempfile.mktemp",)
    triggers = ("mktemp", "tempnam", "tmpnam")
    invalid = (
        "import tempfile\npath = tempfile.mktemp()",
        "from tempfile import mktemp\npath = mktemp(suffix='.txt')",
        "import os\npath = os.tempnam()",
        "import tempfile as t\nclass Job:\n    def start(self):\n        self.path = t.mktemp(prefix='job-')",
        "from tempfile import mktemp as new_name\ndef f(data):\n    with open(new_name(), 'wb') as file:\n        file.write(data)",
        "import tempfile\nmake = tempfile.mktemp\ndef f():\n    return f'{make()}.csv'",
    )
    valid = (
        "import tempfile\nhandle, path = tempfile.mkstemp()",
        "import tempfile\nwith tempfile.TemporaryDirectory() as folder: ...",
        "def mktemp(): ...\npath = mktemp()",
        "def f(host):\n    return host.mktemp()",
        "import tempfile\nwith tempfile.NamedTemporaryFile(delete=False) as f:\n    path = f.name",
        "def test_it(tmp_path_factory):\n    folder = tmp_path_factory.mktemp('data')",
    )

    def visit_Call(self, node: cst.Call) -> None:
        """Looks at names being made."""
        if self.qualified_name(node.func) in _RACY:
            self.report(node)
