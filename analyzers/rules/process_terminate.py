"""Processes that are killed and left as zombies."""

import libcst as cst

from analyzers.blocks import calls_in, last_name
from analyzers.calls import CallRule
from analyzers.syntax import dotted

_MAKERS = ("multiprocessing.Process()", "multiprocessing.context.Process()", "subprocess.Popen()")


class ProcessTerminate(CallRule):
    """The process is ended but never waited for, so it stays in the table of processes as a zombie.

    Each uses an entry; a service that runs for long runs out of them. It may also still hold its files and locks.

    Fix: call `join()` of a Process, or `wait()` of a Popen, right after it.
    """

    severity = "low"
    confidence = "medium"
    cwe = 772
    prior = 0.55
    references = ("https://docs.python.org/3/library/multiprocessing.html#multiprocessing.Process.terminate",)
    triggers = ("terminate", "kill")
    calls = frozenset(f"{maker}.{verb}" for maker in _MAKERS for verb in ("terminate", "kill"))
    invalid = (
        "from multiprocessing import Process\ndef f():\n    p = Process(target=g)\n    p.start()\n    p.terminate()",
        "import subprocess\ndef f(a):\n    p = subprocess.Popen(a)\n    p.kill()",
        ("import multiprocessing as mp\nclass A:\n    def f(self):\n        p = mp.Process(target=self.g)\n        p.start()\n"
         "        p.kill()"),
        "from subprocess import Popen as P\ndef f(a):\n    p = P(a)\n    try:\n        g()\n    finally:\n        p.terminate()",
        "import subprocess\np = subprocess.Popen(['a'])\np.terminate()",
        "import multiprocessing\np = multiprocessing.Process(target=g)\np.start()\np.terminate()\nprint('done')",
    )
    valid = (
        "from multiprocessing import Process\ndef f():\n    p = Process(target=g)\n    p.start()\n    p.terminate()\n    p.join()",
        "import subprocess\ndef f(a):\n    p = subprocess.Popen(a)\n    p.kill()\n    p.wait()",
        "import subprocess\ndef f(a):\n    with subprocess.Popen(a) as p:\n        p.terminate()",
        "import subprocess\ndef f(a):\n    p = subprocess.Popen(a)\n    p.kill()\n    p.communicate()",
        "def f(p):\n    p.terminate()",
        "import subprocess\ndef f(a):\n    p = subprocess.Popen(a)\n    p.kill()\n    return p",
        "import subprocess\ndef f(a):\n    p = subprocess.Popen(a)\n    p.kill()\n    reap(p)",
    )

    def check(self, node: cst.Call, name: str) -> None:
        """Looks whether the same function waits or hands the process on."""
        owner = dotted(node.func.value) if isinstance(node.func, cst.Attribute) else None
        if owner is None or "." in owner:
            return
        if any(one.kind == "with" for one in self.scope.reaching(owner, node)) or self._with(owner):
            return
        waits = {dotted(call.func) for call in calls_in(self.scope.node) if last_name(call.func) in ("join", "wait", "communicate", "poll")}
        waited = {f"{owner}.join", f"{owner}.wait", f"{owner}.communicate", f"{owner}.poll"} & waits
        if not waited and not self._leaves(owner):
            self.report(node)

    def _with(self, owner: str) -> bool:
        return any(one.kind == "with" for one in self.scope.bindings(owner))

    def _leaves(self, owner: str) -> bool:
        code = self.context.module.code_for_node(self.scope.node)
        given = any(isinstance(arg.value, cst.Name) and arg.value.value == owner for call in calls_in(self.scope.node) for arg in call.args)
        return given or f"return {owner}" in code or f"yield {owner}" in code or f"= {owner}\n" in code
