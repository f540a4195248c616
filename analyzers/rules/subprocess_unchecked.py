"""Programs whose failure nobody notices."""

import libcst as cst

from analyzers.rule import Rule
from analyzers.syntax import argument, has_double_star


class SubprocessUnchecked(Rule):
    """The program's exit code is thrown away: if it fails, this one goes on as if nothing was wrong.

    `run` and `call` raise nothing by themselves.

    Fix: `subprocess.run([...], check=True)`, or look at `returncode`.
    """

    severity = "info"
    cwe = 252
    prior = 0.4
    references = ("https://docs.python.org/3/library/subprocess.html#subprocess.run",)
    triggers = ("subprocess",)
    invalid = (
        "import subprocess\nsubprocess.run(['rsync', 'a', 'b'])",
        "from subprocess import call\ndef f(p):\n    call(['rm', '-r', p])",
        "import subprocess as sp\nclass A:\n    def f(self):\n        sp.run(self.cmd, check=False)\n        return 1",
    )
    valid = (
        "import subprocess\nsubprocess.run(['rsync', 'a', 'b'], check=True)",
        "import subprocess\ndone = subprocess.run(['rsync', 'a', 'b'])",
        "import subprocess\nsubprocess.check_call(['rsync', 'a', 'b'])",
        "import subprocess\ndef f(**how):\n    subprocess.run(['a'], **how)",
    )

    def visit_Expr(self, node: cst.Expr) -> None:
        """Looks at calls on a line of their own."""
        call = node.value
        if not isinstance(call, cst.Call) or has_double_star(call):
            return
        name = self.qualified_name(call.func)
        check = argument(call, "check")
        off = check is None or (isinstance(check, cst.Name) and check.value == "False")
        if name == "subprocess.call" or (name == "subprocess.run" and off):
            self.report(node)
