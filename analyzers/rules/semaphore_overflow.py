"""Semaphores that count up for ever."""

import libcst as cst

from analyzers.calls import CallRule
from analyzers.scope import Value
from analyzers.syntax import descend, dotted

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
    references = ("https://docs.python.org/3/library/threading.html#threading.BoundedSemaphore",)
    triggers = ("Semaphore",)
    calls = frozenset(f"{maker}().release" for maker in _MAKERS)
    invalid = (
        "import threading\ns = threading.Semaphore(2)\ndef f():\n    work()\n    s.release()",
        "from threading import Semaphore\ns = Semaphore()\ndef f():\n    for x in y:\n        s.release()",
        "import asyncio\nlimit = asyncio.Semaphore(3)\nasync def f():\n    await g()\n    limit.release()",
        "import multiprocessing as mp\ns = mp.Semaphore(1)\ndef f():\n    try:\n        g()\n    finally:\n        s.release()",
        "import threading as t\ndef f():\n    s = t.Semaphore(1)\n    s.release()",
        "from asyncio import Semaphore as S\ns = S(1)\nclass A:\n    def done(self):\n        s.release()",
        ("from threading import Semaphore\nclass Pool:\n    def __init__(self):\n        self.free = Semaphore(3)\n"
         "    def give_back(self):\n        self.free.release()"),
    )
    valid = (
        ("import threading\ns = threading.Semaphore(2)\ndef f():\n    s.acquire()\n    try:\n        work()\n    finally:\n"
         "        s.release()"),
        "import threading\ns = threading.BoundedSemaphore(2)\ndef f():\n    s.release()",
        "import threading\ns = threading.Semaphore(2)\ndef f():\n    with s:\n        work()",
        "def f(s):\n    s.release()  # Semaphore",
        "import threading\ns = threading.Semaphore(0)\ndef producer():\n    s.release()",
        "import asyncio\ns = asyncio.Semaphore(1)\nasync def f():\n    await s.acquire()\n    s.release()",
        ("from threading import Semaphore\nclass Pool:\n    def __init__(self):\n        self.free = Semaphore(3)\n"
         "    def take(self):\n        self.free.acquire()\n    def give_back(self):\n        self.free.release()"),
        ("from threading import Semaphore\nclass Signal:\n    def __init__(self):\n        self.ready = Semaphore(0)\n"
         "    def tell(self):\n        self.ready.release()"),
        "import threading\nlock = threading.Lock()  # no Semaphore\ndef f():\n    lock.release()",
    )

    def check(self, node: cst.Call, name: str) -> None:
        """Looks for the taking in the same function; one that starts at 0 is a signal, not a limit."""
        if not isinstance(node.func, cst.Attribute):
            return
        owner = dotted(node.func.value)
        whole = next(iter(self.context.inside(cst.ClassDef)), None) if (owner or "").startswith("self.") else None
        below = list(descend(whole or self.scope.node, into_scopes=whole is not None))
        taken = any(dotted(call.func) == f"{owner}.acquire" for call in below if isinstance(call, cst.Call))
        taken = taken or any(whole is not None and dotted(one.item) == owner for one in below if isinstance(one, cst.WithItem))
        if not taken and not self._signals(node.func.value):
            self.report(node)

    def _signals(self, owner: cst.BaseExpression) -> bool:
        made = [value for value, _ in self._values(owner)]
        return any(isinstance(one, cst.Call) and one.args and self.number(one.args[0].value) == 0 for one in made)

    def _values(self, owner: cst.BaseExpression) -> list[Value]:
        if isinstance(owner, cst.Name):
            return [(one.value, self.scope) for one in self.scope.reaching(owner.value, owner)]
        around = self.scope.parent
        if isinstance(owner, cst.Attribute) and around is not None:
            return around.attribute_values(owner.attr.value)
        return []
