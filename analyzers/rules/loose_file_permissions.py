"""Files that every user of the machine may change."""

import libcst as cst

from analyzers.calls import CallRule
from analyzers.syntax import argument

_WORLD_WRITE = 0o002
_FLAGS = frozenset({"stat.S_IWOTH", "stat.S_IRWXO"})
_PLACES = {"os.chmod": 1, "os.lchmod": 1, "os.fchmod": 1, "pathlib.Path().chmod": 0, "os.mkdir": 1, "os.makedirs": 1}


class LooseFilePermissions(CallRule):
    """Every user of the machine may change the file or folder.

    Another account, or a service that was broken into, can replace what the program reads or runs.

    Fix: give the owner alone what is needed: `0o600` for files, `0o700` for folders and programs.
    """

    severity = "high"
    confidence = "medium"
    cwe = 732
    prior = 0.7
    references = ("https://docs.python.org/3/library/os.html#os.chmod",)
    triggers = ("chmod", "umask", "mkdir", "makedirs")
    calls = frozenset({*_PLACES, "os.umask"})
    invalid = (
        "import os\nos.chmod('a', 0o777)",
        "from os import chmod as c\nMODE = 0o666\nc(path, MODE)",
        "import os\nos.umask(0)",
        "from pathlib import Path\nPath('a').chmod(0o757)",
        "import os, stat\nos.chmod(path, stat.S_IRWXU | stat.S_IRWXO)",
        "import os\nclass A:\n    def f(self):\n        os.chmod(path=self.p, mode=0o722)",
    )
    valid = (
        "import os\nos.chmod('a', 0o755)",
        "import os, stat\nos.chmod('a', stat.S_IRUSR | stat.S_IWUSR)",
        "import os\ndef f(mode):\n    os.chmod('a', mode)",
        "import os\nos.umask(0o077)",
        "import os\nold = os.umask(0)\nos.umask(old)",
        "import os\nos.makedirs('a', exist_ok=True)",
        "def f(os):\n    os.chmod('a', 0o777)",
        "import os\nos.makedirs('/var/spool/x', mode=0o1777)",
    )

    def check(self, node: cst.Call, name: str) -> None:
        """Looks at the mode. Keeping what `umask(0)` gives only asks for the mask; the sticky bit keeps others' files safe."""
        if name == "os.umask":
            if self.number(argument(node, "mask", 0)) == 0 and not isinstance(self.parent(), cst.Assign):
                self.report(node)
            return
        mode = argument(node, "mode", _PLACES[name])
        bits = self.number(mode)
        flags = (mode.left, mode.right) if isinstance(mode, cst.BinaryOperation) else ()
        loose = bits is not None and int(bits) & _WORLD_WRITE and not int(bits) & 0o1000
        if loose or any(self.qualified_name(one) in _FLAGS for one in flags):
            self.report(node)
