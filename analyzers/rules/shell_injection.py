"""Commands that a shell reads, built from something that is not constant."""

import libcst as cst

from analyzers.rule import Rule
from analyzers.syntax import argument, is_name

_TAKES_SHELL = frozenset(
    f"subprocess.{name}" for name in ("run", "call", "check_call", "check_output", "Popen")
) | {"asyncio.subprocess.create_subprocess_shell"}
_ALWAYS_SHELL = frozenset(
    {"os.system", "os.popen", "subprocess.getoutput", "subprocess.getstatusoutput", "asyncio.create_subprocess_shell",
     "asyncio.subprocess.create_subprocess_shell", "commands.getoutput"}
)  # fmt: skip
_WHOLE = "A shell reads a whole command that is not constant; make sure that only its owner decides it."


class ShellInjection(Rule):
    """A shell reads a command that is not constant, so a value can start other programs.

    A shell gives meaning to `;`, `|`, `$( )`, quotes and more: a file name or a request's field that holds them runs
    as a command of its own. Where a whole command is handed over and no stranger is seen to decide it, the severity is
    medium: programs run commands of their callers and their configuration on purpose.

    Fix: pass a list without a shell, `subprocess.run(["tar", "-xf", name])`; where a shell must be, quote each value
    with `shlex.quote`.
    """

    severity = "high"
    cwe = 78
    prior = 0.85
    references = ("https://docs.python.org/3/library/subprocess.html#security-considerations",)
    triggers = ("subprocess", "system", "popen", "commands")
    invalid = (
        'import subprocess\ndef f(name):\n    subprocess.run("ls " + name, shell=True)',
        'import subprocess as sp\ndef f(name):\n    sp.check_output(f"ls {name}", shell=True)',
        "from subprocess import Popen\ndef f(command):\n    Popen(command, shell=True)",
        'import os\ndef f(name):\n    os.system("rm %s" % name)',
        'import os\ndef f(name):\n    return os.popen("cat {}".format(name)).read()',
        "import asyncio\nasync def f(line):\n    await asyncio.create_subprocess_shell(line)",
        'import subprocess\ndef f(name):\n    command = "ls " + name\n    subprocess.call(command, shell=True)',
    )
    valid = (
        'import subprocess\nsubprocess.run("ls | wc -l", shell=True)',
        'import subprocess\ndef f(name):\n    subprocess.run(["ls", name])',
        'import subprocess\ndef f(name):\n    subprocess.run(["ls", name], shell=False)',
        'import subprocess, shlex\ndef f(name):\n    subprocess.run(f"ls {shlex.quote(name)} | wc", shell=True)',
        'import os\nos.system("clear")',
        'import os\nCLEAR = "cls" if os.name == "nt" else "clear"\nos.system(CLEAR)',
        "def f(os, line):\n    os.system(line)",
    )

    def visit_Call(self, node: cst.Call) -> None:
        """Looks at the command that a process call gets."""
        name = self.qualified_name(node.func)
        if name in _TAKES_SHELL:
            shell = argument(node, "shell")
            if shell is None or is_name(shell, "False", "None"):
                return
        elif name not in _ALWAYS_SHELL:
            return
        command = argument(node, "args", 0) or argument(node, "cmd") or argument(node, "command")
        if command is not None and not self.is_constant(command) and not self._quoted(command):
            whole = not self._pasted(command)
            self.report(node, _WHOLE if whole else "", about=[command], severity="medium" if whole else None)

    def _pasted(self, node: cst.BaseExpression) -> bool:
        """Whether the command is put together here, so that a value becomes part of it."""
        match node:
            case cst.Name():
                values = [one.value for one in self.scope.reaching(node.value, node) if one.kind in ("assign", "augment")]
                return any(one is not None and not isinstance(one, cst.Name) and self._pasted(one) for one in values)
            case cst.Call(func=cst.Attribute(attr=cst.Name(value="format" | "join" | "replace"))):
                return True
            case cst.BinaryOperation() | cst.FormattedString() | cst.List() | cst.Subscript():
                return True
        return False

    def _quoted(self, command: cst.BaseExpression) -> bool:
        """Whether every part that is not constant goes through `shlex.quote` or `shlex.join`."""
        match command:
            case cst.Call():
                return self.qualified_name(command.func) in ("shlex.quote", "shlex.join")
            case cst.FormattedString():
                parts = [one.expression for one in command.parts if isinstance(one, cst.FormattedStringExpression)]
            case cst.BinaryOperation(operator=cst.Add()):
                parts = [command.left, command.right]
            case _:
                return False
        return all(self.is_constant(one) or self._quoted(one) for one in parts)
