"""Secrets on command lines."""

import re

import libcst as cst

from analyzers.calls import CallRule, prefixed
from analyzers.literal import resolve
from analyzers.syntax import descend

_SECRET = re.compile(r"(^|_)(password|passwd|pwd|passphrase|secret|secret_key|api_?key|access_token|auth_token)$", re.IGNORECASE)


class CredentialInCommand(CallRule):
    """A password is passed on a command line, which every user of the machine can read while the program runs.

    `ps` and /proc show it; it also ends up in audit logs.

    Fix: pass it on standard input, in the environment or in a file with mode 0600.
    """

    severity = "low"
    confidence = "medium"
    cwe = 214
    prior = 0.5
    references = ("https://man7.org/linux/man-pages/man5/proc_pid_cmdline.5.html",)
    triggers = ("subprocess", "os.system", "os.exec", "os.spawn", "create_subprocess")
    calls = prefixed("subprocess", "run", "call", "check_call", "check_output", "Popen") | {
        "os.system", "asyncio.create_subprocess_exec", "asyncio.create_subprocess_shell",
    }  # fmt: skip
    invalid = (
        "import subprocess\ndef f(user, password):\n    subprocess.run(['mysql', '-u', user, '-p' + password], check=True)",
        "from subprocess import check_call as c\ndef f(password):\n    c(['curl', '-u', f'ann:{password}', 'https://a.example'])",
        "import subprocess\nclass A:\n    def f(self):\n        cmd = ['tool', '--token', self.auth_token]\n        subprocess.run(cmd)",
    )
    valid = (
        "import subprocess\ndef f(password):\n    subprocess.run(['tool'], input=password, text=True, check=True)",
        "import subprocess\ndef f(password):\n    subprocess.run(['tool'], env={'PW': password}, check=True)",
        "import subprocess\ndef f(password_file):\n    subprocess.run(['tool', '--password-file', password_file], check=True)",
        "import subprocess\ndef f(password):\n    subprocess.run(['tool', hashed(password)], check=True)",
    )

    def check(self, node: cst.Call, name: str) -> None:
        """Looks at the command's words."""
        words = node.args if name == "asyncio.create_subprocess_exec" else node.args[:1]
        for arg in words:
            if arg.keyword is None and self._shows(resolve(arg.value, self.scope)):
                self.report(node)
                return

    def _shows(self, command: cst.BaseExpression) -> bool:
        covered = {id(below) for one in descend(command) if isinstance(one, cst.Call) for below in descend(one)}
        for one in descend(command):
            last = one.attr if isinstance(one, cst.Attribute) else one
            if isinstance(last, cst.Name) and id(one) not in covered and _SECRET.search(last.value):
                return True
        return False
