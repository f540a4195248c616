"""The same function written twice in one file."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import libcst as cst

from analyzers.rule import Rule
from analyzers.scope import parameters
from analyzers.syntax import children, descend, string_value

_STATEMENTS_MIN = 5


class DuplicateFunction(Rule):
    """The function has the same body as another one in this file.

    A fault that is mended in one of them stays in the other.

    Fix: keep one and call it, or give both a common base or helper.
    """

    severity = "low"
    cwe = 1041
    prior = 0.5
    references = ("https://cwe.mitre.org/data/definitions/1006.html",)
    triggers = ("def ",)
    invalid = (
        ("def a(p):\n    with open(p) as f:\n        for r in f:\n            if r:\n                use(r)\n    return p\n"
         "def b(p):\n    with open(p) as f:\n        for r in f:\n            if r:\n                use(r)\n    return p"),
        ("def a(x):\n    y = x + 1\n    z = y * 2\n    log(z)\n    save(z)\n    return z\ndef b(x):\n    y = x + 1\n"
         "    z = y * 2\n    log(z)\n    save(z)\n    return z"),
        ("class A:\n    def f(self, x):\n        self.n += 1\n        if x:\n            go(x)\n        log(x)\n"
         "        self.last = x\n        return self.n\n"
         "class B:\n    def g(self, x):\n        'Does it.'\n        self.n += 1\n        if x:\n            go(x)\n"
         "        log(x)\n        self.last = x\n        return self.n"),
        ("def a(p, q):\n    t = open_it(p)\n    t.add(q)\n    t.flush()\n    t.close()\n    return t\n"
         "async def b(p, q):\n    # the same\n    t = open_it(p)\n    t.add(q)\n    t.flush()\n    t.close()\n    return t"),
        ("def a(n):\n    total = 0\n    for i in range(n):\n        total += i\n    print(total)\n    log(n)\n    return total\n\n\n"
         "class C:\n    @staticmethod\n    def b(n):\n        total = 0\n        for i in range(n):\n            total += i\n"
         "        print(total)\n        log(n)\n        return total"),
        ("def read(p):\n    a = p.one()\n    b = p.two()\n    c = [a, b]\n    c.sort()\n    return c\ndef other(p):\n    return p\n"
         "def again(p):\n    a = p.one();  b = p.two()\n    c = [a,  b]\n    c.sort()\n    return c"),
        ("def a():\n    x = f'{1}'\n    y = {x: 1}\n    z = y | {}\n    print(z)\n    return z\ndef b():\n    x = f'{1}'\n"
         "    y = {x: 1}\n    z = y | {}\n"
         "    print(z)\n    return z"),
    )
    valid = (
        "def a(x):\n    for y in x:\n        if y:\n            go(y)\ndef b(x):\n    for y in x:\n        if y:\n            go(y)",
        ("def a(x):\n    y = x + 1\n    z = y * 2\n    log(z)\n    save(z)\n    return z\ndef b(x):\n    y = x + 1\n"
         "    z = y * 3\n    log(z)\n    save(z)\n    return z"),
        "def a(x):\n    return x + 1\ndef b(x):\n    return x + 1",
        ("def a(x):\n    y = x + 1\n    z = y * 2\n    log(z)\n    save(z)\n    return z\ndef b(x, y):\n    y = x + 1\n"
         "    z = y * 2\n    log(z)\n    save(z)\n    return z"),
        ("def a():\n    x = f'{1}'\n    y = {x: 1}\n    z = y | {}\n    print(z)\n    return z\ndef b():\n    x = f'{2}'\n"
         "    y = {x: 1}\n    z = y | {}\n"
         "    print(z)\n    return z"),
        "class A:\n    def f(self): ...\nclass B:\n    def f(self): ...",
        ("if a:\n    def f(x):\n        y = x\n        z = y\n        log(z)\n        save(z)\n        return z\nelse:\n"
         "    def f(x):\n        y = x\n        z = y\n"
         "        log(z)\n        save(z)\n        return z"),
    )

    def visit_Module(self, node: cst.Module) -> None:
        """Compares the functions of the module and of its classes; what an `if` chooses between may well be alike."""
        alike: dict[Any, list[tuple[cst.FunctionDef, list[cst.CSTNode]]]] = defaultdict(list)
        for function in _functions(node.body):
            body = _body(function)
            params = tuple(one.name.value for one in parameters(function.params))
            alike[params, tuple(type(one) for one in body)].append((function, body))
        for group in alike.values():
            if len(group) > 1:  # counting statements goes through all of a body, and few functions have a twin
                self._compare([one for one in group if _statements(one[1]) >= _STATEMENTS_MIN])

    def _compare(self, group: list[tuple[cst.FunctionDef, list[cst.CSTNode]]]) -> None:
        firsts: list[tuple[cst.FunctionDef, list[cst.CSTNode]]] = []
        for function, body in group:
            for first, known in firsts:
                if all(_same(one, other) for one, other in zip(known, body, strict=True)):
                    told = f"`{function.name.value}` has the same body as `{first.name.value}` in this file."
                    self.report(function.name, told, about=[first.name])
                    break
            else:
                firsts.append((function, body))


def _functions(statements: Any) -> Iterator[cst.FunctionDef]:
    for one in statements:
        if isinstance(one, cst.FunctionDef):
            yield one
        elif isinstance(one, cst.ClassDef):
            yield from _functions(one.body.body)


def _body(function: cst.FunctionDef) -> list[cst.CSTNode]:
    """The statements without the docstring, small ones one by one."""
    found: list[cst.CSTNode] = []
    for one in function.body.body:
        found.extend(one.body if isinstance(one, cst.SimpleStatementLine) else [one])
    has_docstring = bool(found) and isinstance(found[0], cst.Expr) and string_value(found[0].value) is not None
    return found[1:] if has_docstring else found


def _statements(body: list[cst.CSTNode]) -> int:
    """How many there are, also in blocks."""
    kinds = (cst.BaseSmallStatement, cst.BaseCompoundStatement)
    return sum(isinstance(below, kinds) for one in body for below in descend(one))


def _same(one: cst.CSTNode, other: cst.CSTNode) -> bool:
    """Whether two trees mean the same, however they are laid out."""
    stack = [(one, other)]
    while stack:
        left, right = stack.pop()
        if type(left) is not type(right) or _text(left) != _text(right):
            return False
        below, others = children(left), children(right)
        if len(below) != len(others):
            return False
        stack.extend(zip(below, others, strict=True))
    return True


def _text(node: cst.CSTNode) -> str | None:
    value = getattr(node, "value", None)
    return value if isinstance(value, str) else None
