"""Pools of workers that nobody ends."""

import libcst as cst

from analyzers.ownership import released
from analyzers.rule import Rule
from analyzers.scope import Scope
from analyzers.syntax import ScopeNode, descend, dotted

_POOLS = frozenset({"multiprocessing.Pool", "multiprocessing.pool.Pool", "multiprocessing.pool.ThreadPool", "multiprocessing.dummy.Pool",
                    "concurrent.futures.ThreadPoolExecutor", "concurrent.futures.ProcessPoolExecutor"})  # fmt: skip
_WORDS = ("Pool", "ThreadPool", "ThreadPoolExecutor", "ProcessPoolExecutor")
_ENDS = ("close", "terminate", "shutdown")


class PoolNotClosed(Rule):
    """The pool's workers are never ended; each call of this function leaves them behind.

    Idle processes keep memory, files and connections; when Python collects a running pool, its results are lost.

    Fix: `with Pool() as pool:`, or `shutdown()` in a `finally`.
    """

    severity = "medium"
    confidence = "medium"
    cwe = 772
    prior = 0.65
    references = ("https://docs.python.org/3/library/multiprocessing.html#multiprocessing.pool.Pool",)
    triggers = ("Pool",)
    invalid = (
        "from multiprocessing import Pool\ndef f(x):\n    pool = Pool(4)\n    return pool.map(g, x)",
        "from concurrent.futures import ThreadPoolExecutor\ndef f(x):\n    e = ThreadPoolExecutor()\n    return list(e.map(g, x))",
        "import multiprocessing as mp\ndef f(x):\n    return mp.Pool().map(g, x)",
        ("import concurrent.futures\ndef f():\n    e = concurrent.futures.ProcessPoolExecutor(2)\n    r = e.submit(g)\n"
         "    return r.result()"),
        "from multiprocessing.pool import ThreadPool\nclass A:\n    def f(self, x):\n        p = ThreadPool(2)\n        p.apply_async(g)",
        "from concurrent.futures import ThreadPoolExecutor as T\ndef f():\n    T().submit(g)",
    )
    valid = (
        "from multiprocessing import Pool\ndef f(x):\n    with Pool(4) as pool:\n        return pool.map(g, x)",
        ("from multiprocessing import Pool\ndef f(x):\n    pool = Pool(4)\n    r = pool.map(g, x)\n    pool.close()\n    pool.join()\n"
         "    return r"),
        ("from concurrent.futures import ThreadPoolExecutor\ndef f():\n    e = ThreadPoolExecutor()\n    try:\n        e.submit(g)\n"
         "    finally:\n        e.shutdown()"),
        "from concurrent.futures import ThreadPoolExecutor\nclass A:\n    def __init__(self):\n        self.pool = ThreadPoolExecutor()",
        "from concurrent.futures import ThreadPoolExecutor\nPOOL = ThreadPoolExecutor()\ndef f():\n    POOL.submit(g)",
        "from concurrent.futures import ThreadPoolExecutor\ndef f():\n    return ThreadPoolExecutor()",
        "from sqlalchemy.pool import Pool\ndef f():\n    p = Pool(c)\n    p.connect()",
    )

    def visit_FunctionDef(self, node: cst.FunctionDef) -> None:
        """Looks at pools kept in a local name."""
        self._check(node, self.context.scope_of(node))

    def visit_Attribute(self, node: cst.Attribute) -> None:
        """Looks at pools used and dropped at once."""
        if isinstance(node.value, cst.Call) and self.qualified_name(node.value.func) in _POOLS and node.attr.value not in _ENDS:
            self.report(node.value)

    def _check(self, place: ScopeNode, scope: Scope) -> None:
        made = [one for one in scope.all_bindings() if one.kind == "assign" and isinstance(one.value, cst.Call)
                and self.context.qualified_name(one.value.func, scope) in _POOLS and not scope.declares_elsewhere(one.name)]  # fmt: skip
        if not made:
            return
        kept = released(place, scope)
        ended = {dotted(one.func.value) for one in descend(place) if isinstance(one, cst.Call) and isinstance(one.func, cst.Attribute)
                 and one.func.attr.value in _ENDS}  # fmt: skip
        for one in made:
            if one.name not in kept and one.name not in ended and one.value is not None:
                self.report(one.value)
