"""Tasks that nobody holds."""

import libcst as cst

from analyzers.calls import CallRule


class DroppedTask(CallRule):
    """The task is started and its handle thrown away; it may be collected before it is done, and its errors are lost.

    The event loop keeps only weak references to tasks (see the note at `asyncio.create_task`).

    Fix: keep it in a set and remove it when done: `task.add_done_callback(tasks.discard)`, or use `asyncio.TaskGroup`.
    """

    severity = "medium"
    cwe = None
    prior = 0.7
    references = ("https://docs.python.org/3/library/asyncio-task.html#asyncio.create_task",)
    triggers = ("create_task", "ensure_future")
    calls = frozenset({"asyncio.create_task", "asyncio.ensure_future", "asyncio.get_event_loop().create_task",
                       "asyncio.get_running_loop().create_task"})  # fmt: skip
    invalid = (
        "import asyncio\nasync def f():\n    asyncio.create_task(g())",
        "from asyncio import ensure_future\ndef f():\n    ensure_future(g())",
        "import asyncio\ndef f():\n    loop = asyncio.get_running_loop()\n    loop.create_task(g())",
        "import asyncio as a\nclass A:\n    async def f(self):\n        for x in y:\n            a.create_task(self.g(x))",
        "import asyncio\nasync def f():\n    _ = asyncio.create_task(g())",
        "import asyncio\nasyncio.get_event_loop().create_task(g())",
    )
    valid = (
        "import asyncio\nasync def f():\n    task = asyncio.create_task(g())\n    await task",
        "import asyncio\nasync def f():\n    async with asyncio.TaskGroup() as tasks:\n        tasks.create_task(g())",
        "import asyncio\ndef f():\n    return asyncio.create_task(g())",
        "import asyncio\nasync def f(tasks):\n    tasks.add(asyncio.create_task(g()))",
        "def f(board):\n    board.create_task('wash up')",
        "import asyncio\nasync def f():\n    await asyncio.create_task(g())",
        "import asyncio\nclass A:\n    def f(self):\n        self.task = asyncio.create_task(g())",
    )

    def check(self, node: cst.Call, name: str) -> None:
        """Looks at what becomes of the handle."""
        around = self.parent()
        dropped = isinstance(around, cst.Expr)
        if isinstance(around, cst.Assign):
            target = around.targets[0].target
            dropped = len(around.targets) == 1 and isinstance(target, cst.Name) and target.value == "_"
        if dropped:
            self.report(node)
