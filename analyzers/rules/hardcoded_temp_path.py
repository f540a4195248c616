"""Files with a fixed name in a folder that everybody can write."""

import re

import libcst as cst

from analyzers.calls import CallRule
from analyzers.constant import fixed_text
from analyzers.literal import resolve
from analyzers.syntax import argument

_SHARED = re.compile(r"^(/tmp|/var/tmp|/dev/shm)/[^{}\s]+")
_PATH_WRITES = ("write_text", "write_bytes", "touch", "open")


class HardcodedTempPath(CallRule):
    """A file with a fixed name is written in a folder that every user can write.

    Another user can put a link there first, and the program then overwrites whatever the link leads to.

    Fix: use `tempfile.NamedTemporaryFile()` or `tempfile.TemporaryDirectory()`.
    """

    severity = "medium"
    confidence = "medium"
    cwe = 377
    prior = 0.65
    references = ("https://docs.python.org/3/library/tempfile.html",)
    triggers = ("/tmp", "/dev/shm")  # noqa: S108  what the rule looks for
    calls = frozenset({"builtins.open", "io.open", "os.open", "os.mkdir", "os.makedirs", "shutil.copy",
                       "sqlite3.connect", "logging.FileHandler"}
                      | {f"pathlib.Path().{name}" for name in _PATH_WRITES})  # fmt: skip
    invalid = (
        "file = open('/tmp/out.txt', 'w')",
        "PATH = '/tmp/app.lock'\nwith open(PATH, mode='wb') as f: ...",
        "import os\nos.makedirs('/var/tmp/app')",
        "from pathlib import Path\nPath('/tmp/state.json').write_text('x')",
        "def f(name):\n    with open('/tmp/app-' + name, 'a') as f: ...",
        "import logging\nh = logging.FileHandler('/tmp/app.log')",
        "import os\nwith open(os.path.join('/tmp', 'app.lock'), 'w') as f: ...",
        "import sqlite3 as s\nclass A:\n    db = s.connect('/dev/shm/cache.db')",
    )
    valid = (
        "file = open('/tmp/in.txt')",
        "import tempfile\nwith tempfile.NamedTemporaryFile(dir='/tmp') as f: ...",
        "ROOTS = ['/tmp/a']",
        "from pathlib import Path\ntext = Path('/tmp/x').read_text()",
        "with open('/srv/tmp/x', 'w') as f: ...",
        "def f(open):\n    open('/tmp/x', 'w')",
        "import os\ndef f(path):\n    assert path.startswith('/tmp/')\n    os.makedirs(path)",
    )

    def _written(self, path: cst.BaseExpression) -> str:
        """The text of a path, also of one that is joined."""
        if isinstance(path, cst.Call) and self.qualified_name(path.func) == "os.path.join":
            return "/".join(fixed_text(resolve(arg.value, self.scope)) or "{}" for arg in path.args)
        return fixed_text(path)

    def check(self, node: cst.Call, name: str) -> None:
        """Looks at what is opened for writing."""
        path: cst.BaseExpression | None = node.args[0].value if node.args else None
        if name.startswith("pathlib."):
            owner = resolve(node.func.value, self.scope) if isinstance(node.func, cst.Attribute) else None
            path = owner.args[0].value if isinstance(owner, cst.Call) and owner.args else None
            mode = "w" if not name.endswith(".open") else self.text(argument(node, "mode", 0)) or "r"
        elif name in ("builtins.open", "io.open"):
            mode = self.text(argument(node, "mode", 1)) or "r"
        elif name == "shutil.copy":
            path, mode = argument(node, "dst", 1), "w"
        else:
            mode = "w"
        if path is not None and set(mode) & set("wa+") and _SHARED.match(self._written(resolve(path, self.scope))):
            self.report(node)
