"""Collections changed while a loop goes over them."""

import libcst as cst

from analyzers.rule import Rule
from analyzers.syntax import descend, dotted

_CHANGES = frozenset({"append", "remove", "pop", "insert", "add", "discard", "clear", "popitem", "extend"})
_VIEWS = frozenset({"keys", "values", "items"})


class MutationWhileIterating(Rule):
    """The loop changes the collection that it goes over, so it skips items, never ends, or raises RuntimeError.

    Removing an item from a list moves the next one into its place, which the loop has passed already.

    Fix: go over a copy, `for item in list(items):`, or build a new collection.
    """

    severity = "medium"
    cwe = None
    prior = 0.8
    references = ("https://docs.python.org/3/reference/compound_stmts.html#the-for-statement",)
    triggers = ("for ",)
    invalid = (
        "for x in items:\n    if x:\n        items.remove(x)",
        "def f(d):\n    for k in d:\n        del d[k]",
        "class A:\n    def f(self):\n        for x in self.xs:\n            self.xs.append(x + 1)",
        "for k, v in d.items():\n    if v:\n        d.pop(k)",
        "for i, x in enumerate(xs):\n    xs.insert(0, x)",
        "def f(s):\n    for x in s:\n        print(x)\n        s.add(x * 2)",
    )
    valid = (
        "for x in list(items):\n    items.remove(x)",
        "for x in items:\n    if x:\n        items.remove(x)\n        break",
        "for x in items[:]:\n    items.remove(x)",
        "def f(d):\n    for k in d:\n        d[k] = 1",
        "for x in items:\n    other.append(x)",
        "def f(items):\n    for x in items:\n        items.remove(x)\n        return x",
        "for k in sorted(d):\n    del d[k]",
        "for x in xs:\n    def g():\n        xs.append(x)\n    use(g)",
        "for row in rows:\n    row.items.append(1)",
    )

    def visit_For(self, node: cst.For) -> None:
        """Looks at what the body does to the thing it goes over."""
        name = _gone_over(node.iter)
        if name is None:
            return
        for one in descend(node.body):
            if isinstance(one, cst.FunctionDef | cst.Lambda):
                continue
            if _changes(one, name) and not _leaves(node.body, one):
                self.report(one)
                return


def _gone_over(node: cst.BaseExpression) -> str | None:
    match node:
        case cst.Call(func=cst.Attribute(value=owner, attr=cst.Name(value=str(view))), args=[]) if view in _VIEWS:
            return dotted(owner)
        case cst.Call(func=cst.Name(value="enumerate" | "iter"), args=[cst.Arg(value=inner), *_]):
            return dotted(inner)
    return dotted(node)


def _changes(node: cst.CSTNode, name: str) -> bool:
    match node:
        case cst.Call(func=cst.Attribute(value=owner, attr=cst.Name(value=str(method)))):
            return method in _CHANGES and dotted(owner) == name
        case cst.Del(target=cst.Subscript(value=owner)):
            return dotted(owner) == name
    return False


def _leaves(body: cst.CSTNode, change: cst.CSTNode) -> bool:
    """Whether the loop ends in the block of the change, after it."""
    for block in descend(body):
        if not isinstance(block, cst.IndentedBlock):
            continue
        lines = list(block.body)
        for number, line in enumerate(lines):
            if isinstance(line, cst.SimpleStatementLine) and any(one is change for one in descend(line)):
                return any(isinstance(small, cst.Break | cst.Return | cst.Raise) for later in lines[number:] for small in descend(later))
    return False
