"""Generators that are gone through twice."""

import libcst as cst

from analyzers.rule import Rule
from analyzers.syntax import children, is_name

_EATS = frozenset({"sum", "list", "tuple", "set", "sorted", "max", "min", "dict", "len", "frozenset", "Counter", "any", "all"})
_LAZY = ("builtins.map", "builtins.filter", "builtins.zip", "builtins.reversed", "builtins.enumerate")
_BRANCHES = (cst.If, cst.Try, cst.Match, cst.IfExp, cst.FunctionDef, cst.Lambda, cst.ClassDef)


class GeneratorExhausted(Rule):
    """The generator was gone through above; here it is empty, and no error tells of it.

    A generator, like what `map` and `filter` give, can be read once.

    Fix: keep a list: `[... for ...]`, `list(map(...))`.
    """

    severity = "medium"
    cwe = None
    prior = 0.9
    references = ("https://docs.python.org/3/glossary.html#term-generator-iterator",)
    triggers = ("for", "map(", "filter(", "zip(")
    invalid = (
        "def f(xs):\n    squares = (x * x for x in xs)\n    total = sum(squares)\n    return [s / total for s in squares]",
        "def f(xs):\n    names = map(str, xs)\n    print(list(names))\n    for n in names:\n        print(n)",
    )
    valid = (
        "def f(xs):\n    squares = [x * x for x in xs]\n    total = sum(squares)\n    return [s / total for s in squares]",
        "def f(xs):\n    squares = (x * x for x in xs)\n    return sum(squares)",
        "def f(xs, y):\n    g = (x for x in xs)\n    if y:\n        return list(g)\n    return sum(g)",
        "def f(xs):\n    g = (x for x in xs)\n    a = list(g)\n    g = (x for x in xs)\n    return a, list(g)",
        "def f(xs):\n    g = (x for x in xs)\n    first = next(g)\n    return first, list(g)",
        "def f(xs):\n    g = (x for x in xs)\n    any(g)\n    return list(g)",
    )

    def visit_FunctionDef(self, node: cst.FunctionDef) -> None:
        """Looks at names with one binding that are read twice outside of branches."""
        scope = self.context.scope_of(node)
        for one in scope.all_bindings():
            value = one.value if one.kind == "assign" and not one.blocks and len(scope.bindings(one.name)) == 1 else None
            lazy = isinstance(value, cst.Call) and self.context.qualified_name(value.func, scope) in _LAZY
            if not (isinstance(value, cst.GeneratorExp) or lazy):
                continue
            uses = _eaten(node.body, one.name)
            if len(uses) > 1 and uses[0][1]:
                self.report(uses[1][0])


def _eaten(body: cst.CSTNode, name: str) -> list[tuple[cst.CSTNode, bool]]:
    """Where `name` is gone through outside of branches, in order, and whether to its end."""
    found: list[tuple[cst.CSTNode, bool]] = []
    stack = children(body)[::-1]
    while stack:
        one = stack.pop()
        if isinstance(one, _BRANCHES):
            continue
        match one:
            case cst.Call(func=cst.Name(value=func), args=[cst.Arg(value=given), *_]) if func in _EATS and is_name(given, name):
                found.append((one, func not in ("any", "all")))
            case cst.For() if is_name(one.iter, name):
                found.append((one.iter, not any(isinstance(below, cst.Break | cst.Return) for below in _all(one.body))))
            case cst.CompFor() if is_name(one.iter, name):
                found.append((one.iter, True))
        stack += children(one)[::-1]
    return found


def _all(node: cst.CSTNode) -> list[cst.CSTNode]:
    found, stack = [], [node]
    while stack:
        found.append(stack.pop())
        stack += children(found[-1])
    return found
