"""Joins before the queue is read."""

import libcst as cst

from analyzers.blocks import calls_in, last_name
from analyzers.rule import Rule
from analyzers.syntax import dotted

_QUEUES = frozenset({"multiprocessing.Queue", "multiprocessing.JoinableQueue", "multiprocessing.queues.Queue"})


class QueueJoinDeadlock(Rule):
    """A process is joined before its queue is read, and both can wait for ever.

    A child that has put items into a queue ends only when they are written to the pipe, and the pipe is full until
    somebody reads (see "Joining processes that use queues" in Python's documentation).

    Fix: read the queue first, then call `join()`.
    """

    severity = "high"
    confidence = "medium"
    cwe = 833
    prior = 0.75
    references = ("https://docs.python.org/3/library/multiprocessing.html#programming-guidelines",)
    triggers = ("multiprocessing",)
    invalid = (
        ("from multiprocessing import Process, Queue\ndef f():\n    q = Queue()\n    p = Process(target=g, args=(q,))\n    p.start()\n"
         "    p.join()\n    return q.get()"),
        ("import multiprocessing as mp\ndef f():\n    q = mp.Queue()\n    p = mp.Process(target=g, args=(q,))\n    p.start()\n"
         "    p.join()\n    print(q.get())"),
        ("import multiprocessing\ndef f():\n    out = multiprocessing.JoinableQueue()\n"
         "    w = multiprocessing.Process(target=g, args=(out,))\n"
         "    w.start()\n    w.join()\n    x = out.get()\n    return x"),
        ("from multiprocessing import Process, Queue as Q\nclass A:\n    def f(self):\n        q = Q()\n"
         "        p = Process(target=self.g, kwargs={'q': q})\n"
         "        p.start()\n        p.join()\n        return q.get(timeout=1)"),
        "from multiprocessing import Process, Queue\nq = Queue()\np = Process(target=g, args=(q,))\np.start()\np.join()\nprint(q.get())",
        ("from multiprocessing import Process, Queue\ndef f():\n    q = Queue()\n    p = Process(target=g, args=(q,))\n    p.start()\n"
         "    p.join()\n"
         "    return [q.get() for _ in range(3)]"),
    )
    valid = (
        ("from multiprocessing import Process, Queue\ndef f():\n    q = Queue()\n    p = Process(target=g, args=(q,))\n    p.start()\n"
         "    x = q.get()\n    p.join()\n    return x"),
        ("from threading import Thread\nfrom queue import Queue  # no multiprocessing\ndef f():\n    q = Queue()\n"
         "    t = Thread(target=g, args=(q,))\n"
         "    t.start()\n    t.join()\n    return q.get()"),
        "from multiprocessing import Process, Queue\ndef f():\n    q = Queue()\n    p = Process(target=g)\n    p.start()\n    p.join()",
        "from multiprocessing import Process, Queue\ndef f(q):\n    p = Process(target=g, args=(q,))\n    p.join()\n    return q.get()",
        "from multiprocessing import Queue\ndef f():\n    q = Queue()\n    name = ', '.join('ab')\n    return q.get()",
        ("from multiprocessing import Process, Manager\ndef f():\n    q = Manager().Queue()\n    p = Process(target=g, args=(q,))\n"
         "    p.start()\n"
         "    p.join()\n    return q.get()"),
    )

    def visit_Module(self, node: cst.Module) -> None:
        """Looks at the module's own statements."""
        self._check(node)

    def visit_FunctionDef(self, node: cst.FunctionDef) -> None:
        """Looks at one function."""
        self._check(node)

    def _check(self, place: cst.Module | cst.FunctionDef) -> None:
        scope = self.context.scope_of(place)
        queues = {one.name for one in scope.all_bindings() if one.kind == "assign" and isinstance(one.value, cst.Call)
                  and self.context.qualified_name(one.value.func, scope) in _QUEUES}  # fmt: skip
        if not queues:
            return
        processes = {one.name for one in scope.all_bindings() if one.kind == "assign" and isinstance(one.value, cst.Call)
                     and self.context.qualified_name(one.value.func, scope) == "multiprocessing.Process"}  # fmt: skip
        joined: cst.Call | None = None
        read: set[str] = set()
        for call in calls_in(place):
            owner = dotted(call.func.value) if isinstance(call.func, cst.Attribute) else None
            if last_name(call.func) == "get" and owner in queues:
                if joined is not None and owner not in read:
                    self.report(joined)
                    return
                read.add(owner or "")
            elif last_name(call.func) == "join" and owner in processes and joined is None:
                joined = call
