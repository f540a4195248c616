"""Locks that stay closed when something fails."""

import libcst as cst

from analyzers.blocks import calls_in, expression_of, last_name, statements
from analyzers.rule import Rule
from analyzers.syntax import argument, descend, dotted

_BLOCKS = (cst.IndentedBlock, cst.Module)


class LockWithoutRelease(Rule):
    """The lock is taken, but an error before its release leaves it closed for ever.

    Every thread that asks for it then waits without end.

    Fix: `with lock:`, or release it in a `finally`.
    """

    severity = "medium"
    confidence = "medium"
    cwe = 667
    prior = 0.7
    references = ("https://docs.python.org/3/library/threading.html#using-locks-conditions-and-semaphores-in-the-with-statement",)
    triggers = (".acquire(",)
    invalid = (
        "def f(lock):\n    lock.acquire()\n    work()\n    lock.release()",
        "class A:\n    def f(self):\n        self._lock.acquire()\n        self.n += step()\n        self._lock.release()",
        "async def f(lock):\n    await lock.acquire()\n    await work()\n    lock.release()",
        "import threading\nmutex = threading.Lock()\ndef f():\n    mutex.acquire()\n    g()\n    mutex.release()",
        "def f(lock, d):\n    lock.acquire()\n    d['n'] += 1\n    lock.release()",
        "def f(lock, d, k):\n    lock.acquire()\n    if k in d:\n        return False\n    d[k] = 1\n    lock.release()",
        "def f(lock, x):\n    lock.acquire()\n    try:\n        g(x)\n    except ValueError:\n        h()\n    lock.release()",
        "def f(lock):\n    lock.acquire()\n    if g():\n        lock.release()\n        return 1\n    lock.release()",
    )
    valid = (
        "def f(lock):\n    with lock:\n        work()",
        "def f(lock):\n    lock.acquire()\n    try:\n        work()\n    finally:\n        lock.release()",
        "class A:\n    def __enter__(self):\n        self.lock.acquire()\n        return self",
        "class A:\n    def acquire(self):\n        self.lock.acquire()",
        "def f(lock):\n    if not lock.acquire(blocking=False):\n        return\n    work()",
        "def f(lock):\n    try:\n        lock.acquire()\n        work()\n    finally:\n        lock.release()",
        "def f(pool):\n    pool.acquire()\n    work()",
        "def f(lock):\n    lock.acquire()\n    x = 1\n    lock.release()",
    )

    def visit_FunctionDef(self, node: cst.FunctionDef) -> None:
        """Looks at each lock taken and released in one function."""
        taken = [one for one in self._plain(node.body) if last_name(one.func) == "acquire" and not argument(one, "blocking", 0)]
        for call in taken:
            owner = dotted(call.func)
            if owner is None:
                continue
            release = owner.removesuffix("acquire") + "release"
            released = [one for one in self._plain(node.body) if dotted(one.func) == release]
            if released and not self._in_finally(node, release) and self._risky(node, call, released[0]):
                self.report(call)

    def _plain(self, body: cst.CSTNode) -> list[cst.Call]:
        found = []
        for one in _statements_below(body):
            value = expression_of(one)
            if isinstance(value, cst.Call):
                found.append(value)
        return found

    def _in_finally(self, function: cst.FunctionDef, release: str) -> bool:
        return any(
            dotted(call.func) == release
            for one in _blocks_below(function.body) if isinstance(one, cst.Finally) for call in calls_in(one)
        )  # fmt: skip

    def _risky(self, function: cst.FunctionDef, acquire: cst.Call, release: cst.Call) -> bool:
        """Whether anything that can fail, a call, stands between."""
        calls = list(calls_in(function.body))
        first, last = calls.index(acquire), calls.index(release)
        if last - first > 1:
            return True
        taken, leaving = False, False
        for one in descend(function.body):
            taken = taken or one is acquire
            if one is release:
                return leaving
            leaving = leaving or (taken and isinstance(one, cst.Return | cst.Raise | cst.AugAssign) and _can_fail(one))
        return False


def _can_fail(node: cst.CSTNode) -> bool:
    return not isinstance(node, cst.AugAssign) or isinstance(node.target, cst.Subscript)


def _blocks_below(node: cst.CSTNode) -> list[cst.CSTNode]:
    found, stack = [], [node]
    while stack:
        one = stack.pop()
        found.append(one)
        if not isinstance(one, cst.FunctionDef | cst.ClassDef):
            stack.extend(below for below in one.children if isinstance(below, cst.BaseSuite | cst.BaseCompoundStatement | cst.Finally
                                                                       | cst.Else | cst.ExceptHandler))  # fmt: skip
    return found


def _statements_below(node: cst.CSTNode) -> list[cst.CSTNode]:
    return [line for block in _blocks_below(node) if isinstance(block, cst.BaseSuite) for line in statements(block)]
