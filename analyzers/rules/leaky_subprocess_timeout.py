"""Child processes that outlive the time they were given."""

import libcst as cst

from analyzers.rule import Rule
from analyzers.syntax import argument, descend, dotted, is_name

_WAITS = ("communicate", "wait")
_ENDS = ("kill", "terminate", "send_signal", "__exit__")


class LeakySubprocessTimeout(Rule):
    """When the time is up the wait ends, but the child process goes on: nobody kills it here.

    `communicate(timeout=…)` and `wait(timeout=…)` of a Popen raise TimeoutExpired and leave the process running, with
    its memory, locks and pipes.

    Fix: on TimeoutExpired call `kill()` and then `communicate()` again, or use `subprocess.run(..., timeout=…)`, which
    does so.
    """

    severity = "medium"
    confidence = "medium"
    cwe = 772
    prior = 0.6
    references = ("https://docs.python.org/3/library/subprocess.html#subprocess.Popen.communicate",)
    triggers = ("Popen",)
    invalid = (
        """
import subprocess
def build(argv):
    child = subprocess.Popen(argv)
    return child.communicate(timeout=5)
""",
        """
from subprocess import Popen
def build(argv):
    child = Popen(argv)
    try:
        child.wait(5)
    except Exception:
        print("slow")
""",
        ("import subprocess as sp\ndef f(argv):\n    p = sp.Popen(argv, stdout=sp.PIPE)\n    out, _ = p.communicate(None, 3)\n"
         "    return out"),
        ("import subprocess\nclass Job:\n    def run(self, argv):\n        process = subprocess.Popen(argv)\n"
         "        process.wait(timeout=self.limit)"),
        """
import subprocess
def f(argv):
    with subprocess.Popen(argv) as child:
        try:
            child.communicate(timeout=2)
        except subprocess.TimeoutExpired as error:
            log.warning("%s is slow", error.cmd)
""",
        ("from subprocess import Popen as start\ndef f(argv):\n    if (code := (p := start(argv)) and p.wait(timeout=9)):\n"
         "        return code"),
    )
    valid = (
        """
from subprocess import Popen, TimeoutExpired
def build(argv):
    child = Popen(argv)
    try:
        child.wait(5)
    except TimeoutExpired:
        child.kill()
""",
        "import subprocess\ndef f(argv):\n    return subprocess.run(argv, timeout=5)",
        "import subprocess\ndef f(argv):\n    child = subprocess.Popen(argv)\n    return child.communicate()",
        "def f(event):\n    event.wait(timeout=5)",
        ("from subprocess import Popen\nclass Job:\n    def __init__(self, argv):\n        self.p = Popen(argv)\n    def wait(self):\n"
         "        return self.p.wait(timeout=5)\n    def stop(self):\n        self.p.kill()"),
        "import subprocess\ndef f(argv):\n    child = subprocess.Popen(argv)\n    return child.wait(timeout=None)",
        """
import subprocess
def f(argv):
    child = subprocess.Popen(argv)
    try:
        child.wait(timeout=3)
    finally:
        child.terminate()
""",
        """
from subprocess import Popen
def start(argv):
    child = Popen(argv)
    child.wait(timeout=5)
    return child
""",
    )

    def visit_FunctionDef(self, node: cst.FunctionDef) -> None:
        """Looks at the processes that one function starts and waits for."""
        nodes = list(descend(node.body))
        calls = [one for one in nodes if isinstance(one, cst.Call) and isinstance(one.func, cst.Attribute)]
        waits = [one for one in calls if _method(one) in _WAITS and _limited(one)]
        if not waits:
            return
        scope = self.context.scope_of(node)
        ended = {_receiver(one) for one in calls if _method(one) in _ENDS}
        for around in self.context.inside(cst.ClassDef)[:1]:  # what is kept on self may be ended by another method
            below = [one for one in descend(around, into_scopes=True) if isinstance(one, cst.Call) and _method(one) in _ENDS]
            ended |= {name for one in below if (name := _receiver(one)) and name.startswith("self.")}
        handed_on = [one.value for one in nodes if isinstance(one, cst.Arg | cst.Return)]
        passed = {one.value for one in handed_on if isinstance(one, cst.Name)}
        for wait in waits:
            name = _receiver(wait)
            if name is None or name in ended or name in passed:
                continue
            if self.context.qualified_name(wait.func, scope) == f"subprocess.Popen().{_method(wait)}":
                self.report(wait)


def _method(call: cst.Call) -> str:
    return call.func.attr.value if isinstance(call.func, cst.Attribute) else ""


def _receiver(call: cst.Call) -> str | None:
    return dotted(call.func.value) if isinstance(call.func, cst.Attribute) else None


def _limited(call: cst.Call) -> bool:
    limit = argument(call, "timeout", 1 if _method(call) == "communicate" else 0)
    return limit is not None and not is_name(limit, "None")
