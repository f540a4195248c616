"""Coroutines that never run."""

import libcst as cst

from analyzers.rule import Rule
from analyzers.scope import Scope

_KNOWN = frozenset({"asyncio.sleep", "asyncio.wait_for", "asyncio.wait", "asyncio.open_connection", "asyncio.start_server",
                    "asyncio.to_thread", "asyncio.create_subprocess_exec", "asyncio.create_subprocess_shell", "asyncio.Lock().acquire",
                    "asyncio.Event().wait", "asyncio.Queue().put", "asyncio.Queue().get", "asyncio.Queue().join"})  # fmt: skip


class UnawaitedCoroutine(Rule):
    """The coroutine is made and thrown away: nothing of it ever runs.

    Calling a coroutine function only builds the object; Python warns when it is collected, if anybody looks.

    Fix: put `await` before the call, or keep the task: `task = asyncio.create_task(...)`.
    """

    severity = "high"
    cwe = None
    prior = 0.9
    references = ("https://docs.python.org/3/library/asyncio-dev.html#detect-never-awaited-coroutines",)
    triggers = ("async def", "asyncio")
    invalid = (
        "import asyncio\nasync def f():\n    asyncio.sleep(1)",
        "async def g(): ...\nasync def f():\n    g()",
        "class A:\n    async def g(self): ...\n    async def f(self):\n        self.g()",
        "from asyncio import sleep\ndef f():\n    sleep(3)",
        "async def g(x): ...\ndef f():\n    if 1:\n        g(2)",
        "import asyncio\nq = asyncio.Queue()\nasync def f():\n    q.put(1)",
    )
    valid = (
        "import asyncio\nasync def f():\n    await asyncio.sleep(1)",
        "async def g(): ...\ndef f():\n    return g()",
        "import asyncio\nasync def g(): ...\nasyncio.run(g())",
        "async def g(): ...\nasync def f():\n    task = g()\n    await task",
        "import time\nasync def f():\n    time.sleep(1)",
        "class A:\n    async def g(self): ...\n    def h(self): ...\n    async def f(self):\n        self.h()",
        "@fixture\nasync def g(): ...\ndef f():\n    g()",
        "class A:\n    async def g(self): ...\nclass B:\n    def f(self):\n        self.g()",
    )

    def visit_Expr(self, node: cst.Expr) -> None:
        """Looks at calls whose result is thrown away."""
        if isinstance(node.value, cst.Call) and self._makes_coroutine(node.value.func):
            self.report(node.value)

    def _makes_coroutine(self, func: cst.BaseExpression) -> bool:
        if self.qualified_name(func) in _KNOWN:
            return True
        match func:
            case cst.Name(value=str(name)):
                owner = self.scope.owner(name)
                return owner is not None and _is_coroutine(owner, name)
            case cst.Attribute(value=cst.Name(value="self"), attr=cst.Name(value=str(name))):
                around = self.context.inside(cst.ClassDef)
                return bool(around) and isinstance(around[0], cst.ClassDef) and _method(around[0], name)
        return False


def _is_coroutine(owner: Scope, name: str) -> bool:
    found = owner.bindings(name)
    return len(found) == 1 and _plain_async(found[0].node)


def _method(owner: cst.ClassDef, name: str) -> bool:
    body = owner.body.body
    found = [one for one in body if isinstance(one, cst.FunctionDef) and one.name.value == name]
    return len(found) == 1 and _plain_async(found[0])


def _plain_async(node: cst.CSTNode) -> bool:
    return isinstance(node, cst.FunctionDef) and node.asynchronous is not None and not node.decorators
