"""Values that are kept under a name which nobody reads."""

import libcst as cst

from analyzers.rule import Rule
from analyzers.syntax import descend

_SEES_ALL = frozenset({"locals", "vars", "eval", "exec", "dir"})


class UnusedLocal(Rule):
    """A value is kept under a name that the function never reads.

    Either it is left over, or another name was meant where it should be read.

    Fix: take the name away, or read it; `_` says that a value is not wanted.
    """

    severity = "low"
    cwe = 563
    prior = 0.5
    references = ("https://cwe.mitre.org/data/definitions/1164.html",)
    extended = True
    triggers = ("def ",)
    invalid = (
        "def f(x):\n    y = x + 1\n    return x",
        "def f():\n    result: int = g()\n    h()",
        "class A:\n    def f(self):\n        old = self.x\n        self.x = 1",
        "async def f(q):\n    item = await q.get()",
        "def f(x):\n    total = 0\n    for one in x:\n        total = one\n    return x",
        "def f():\n    def g():\n        n = 1\n    return g",
    )
    valid = (
        "def f(x):\n    y = x + 1\n    return y",
        "def f():\n    _ = g()\n    _rest = h()",
        "def f():\n    n = 1\n    def g():\n        return n\n    return g",
        "def f():\n    global n\n    n = 1",
        "def f():\n    x = 1\n    return locals()",
        "def f(pair):\n    first, second = pair\n    return first",
        "def f():\n    with open('x') as file:\n        pass",
        "n = 1\nclass A:\n    m = 2",
        "def f():\n    if (n := g()):\n        return 1",
    )

    def visit_FunctionDef(self, node: cst.FunctionDef) -> None:
        """Looks at names that only ever stand on the left."""
        scope = self.context.scope_of(node)
        targets: dict[int, cst.Name] = {}
        read: set[str] = set()
        for one in descend(node.body, into_scopes=True):
            match one:
                case cst.AssignTarget(target=cst.Name() as target):
                    targets[id(target)] = target
                case cst.AnnAssign(target=cst.Name() as target, value=value) if value is not None:
                    targets[id(target)] = target
                case cst.Name() if id(one) not in targets:
                    read.add(one.value)
        if read & _SEES_ALL:
            return
        own = {one.value for one in targets.values() if not one.value.startswith("_") and one.value not in read}
        for name in sorted(own):
            found = scope.bindings(name)
            if found and all(one.kind == "assign" for one in found) and not scope.declares_elsewhere(name):
                self.report(found[0].node, f"`{name}` is never read.")
