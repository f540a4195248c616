"""Queues that are waited for in vain."""

import libcst as cst

from analyzers.calls import CallRule, prefixed


class QueueWithoutTaskDone(CallRule):
    """`join()` waits until each item is reported done, and nothing in the file calls `task_done()`: it waits for ever.

    `get` alone does not count an item as done.

    Fix: call `queue.task_done()` in a `finally` after each item.
    """

    severity = "medium"
    confidence = "medium"
    cwe = 833
    prior = 0.8
    references = ("https://docs.python.org/3/library/queue.html#queue.Queue.join",)
    triggers = ("Queue",)
    calls = frozenset({f"{made}().join" for made in ("multiprocessing.JoinableQueue", "asyncio.Queue")}) | {
        f"{name}().join" for name in prefixed("queue", "Queue", "LifoQueue", "PriorityQueue")
    }
    invalid = (
        "import queue\njobs = queue.Queue()\ndef work():\n    while True:\n        jobs.get()()\njobs.join()",
        "import asyncio\nasync def f(use):\n    q = asyncio.Queue()\n    use(await q.get())\n    await q.join()",
    )
    valid = (
        "import queue\njobs = queue.Queue()\ndef work():\n    jobs.get()()\n    jobs.task_done()\njobs.join()",
        "import queue\nfrom mine import work\njobs = queue.Queue()\nwork(jobs)\njobs.join()",
        "names = ['Queue']\nx = ','.join(names)",
    )

    def check(self, node: cst.Call, name: str) -> None:
        """Looks for both halves in the file: who takes items elsewhere may report them there."""
        text = self.context.text
        if "task_done" not in text and ".get(" in text:
            self.report(node)
