"""Functions made in a loop that all see its last value."""

import libcst as cst

from analyzers.rule import Rule
from analyzers.scope import parameters
from analyzers.syntax import bound_names, descend

_LOOPS = (cst.For, cst.ListComp, cst.SetComp, cst.DictComp)
_AT_ONCE = frozenset({"sorted", "min", "max", "map", "filter", "any", "all", "sum", "sort", "sub", "next", "list"})


class LateBindingClosure(Rule):
    """A function made in a loop uses the loop's variable; when it is called later, all see the last value.

    The function looks the name up when it runs, not when it is made.

    Fix: bind the value at once with a default, `lambda x=x: ...`, or use `functools.partial`.
    """

    severity = "medium"
    confidence = "medium"
    cwe = None
    prior = 0.7
    references = (
        "https://docs.python.org/3/faq/programming.html#why-do-lambdas-defined-in-a-loop-with-different-values-all-return-the-same-result",
    )
    triggers = ("for",)
    invalid = (
        "calls = []\nfor i in range(3):\n    calls.append(lambda: i)",
        "calls = [lambda x: x + i for i in range(3)]",
        "handlers = {}\nfor name in 'ab':\n    def handle(event):\n        return name\n    handlers[name] = handle",
        "for button in buttons:\n    button.clicked.connect(lambda: press(button))",
        ("class Menu:\n    def build(self):\n        for name, action in self.items:\n"
         "            self.commands[name] = lambda: action(self)"),
        "checks = {n: (lambda v: v > n) for n in limits}",
        ("async def f(urls):\n    jobs = []\n    for url in urls:\n        async def job():\n            return await get(url)\n"
        "        jobs.append(job)"),
    )
    valid = (
        "calls = []\nfor i in range(3):\n    calls.append(lambda i=i: i)",
        "for items in groups:\n    items.sort(key=lambda x: x.age)",
        "for limit in limits:\n    kept = sorted(items, key=lambda x: x - limit)",
        "for i in range(3):\n    kept = list(filter(lambda x: x > i, items))",
        "for i in range(3):\n    print((lambda: i)())",
        "for i in range(3):\n    def f(i):\n        return i\n    calls.append(f)",
        "for name in 'ab':\n    def once():\n        return name\n    once()",
        "def f():\n    for i in range(3):\n        return lambda: i",
        "for i in range(3):\n    call = partial(f, i)",
    )

    def visit_Lambda(self, node: cst.Lambda) -> None:
        """Looks at a lambda that is kept for later."""
        if not self._called_at_once():
            self._check(node, node.body, node)

    def visit_FunctionDef(self, node: cst.FunctionDef) -> None:
        """Looks at a function that the loop stores somewhere."""
        loops = [one for one in self.context.inside((*_LOOPS, cst.FunctionDef)) if not isinstance(one, cst.FunctionDef)]
        if loops and _is_kept(loops[0], node.name):
            self._check(node, node.body, node.name)

    def _check(self, function: cst.FunctionDef | cst.Lambda, body: cst.CSTNode, mark: cst.CSTNode) -> None:
        own = {param.name.value for param in parameters(function.params)}
        if isinstance(function, cst.FunctionDef):
            own |= {one.name for one in self.context.scope_of(function).all_bindings()}
        around = self.context.parents
        for up, loop in zip(range(len(around), 0, -1), reversed(around), strict=True):
            if isinstance(loop, cst.FunctionDef | cst.Lambda | cst.ClassDef):
                return
            if isinstance(loop, _LOOPS) and not _leaves(around[up:]):
                used = {one.value for one in descend(body, into_scopes=True) if isinstance(one, cst.Name)}
                if used & _variables(loop) - own:
                    self.report(mark)
                    return

    def _called_at_once(self) -> bool:
        around = self.context.parents
        if isinstance(self.parent(), cst.Call):
            return True
        for one in reversed(around):
            if isinstance(one, cst.Call):
                name = one.func.attr if isinstance(one.func, cst.Attribute) else one.func
                return isinstance(name, cst.Name) and name.value in _AT_ONCE
            if not isinstance(one, cst.Arg):
                return False
        return False


def _variables(loop: cst.CSTNode) -> set[str]:
    if isinstance(loop, cst.For):
        return {one.value for one in bound_names(loop.target)}
    names: set[str] = set()
    step = getattr(loop, "for_in", None)
    while step is not None:
        names |= {one.value for one in bound_names(step.target)}
        step = step.inner_for_in
    return names


def _leaves(between: list[cst.CSTNode]) -> bool:
    """Whether the function leaves the loop at once by return or yield, so that no second value follows."""
    return any(isinstance(one, cst.Return | cst.Yield) for one in between)


def _is_kept(loop: cst.CSTNode, name: cst.Name) -> bool:
    """Whether the loop does more with the function than to call it."""
    uses = [n for n in descend(loop) if isinstance(n, cst.Name) and n.value == name.value and n is not name]
    called = [n.func for n in descend(loop) if isinstance(n, cst.Call)]
    return any(all(use is not func for func in called) for use in uses)
