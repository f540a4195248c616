"""Calls that stop every task of an event loop."""

import libcst as cst

from analyzers.calls import CallRule

_VERBS = ("get", "post", "put", "patch", "delete", "head", "request")
_BLOCKS = (
    frozenset({"time.sleep", "urllib.request.urlopen", "subprocess.run", "subprocess.call", "subprocess.check_call",
               "subprocess.check_output", "os.system", "os.wait", "socket.create_connection", "builtins.input"})
    | frozenset(f"{owner}.{verb}" for owner in ("requests", "requests.Session()", "httpx", "httpx.Client()") for verb in _VERBS)
)  # fmt: skip


class AsyncBlockingCall(CallRule):
    """A coroutine makes a call that blocks, and every other task of the event loop stands still until it is done.

    The server answers nobody meanwhile, not even health checks.

    Fix: `await asyncio.sleep(...)`, an asynchronous client, or `await asyncio.to_thread(call, ...)`.
    """

    severity = "medium"
    cwe = 400
    prior = 0.75
    references = ("https://docs.python.org/3/library/asyncio-dev.html#running-blocking-code",)
    triggers = ("async def",)
    calls = _BLOCKS
    invalid = (
        "import time\nasync def f():\n    time.sleep(1)",
        "import requests\nasync def f(u):\n    return requests.get(u, timeout=3)",
        "from time import sleep as s\nclass A:\n    async def f(self):\n        for x in y:\n            s(1)",
        "import subprocess\nasync def f(a):\n    out = subprocess.run(a, capture_output=True)\n    return out",
        "from urllib.request import urlopen\nasync def f(u):\n    with urlopen(u) as page:\n        return page.read()",
        "import requests\nasync def f(u):\n    s = requests.Session()\n    return s.post(u)",
    )
    valid = (
        "import asyncio\nasync def f():\n    await asyncio.sleep(1)",
        "import time\nasync def f():\n    def g():\n        time.sleep(1)\n    await asyncio.to_thread(g)",
        "import time\nasync def g(): ...\ndef f():\n    time.sleep(1)",
        "import time, asyncio\nasync def f():\n    await asyncio.to_thread(time.sleep, 1)",
        "import httpx\nasync def f(u):\n    async with httpx.AsyncClient() as c:\n        return await c.get(u)",
        "import time, asyncio\nasync def f(loop):\n    await loop.run_in_executor(None, lambda: time.sleep(1))",
        "from trio import sleep\nasync def f():\n    await sleep(1)",
    )

    def check(self, node: cst.Call, name: str) -> None:
        """Looks whether the innermost function is a coroutine."""
        function = self.scope.node
        if isinstance(function, cst.FunctionDef) and function.asynchronous is not None:
            self.report(node)
