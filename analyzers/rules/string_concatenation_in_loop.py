"""Texts grown piece by piece."""

import libcst as cst

from analyzers.blocks import in_loop
from analyzers.rule import Rule
from analyzers.syntax import is_name


class StringConcatenationInLoop(Rule):
    """A text grows by `+` in a loop, which copies all of it each time.

    A hundred thousand pieces copy gigabytes.

    Fix: collect the pieces in a list and join them: `"".join(pieces)`.
    """

    severity = "info"
    confidence = "medium"
    cwe = 1046
    prior = 0.35
    references = ("https://peps.python.org/pep-0008/#programming-recommendations",)
    triggers = ("+",)
    invalid = (
        "def f(xs):\n    s = ''\n    for x in xs:\n        s += x\n    return s",
        "text = \"\"\nfor x in y:\n    text += 'a' + x",
        "def f(xs):\n    out = ''\n    while xs:\n        out += f'{xs.pop()},'\n    return out",
        ("class A:\n    def f(self):\n        s = 'a'\n        for x in self.y:\n            if x:\n                s += str(x)\n"
         "        return s"),
        "async def f(xs):\n    s = ''\n    async for x in xs:\n        s += x",
        "def f(xs):\n    s = ''\n    for x in xs:\n        s = s + ',' + x\n    return s",
        "def f(xs):\n    s = f'{xs}'\n    for x in xs:\n        s += '.'\n    return s",
    )
    valid = (
        "def f(xs):\n    return ''.join(xs)",
        "def f(xs):\n    n = 0\n    for x in xs:\n        n += x\n    return n",
        "def f(a):\n    s = ''\n    s += a\n    return s",
        "def f(xs):\n    for x in xs:\n        s = ''\n        s += x\n        use(s)",
        "def f(xs, s):\n    for x in xs:\n        s += x\n    return s",
        "def f(xs):\n    s = ''\n    for x in xs:\n        s = x + s[1:]\n    return s",
        "def f(xs):\n    s = []\n    for x in xs:\n        s += x\n    return s",
    )

    def visit_AugAssign(self, node: cst.AugAssign) -> None:
        """Looks at names that began as a text outside the loop."""
        if isinstance(node.operator, cst.AddAssign) and isinstance(node.target, cst.Name):
            self._check(node, node.target.value)

    def visit_Assign(self, node: cst.Assign) -> None:
        """Looks at `s = s + ...`, which is the same."""
        first = node.value
        while isinstance(first, cst.BinaryOperation) and isinstance(first.operator, cst.Add):
            first = first.left
        target = node.targets[0].target
        if first is not node.value and isinstance(first, cst.Name) and is_name(target, first.value):
            self._check(node, first.value)

    def _check(self, node: cst.CSTNode, name: str) -> None:
        if not in_loop(self.context.parents):
            return
        found = [one for one in self.scope.bindings(name) if one.kind != "augment" and one.node is not node]
        texts = (cst.SimpleString, cst.FormattedString, cst.ConcatenatedString)
        if found and all(one.kind == "assign" and isinstance(one.value, texts) for one in found) and not self._inside(found[0].node):
            self.report(node)

    def _inside(self, start: cst.CSTNode) -> bool:
        """Whether the text begins anew in each round."""
        loops = self.context.inside((cst.For, cst.While))
        return bool(loops) and self._holds(loops[0], start)

    def _holds(self, loop: cst.CSTNode, start: cst.CSTNode) -> bool:
        stack = list(loop.children)
        while stack:
            one = stack.pop()
            if one is start:
                return True
            stack.extend(one.children)
        return False
