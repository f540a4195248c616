"""Evaluations that keep gradients."""

import re

import libcst as cst

from analyzers.blocks import calls_in
from analyzers.rule import Rule
from analyzers.syntax import descend, dotted

_OFF = re.compile(r"no_grad|inference_mode|set_grad_enabled|enable_grad|requires_grad")


class TorchMissingNoGrad(Rule):
    """A model is evaluated with gradients on: PyTorch keeps every intermediate value for a step back that never comes.

    It takes twice the memory and more time; batches that fitted in training no longer do.

    Fix: `with torch.no_grad():` or `torch.inference_mode()` around it; `eval()` does not switch gradients off.
    """

    severity = "low"
    confidence = "medium"
    cwe = None
    prior = 0.6
    references = ("https://docs.pytorch.org/docs/stable/notes/autograd.html#locally-disabling-gradient-computation",)
    triggers = (".eval()",)
    invalid = (
        "import torch\ndef evaluate(model, loader):\n    model.eval()\n    for x, y in loader:\n        show(model(x), y)",
        "import torch\nclass Judge:\n    def score(self, x):\n        self.net.eval()\n        return self.net(x).argmax()",
    )
    valid = (
        "import torch\ndef evaluate(model, x):\n    model.eval()\n    with torch.no_grad():\n        return model(x)",
        "import torch\n@torch.inference_mode()\ndef evaluate(model, x):\n    model.eval()\n    return model(x)",
        "import torch\ndef attack(model, x):\n    model.eval()\n    loss = model(x).sum()\n    loss.backward()",
        "def f(frame):\n    frame.eval()\n    return frame(1)",
        "import torch\ndef load(model):\n    model.eval()\n    return model",
    )

    def visit_FunctionDef(self, node: cst.FunctionDef) -> None:
        """Looks at functions that switch a model to evaluation and call it."""
        if "torch" not in self.context.text:
            return
        calls = list(calls_in(node.body))
        names = [dotted(call.func) or "" for call in calls]
        switched = {name.removesuffix(".eval") for name, call in zip(names, calls, strict=True) if name.endswith(".eval") and not call.args}
        used = [call for name, call in zip(names, calls, strict=True) if name in switched and call.args]
        if not used or any(name.endswith(".backward") for name in names) or any(isinstance(one, cst.Yield) for one in descend(node.body)):
            return
        if not _OFF.search(self.context.module.code_for_node(node)):
            self.report(used[0])
