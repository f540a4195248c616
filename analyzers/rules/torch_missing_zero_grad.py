"""Gradients that add up over the steps."""

import libcst as cst

from analyzers.blocks import calls_in, last_name
from analyzers.rule import Rule


class TorchMissingZeroGrad(Rule):
    """The training loop never clears the gradients, so each step adds those of all steps before it.

    The optimiser then follows a sum that has little to do with the batch, and training does not converge.

    Fix: `optimizer.zero_grad()` before `loss.backward()`.
    """

    severity = "medium"
    cwe = None
    prior = 0.8
    references = ("https://docs.pytorch.org/docs/stable/generated/torch.optim.Optimizer.zero_grad.html",)
    triggers = ("torch",)
    invalid = (
        "import torch\nfor x, y in data:\n    loss = f(x, y)\n    loss.backward()\n    optimizer.step()",
        ("import torch.nn as nn\ndef train(model, data, opt):\n    for e in range(3):\n        for x in data:\n"
         "            model(x).sum().backward()\n            opt.step()"),
        ("import torch\nclass T:\n    def fit(self):\n        while self.more():\n            self.loss().backward()\n"
         "            self.optimizer.step()"),
        ("import torch\ndef f(xs, optim):\n    for x in xs:\n        l = g(x)\n        l.backward()\n        clip(x)\n"
         "        optim.step()\n        print(l)"),
        "from torch import optim\no = optim.SGD(p, 0.1)\nfor x in xs:\n    h(x).backward()\n    o.step()",
        ("import torch\nfor i, b in enumerate(loader):\n    with autocast():\n        loss = m(b)\n    loss.backward()\n"
         "    optimizer.step()"),
    )
    valid = (
        "import torch\nfor x in data:\n    optimizer.zero_grad()\n    f(x).backward()\n    optimizer.step()",
        "import torch\nfor x in data:\n    f(x).backward()\n    optimizer.step()\n    optimizer.zero_grad(set_to_none=True)",
        "import torch\nfor x in data:\n    f(x).backward()",
        "import torch\nfor x in data:\n    model.zero_grad()\n    f(x).backward()\n    optimizer.step()",
        "for x in data:\n    f(x).backward()\n    walker.step()",
        "import torch\nfor x in data:\n    for p in params:\n        p.grad = None\n    f(x).backward()\n    optimizer.step()",
    )

    def visit_For(self, node: cst.For) -> None:
        """Looks at a loop over batches."""
        self._check(node)

    def visit_While(self, node: cst.While) -> None:
        """Looks at a loop without a known end."""
        self._check(node)

    def _check(self, node: cst.For | cst.While) -> None:
        calls = list(calls_in(node.body))
        backward = [call for call in calls if last_name(call.func) == "backward"]
        words = {last_name(call.func) for call in calls}
        inner = any(isinstance(one, cst.For | cst.While) for one in _blocks(node.body))
        if not backward or "step" not in words or inner or "zero_grad" in words:
            return
        if ".grad = None" not in self.context.module.code_for_node(node):
            self.report(backward[0])


def _blocks(body: cst.BaseSuite) -> list[cst.CSTNode]:
    """Loops right below, which hold the training themselves."""
    return [one for one in body.body if isinstance(one, cst.For | cst.While) and "backward" in {last_name(c.func) for c in calls_in(one)}]
