"""Event loops started inside one."""

import libcst as cst

from analyzers.calls import CallRule


class NestedEventLoop(CallRule):
    """A coroutine starts an event loop while one is running, which raises RuntimeError.

    A thread can run one loop at a time.

    Fix: `await` the coroutine.
    """

    severity = "high"
    cwe = None
    prior = 0.9
    references = ("https://docs.python.org/3/library/asyncio-runner.html#asyncio.run",)
    triggers = ("async def",)
    calls = frozenset({"asyncio.run", "asyncio.get_event_loop().run_until_complete", "asyncio.get_running_loop().run_until_complete",
                       "asyncio.get_event_loop().run_forever", "asyncio.new_event_loop().run_until_complete"})  # fmt: skip
    invalid = (
        "import asyncio\nasync def f():\n    asyncio.run(g())",
        "from asyncio import run\nasync def f():\n    return run(g())",
        "import asyncio\nasync def f():\n    loop = asyncio.get_event_loop()\n    loop.run_until_complete(g())",
        "import asyncio as a\nclass A:\n    async def f(self):\n        if self.x:\n            a.run(self.g())",
        "import asyncio\nasync def f():\n    asyncio.get_running_loop().run_until_complete(g())",
        "import asyncio\nasync def f():\n    loop = asyncio.new_event_loop()\n    return loop.run_until_complete(g())",
    )
    valid = (
        "import asyncio\nasync def f(): ...\nasyncio.run(f())",
        "import asyncio\nasync def f(): ...\ndef main():\n    asyncio.run(f())",
        "import asyncio\nasync def f():\n    def g():\n        asyncio.run(h())\n    await asyncio.to_thread(g)",
        "import anyio\nasync def f():\n    await anyio.run(g)",
        "async def f(asyncio):\n    asyncio.run(1)",
        "import asyncio\nasync def f():\n    await asyncio.to_thread(lambda: asyncio.run(g()))",
    )

    def check(self, node: cst.Call, name: str) -> None:
        """Looks whether the innermost function is a coroutine."""
        function = self.scope.node
        if isinstance(function, cst.FunctionDef) and function.asynchronous is not None:
            self.report(node)
