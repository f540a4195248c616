"""Code run between fork and exec."""

import libcst as cst

from analyzers.calls import CallRule
from analyzers.syntax import argument, is_name


class PreexecFn(CallRule):
    """`preexec_fn` runs Python in the child between fork and exec, which can deadlock in a program with threads.

    The child has only one thread, but every lock that another one held when it was forked.

    Fix: use `start_new_session=True`, `process_group=`, `user=`, `umask=` or `cwd=`, which need no such code.
    """

    severity = "low"
    cwe = 833
    prior = 0.5
    references = ("https://docs.python.org/3/library/subprocess.html#subprocess.Popen",)
    triggers = ("preexec_fn",)
    calls = frozenset(f"subprocess.{name}" for name in ("run", "call", "check_call", "check_output", "Popen"))
    invalid = (
        "import os, subprocess\nsubprocess.Popen(['a'], preexec_fn=os.setsid)",
        "from subprocess import run\nrun(['a'], preexec_fn=lambda: None)",
        "import subprocess as s\ndef f(setup):\n    s.call(['a'], preexec_fn=setup)",
        "import subprocess\nclass A:\n    def f(self):\n        subprocess.check_output(['a'], preexec_fn=self.limit)",
        "from subprocess import Popen as P\nwith P(['a'], preexec_fn=limit) as p: ...",
        "import subprocess\nasync def f():\n    return subprocess.check_call(['a'], preexec_fn=g)",
    )
    valid = (
        "import subprocess\nsubprocess.Popen(['a'], start_new_session=True)  # not preexec_fn",
        "import subprocess\nsubprocess.Popen(['a'], preexec_fn=None)",
        "def f(preexec_fn): ...\nf(preexec_fn=1)",
        "import subprocess\ndef f(**preexec_fn):\n    subprocess.run(['a'], **preexec_fn)",
        "def f(subprocess):\n    subprocess.run(['a'], preexec_fn=g)",
        "from mine import Popen\nPopen(['a'], preexec_fn=g)",
    )

    def check(self, node: cst.Call, name: str) -> None:
        """Looks for the argument."""
        given = argument(node, "preexec_fn")
        if given is not None and not is_name(given, "None"):
            self.report(node)
