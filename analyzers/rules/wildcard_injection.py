"""Wildcards that read options out of file names."""

import re

import libcst as cst

from analyzers.calls import CallRule
from analyzers.constant import fixed_text
from analyzers.literal import resolve
from analyzers.syntax import argument, is_name

_RISKY = re.compile(r"\b(chown|chmod|tar|rsync)\s+(?:[^|;&]*\s)?(\S*/)?\*(?=\s|$|[.;|&])")
_GUARDED = re.compile(r"\s--\s|\./\*")
_RUNNERS = frozenset({"subprocess.run", "subprocess.call", "subprocess.check_call", "subprocess.check_output", "subprocess.Popen"})


class WildcardInjection(CallRule):
    """A shell fills in `*` for a command that takes options, so a file's name can become an option.

    A file named `--checkpoint-action=exec=sh x.sh` makes `tar` run it.

    Fix: write `./*` or `-- *`, or list the files in Python and pass them after `--`.
    """

    severity = "medium"
    cwe = 88
    prior = 0.7
    references = ("https://pubs.opengroup.org/onlinepubs/9799919799/basedefs/V1_chap12.html",)
    triggers = ("chown", "chmod", "tar ", "rsync")
    calls = _RUNNERS | {"os.system", "os.popen"}
    invalid = (
        "import os\nos.system('tar czf a.tgz *')",
        "import subprocess\nsubprocess.run('chown root *', shell=True)",
        "from os import popen as p\np('rsync -a * host:x')",
        "import subprocess\nCMD = 'chmod 600 *.txt'\nsubprocess.check_call(CMD, shell=True)",
        "import os\nclass A:\n    def f(self):\n        os.system('cd x && tar cf a.tar *')",
        "import os\ndef f(host):\n    os.system(f'rsync * {host}:x')",
    )
    valid = (
        "import os\nos.system('tar czf a.tgz ./*')",
        "import os\nos.system('ls *')",
        "import subprocess\nsubprocess.run(['chown', 'root', '*'])",
        "import os\nos.system('tar czf a.tgz -- *')",
        "import os\nos.system('tar xf a.tgz')",
        "def f(os):\n    os.system('tar cf a *')",
        "TEXT = 'tar cf a *'",
    )

    def check(self, node: cst.Call, name: str) -> None:
        """Looks at commands that a shell reads."""
        if name in _RUNNERS and (argument(node, "shell") is None or is_name(argument(node, "shell"), "False")):
            return
        text = fixed_text(resolve(node.args[0].value, self.scope)) if node.args else ""
        if _RISKY.search(text) and not _GUARDED.search(text):
            self.report(node)
