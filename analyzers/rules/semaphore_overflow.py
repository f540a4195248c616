"""Semaphores that count up for ever."""

import libcst as cst

from analyzers.blocks import calls_in
from analyzers.calls import CallRule
from analyzers.syntax import dotted

_MAKERS = frozenset(f"{module}.Semaphore" for module in ("threading", "asyncio", "multiprocessing"))


class SemaphoreOverflow(CallRule):
    """The semaphore is released where it was not taken, so it lets in more than it was made for.

    A plain Semaphore counts each extra release as one more place and tells nobody.

    Fix: use `BoundedSemaphore`, which raises, and take it with `with semaphore:`.
    """

    severity = "low"
    confidence = "medium"
    cwe = 821
    prior = 0.55
    triggers = ("Semaphore",)
    calls = frozenset(f"{maker}().release" for maker in _MAKERS)
    invalid = (
        "import threading\ns = threading.Semaphore(2)\ndef f():\n    work()\n    s.release()",
        "from threading import Semaphore\ns = Semaphore()\ndef f():\n    for x in y:\n        s.release()",
        "import asyncio\nlimit = asyncio.Semaphore(3)\nasync def f():\n    await g()\n    limit.release()",
        "import multiprocessing as mp\ns = mp.Semaphore(1)\ndef f():\n    try:\n        g()\n    finally:\n        s.release()",
        "import threading as t\ndef f():\n    s = t.Semaphore(1)\n    s.release()",
        "from asyncio import Semaphore as S\ns = S(1)\nclass A:\n    def done(self):\n        s.release()",
    )
    valid = (
        ("import threading\ns = threading.Semaphore(2)\ndef f():\n    s.acquire()\n    try:\n        work()\n    finally:\n"
         "        s.release()"),
        "import threading\ns = threading.BoundedSemaphore(2)\ndef f():\n    s.release()",
        "import threading\ns = threading.Semaphore(2)\ndef f():\n    with s:\n        work()",
        "def f(s):\n    s.release()  # Semaphore",
        "import threading\ns = threading.Semaphore(0)\ndef producer():\n    s.release()",
        "import asyncio\ns = asyncio.Semaphore(1)\nasync def f():\n    await s.acquire()\n    s.release()",
        "import threading\nlock = threading.Lock()  # no Semaphore\ndef f():\n    lock.release()",
    )

    def check(self, node: cst.Call, name: str) -> None:
        """Looks for the taking in the same function; one that starts at 0 is a signal, not a limit."""
        if not isinstance(node.func, cst.Attribute):
            return
        owner = dotted(node.func.value)
        taken = any(dotted(call.func) == f"{owner}.acquire" for call in calls_in(self.scope.node))
        if not taken and not self._signals(node.func.value):
            self.report(node)

    def _signals(self, owner: cst.BaseExpression) -> bool:
        if not isinstance(owner, cst.Name):
            return True
        made = [one.value for one in self.scope.reaching(owner.value, owner)]
        return any(isinstance(one, cst.Call) and one.args and self.number(one.args[0].value) == 0 for one in made)
