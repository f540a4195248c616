"""Waits for a process whose output nobody reads."""

import libcst as cst

from analyzers.blocks import last_name
from analyzers.rule import Rule
from analyzers.syntax import argument, descend, dotted, is_name

_READS = ("communicate", "read", "readline", "readlines", "close", "__exit__")


class PopenPipeDeadlock(Rule):
    """The program waits for a child whose output goes into a pipe that nobody empties.

    A pipe holds some 64 kB; a child that writes more stops until it is read, and both wait for ever.

    Fix: use `communicate()`, or `subprocess.run(..., capture_output=True)`.
    """

    severity = "medium"
    cwe = 833
    prior = 0.8
    references = ("https://docs.python.org/3/library/subprocess.html#subprocess.Popen.wait",)
    triggers = ("PIPE",)
    calls = frozenset({"subprocess.call", "subprocess.check_call"})
    invalid = (
        "import subprocess\ndef f(a):\n    p = subprocess.Popen(a, stdout=subprocess.PIPE)\n    p.wait()",
        "from subprocess import Popen, PIPE\ndef f(a):\n    p = Popen(a, stderr=PIPE)\n    code = p.wait()\n    return code",
        ("import subprocess as s\nclass A:\n    def f(self):\n        p = s.Popen(self.a, stdout=s.PIPE, stderr=s.STDOUT)\n"
         "        p.wait(timeout=5)"),
        "import subprocess\ndef f(a):\n    subprocess.call(a, stdout=subprocess.PIPE)",
        "import subprocess\ndef f(a):\n    p = subprocess.Popen(a, stdout=subprocess.PIPE)\n    p.wait()\n    return p.stdout.read()",
        "from subprocess import check_call, PIPE\ncheck_call(['a'], stdout=PIPE)",
    )
    valid = (
        "import subprocess\ndef f(a):\n    p = subprocess.Popen(a, stdout=subprocess.PIPE)\n    out, _ = p.communicate()\n    p.wait()",
        "import subprocess\ndef f(a):\n    p = subprocess.Popen(a)\n    p.wait()",
        ("import subprocess\ndef f(a):\n    p = subprocess.Popen(a, stdout=subprocess.PIPE)\n    for line in p.stdout:\n"
         "        print(line)\n    p.wait()"),
        "import subprocess\ndef f(a):\n    p = subprocess.Popen(a, stdout=subprocess.DEVNULL)  # not PIPE\n    p.wait()",
        "import subprocess\ndef f(a):\n    p = subprocess.Popen(a, stdout=subprocess.PIPE)\n    return p",
        "import subprocess\ndef f(a):\n    p = subprocess.Popen(a, stdin=subprocess.PIPE)\n    p.stdin.close()\n    p.wait()",
        "import subprocess\ndef f(a):\n    p = subprocess.Popen(a, stdout=subprocess.PIPE)\n    drain(p.stdout)\n    p.wait()",
    )

    def visit_Call(self, node: cst.Call) -> None:
        """Looks at `call` with a pipe, which nobody can read."""
        if self.qualified_name(node.func) in ("subprocess.call", "subprocess.check_call") and self._piped(node):
            self.report(node)

    def visit_FunctionDef(self, node: cst.FunctionDef) -> None:
        """Looks at processes started and waited for in one function."""
        scope = self.context.scope_of(node)
        made = [one for one in scope.all_bindings() if one.kind == "assign" and isinstance(one.value, cst.Call)]
        for one in made:
            call = one.value
            if isinstance(call, cst.Call) and self.context.qualified_name(call.func, scope) == "subprocess.Popen":
                if not self._piped(call, scope):
                    continue
                self._follow(node, one.name)

    def _follow(self, function: cst.FunctionDef, name: str) -> None:
        for one in descend(function.body):
            match one:
                case cst.Call(func=cst.Attribute(value=cst.Name(value=owner), attr=cst.Name(value="wait"))) if owner == name:
                    self.report(one)
                    return
                case cst.Call() if (dotted(one.func) or "").startswith(f"{name}.") and last_name(one.func) in _READS:
                    return
                case cst.Attribute(value=cst.Name(value=owner), attr=cst.Name(value="stdout" | "stderr")) if owner == name:
                    return
                case cst.Arg(value=cst.Name(value=given)) if given == name:
                    return

    def _piped(self, call: cst.Call, scope: object = None) -> bool:
        for word in ("stdout", "stderr"):
            value = argument(call, word)
            if value is not None and not is_name(value, "None"):
                where = self.scope if scope is None else scope
                if self.context.qualified_name(value, where) == "subprocess.PIPE":  # type: ignore[arg-type]
                    return True
        return False
