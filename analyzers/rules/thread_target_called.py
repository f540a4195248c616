"""Work that is done before the thread starts."""

import re

import libcst as cst

from analyzers.rule import Rule
from analyzers.syntax import argument

_STARTERS = {"threading.Thread": ("target", 1), "multiprocessing.Process": ("target", 1), "threading.Timer": ("function", 1),
             "multiprocessing.context.Process": ("target", 1)}  # fmt: skip
_SUBMITS = frozenset(f"concurrent.futures.{kind}Executor().submit" for kind in ("ThreadPool", "ProcessPool"))
_MAKES = re.compile(r"^_?(make|get|create|build|wrap|partial|with|bind|decorate|lookup|curry|wraps)(_|$)|(factory|wrapper|decorator)$")


class ThreadTargetCalled(Rule):
    """The function is called here and now; the thread gets what it returned, mostly None, and does nothing.

    `target=work()` runs `work` in the thread that makes the new one.

    Fix: pass the function and its arguments apart: `Thread(target=work, args=(1,))`, `pool.submit(work, 1)`.
    """

    severity = "high"
    confidence = "medium"
    cwe = 628
    prior = 0.9
    references = ("https://docs.python.org/3/library/threading.html#threading.Thread",)
    triggers = ("Thread", "Process", "Timer", "Executor")
    invalid = (
        "import threading\ndef work(): ...\nt = threading.Thread(target=work())",
        "from multiprocessing import Process as P\ndef run(n): ...\nfor n in range(3):\n    P(None, run(n)).start()",
        ("from concurrent.futures import ThreadPoolExecutor\ndef f(job):\n    with ThreadPoolExecutor() as pool:\n"
         "        pool.submit(job(1))"),
        "from threading import Timer\nclass A:\n    def arm(self):\n        Timer(5.0, self.ring()).start()",
    )
    valid = (
        "import threading\ndef work(): ...\nt = threading.Thread(target=work)",
        "import threading\nfrom functools import partial\nt = threading.Thread(target=partial(work, 1))",
        "import threading\nt = threading.Thread(target=make_worker(3))",
        "import threading\ndef work(n):\n    def run(): ...\n    return run\nt = threading.Thread(target=work(3))",
        "from concurrent.futures import ThreadPoolExecutor\nwith ThreadPoolExecutor() as pool:\n    pool.submit(work, 1)",
    )

    def visit_Call(self, node: cst.Call) -> None:
        """Looks at what a thread, a process or a pool is to run."""
        name = self.qualified_name(node.func) or ""
        given: cst.BaseExpression | None = None
        if name in _STARTERS:
            given = argument(node, *_STARTERS[name])
        elif name in _SUBMITS and len(node.args) == 1:
            given = node.args[0].value
        if isinstance(given, cst.Call) and not self._gives_function(given.func):
            self.report(given)

    def _gives_function(self, func: cst.BaseExpression) -> bool:
        last = func.attr if isinstance(func, cst.Attribute) else func
        if not isinstance(last, cst.Name) or _MAKES.search(last.value.lower()):
            return True
        found = self.scope.reaching(last.value, func) if isinstance(func, cst.Name) else []
        return any(_holds_function(one.node) for one in found) or self.qualified_name(func) == "functools.partial"


def _holds_function(node: cst.CSTNode) -> bool:
    if isinstance(node, cst.ClassDef):
        return True
    return isinstance(node, cst.FunctionDef) and any(isinstance(one, cst.FunctionDef) for one in node.body.body)
