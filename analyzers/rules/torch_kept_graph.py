"""Losses summed with all that led to them."""

import libcst as cst

from analyzers.blocks import in_loop
from analyzers.rule import Rule
from analyzers.syntax import descend, is_name

_LOSS = ("loss", "batch_loss", "train_loss", "val_loss", "cost")


class TorchKeptGraph(Rule):
    """The loss is summed as a tensor, which keeps the whole computation of every step in memory.

    The graphics card runs out of memory after some hundred steps.

    Fix: `total += loss.item()`.
    """

    severity = "medium"
    confidence = "medium"
    cwe = 401
    prior = 0.75
    references = ("https://docs.pytorch.org/docs/stable/notes/faq.html",)
    triggers = ("torch",)
    invalid = (
        "import torch\ntotal = 0\nfor x in xs:\n    loss = f(x)\n    loss.backward()\n    total += loss",
        ("import torch\ndef train(xs):\n    running = 0.0\n    for x in xs:\n        loss = crit(x)\n        loss.backward()\n"
         "        running += loss * 2\n    return running"),
        "import torch\nlosses = []\nfor x in xs:\n    loss = f(x)\n    loss.backward()\n    losses.append(loss)",
        ("import torch\nclass T:\n    def fit(self, xs):\n        for x in xs:\n            batch_loss = self.f(x)\n"
         "            batch_loss.backward()\n            self.total += batch_loss"),
        "import torch.nn as nn\ns = 0\nfor x in xs:\n    cost = f(x)\n    cost.backward()\n    s += cost / len(xs)",
        ("import torch\ndef train(xs):\n    total = 0.0\n    for x in xs:\n        loss = crit(x)\n        loss.backward()\n"
         "        total = total + loss\n    return total"),
        "import torch\nh = []\nwhile more():\n    train_loss = f()\n    train_loss.backward()\n    h.append(train_loss)",
    )
    valid = (
        "import torch\ntotal = 0\nfor x in xs:\n    loss = f(x)\n    loss.backward()\n    total += loss.item()",
        "import torch\ntotal = 0\nfor x in xs:\n    loss = f(x)\n    total += loss\ntotal.backward()",
        "import torch\nfor x in xs:\n    loss = f(x)\n    loss.backward()\n    total += float(loss)",
        "import torch\nfor x in xs:\n    loss = f(x)\n    loss.backward()\n    losses.append(loss.detach())",
        "total = 0\nfor x in xs:\n    loss = x.loss\n    loss.backward()\n    total += loss",
        "import torch\nfor x in xs:\n    loss = f(x)\n    loss = loss + penalty\n    loss.backward()",
        "import torch\ndef f(loss):\n    loss.backward()\n    total = 0\n    total += loss",
    )

    def visit_AugAssign(self, node: cst.AugAssign) -> None:
        """Looks at sums."""
        parts = [node.value.left, node.value.right] if isinstance(node.value, cst.BinaryOperation) else [node.value]
        if isinstance(node.operator, cst.AddAssign) and any(self._kept(one) for one in parts):
            self.report(node)

    def visit_Assign(self, node: cst.Assign) -> None:
        """Looks at `total = total + loss`."""
        match node.value, node.targets:
            case cst.BinaryOperation(left=cst.Name(value=total), operator=cst.Add(), right=right), [cst.AssignTarget(target=target)]:
                if is_name(target, total) and self._kept(right):
                    self.report(node)

    def visit_Call(self, node: cst.Call) -> None:
        """Looks at lists of losses."""
        match node:
            case cst.Call(func=cst.Attribute(attr=cst.Name(value="append")), args=[cst.Arg(value=value)]) if self._kept(value):
                self.report(node)

    def _kept(self, node: cst.BaseExpression) -> bool:
        """A loss that the same loop calls `backward` on."""
        if not isinstance(node, cst.Name) or node.value not in _LOSS or not in_loop(self.context.parents):
            return False
        loop = self.context.inside((cst.For, cst.While))[0]
        return any(_is_backward(one, node.value) for one in descend(loop))


def _is_backward(node: cst.CSTNode, name: str) -> bool:
    match node:
        case cst.Call(func=cst.Attribute(value=cst.Name(value=owner), attr=cst.Name(value="backward"))):
            return owner == name
    return False
