"""Programs chosen by the environment or the caller."""

import re

import libcst as cst

from analyzers.calls import CallRule
from analyzers.literal import resolve
from analyzers.syntax import argument

_RUN = frozenset(f"subprocess.{name}" for name in ("run", "call", "check_call", "check_output", "Popen"))
_EXEC = frozenset(f"os.{name}" for name in ("execl", "execle", "execlp", "execv", "execve", "execvp", "execvpe", "startfile"))
_SPAWN = frozenset(f"os.{name}" for name in ("spawnl", "spawnle", "spawnlp", "spawnv", "spawnve", "spawnvp", "posix_spawn"))
_INPUT = re.compile(r"^(builtins\.input\(\)|flask\.request\.(args|form|json|values)(\.get\(\))?)$")
_REQUEST = re.compile(r"^request\.(args|form|json|values|GET|POST)$")


class UntrustedProgram(CallRule):
    """Input decides which program is started.

    A list without a shell keeps arguments apart, but its first element is still any program on the machine.

    Fix: choose the program from a fixed dictionary, and let input decide arguments only.
    """

    severity = "high"
    cwe = 78
    prior = 0.8
    references = ("https://docs.python.org/3/library/subprocess.html#security-considerations",)
    triggers = ("subprocess", "os")
    calls = _RUN | _EXEC | _SPAWN
    invalid = (
        "import subprocess\nsubprocess.run([input(), '-v'])",
        "import subprocess, sys\nsubprocess.call([sys.argv[1]])",
        "from flask import request\nimport os\ndef f():\n    os.execv(request.args['tool'], ['x'])",
        "import os, sys\ntool = sys.argv[1]\nos.execvp(tool, [tool])",
        ("from subprocess import Popen\nfrom flask import request as r\ndef f():\n    name = r.form.get('name')\n"
         "    return Popen([name, 'x'])"),
        "import subprocess as s\nclass A:\n    def get(self, request):\n        s.check_output([request.GET['p']])",
    )
    valid = (
        "import subprocess\nsubprocess.run(['git', input()])",
        "import subprocess, sys\nsubprocess.run([sys.executable, sys.argv[1]])",
        "import subprocess\ndef f(tool):\n    subprocess.run([tool])",
        "import subprocess\nfrom flask import request\nTOOLS = {'a': '/bin/a'}\ndef f():\n    subprocess.run([TOOLS[request.args['t']]])",
        "import os, sys\nos.execv(sys.executable, [sys.executable, *sys.argv])",
        "def f(subprocess):\n    subprocess.run([input()])",
        "import subprocess, os\nsubprocess.run([os.environ.get('EDITOR', 'vi'), 'a'])",
        "import subprocess, sys\nsubprocess.run([sys.argv[0], '--child'])",
    )

    def check(self, node: cst.Call, name: str) -> None:
        """Looks at the program, not at its arguments."""
        program = argument(node, "args", 0) if name in _RUN else argument(node, "path", 1 if name in _SPAWN else 0)
        if program is None:
            return
        program = resolve(program, self.scope)
        if name in _RUN:
            if not isinstance(program, cst.List | cst.Tuple) or not program.elements:
                return
            program = resolve(program.elements[0].value, self.scope)
        if self._is_input(program):
            self.report(node)

    def _is_input(self, node: cst.BaseExpression) -> bool:
        if isinstance(node, cst.Subscript):
            first = node.slice[0].slice
            if self.qualified_name(node.value) == "sys.argv":
                return not (isinstance(first, cst.Index) and isinstance(first.value, cst.Integer) and first.value.value == "0")
            return self._named(node.value)
        return self._named(node)

    def _named(self, node: cst.BaseExpression) -> bool:
        name = self.qualified_name(node) or ""
        written = f"request.{node.attr.value}" if isinstance(node, cst.Attribute) and _is_request(node.value) else ""
        return bool(_INPUT.match(name) or _REQUEST.match(written))


def _is_request(node: cst.BaseExpression) -> bool:
    return isinstance(node, cst.Name) and node.value == "request"
