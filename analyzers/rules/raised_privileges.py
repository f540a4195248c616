"""Programs that make themselves the administrator."""

import libcst as cst

from analyzers.calls import CallRule


class RaisedPrivileges(CallRule):
    """The program takes the administrator's rights, so each fault in it costs the whole machine.

    Rights that are given up can be taken back if the saved ids stay.

    Fix: start with few rights; drop them with `os.setgroups([])`, `os.setgid(gid)`, then `os.setuid(uid)` of a plain account.
    """

    severity = "high"
    confidence = "medium"
    cwe = 269
    prior = 0.65
    references = ("https://docs.python.org/3/library/os.html#os.setuid",)
    triggers = ("setuid", "seteuid", "setgid", "setegid", "setreuid", "setresuid")
    calls = frozenset(f"os.{name}" for name in ("setuid", "seteuid", "setgid", "setegid", "setreuid", "setresuid", "setregid"))
    invalid = (
        "import os\nos.setuid(0)",
        "from os import seteuid\nseteuid(0)",
        "import os\nROOT = 0\nos.setgid(ROOT)",
        "import os as o\nclass A:\n    def f(self):\n        o.setreuid(0, 0)",
        "import os\ndef f(work):\n    os.setresuid(0, 0, 0)\n    work()",
        "import os\nos.setegid(0)",
    )
    valid = (
        "import os\nos.setuid(1000)",
        "import os\ndef f(uid):\n    os.setuid(uid)",
        "import os\nif os.getuid() == 0:\n    print('do not run as root')  # setuid",
        "def f(os):\n    os.setuid(0)",
        "from mine import setuid\nsetuid(0)",
        "import os, pwd\nos.setuid(pwd.getpwnam('nobody').pw_uid)",
    )

    def check(self, node: cst.Call, name: str) -> None:
        """Looks for id 0."""
        if any(self.number(arg.value) == 0 for arg in node.args):
            self.report(node)
