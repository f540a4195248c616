"""Models that are evaluated as if they were trained."""

import re

import libcst as cst

from analyzers.blocks import calls_in
from analyzers.rule import Rule
from analyzers.syntax import dotted

_MODEL = re.compile(r"(^|[_.])(model|net|network|classifier|encoder|decoder|generator|discriminator|backbone)$", re.IGNORECASE)
_WITHOUT_GRADIENTS = frozenset({"torch.no_grad()", "torch.inference_mode()"})


class TorchMissingEval(Rule):
    """A model is evaluated without `eval()`, so dropout drops and batch normalisation follows the test data.

    Both behave in another way while a model is trained; the figures are worse than the model is, and differ from run to run.
    Switching gradients off (`no_grad`) does not change that.

    Fix: `model.eval()` before the evaluation, `model.train()` after it.
    """

    severity = "low"
    confidence = "medium"
    cwe = None
    prior = 0.6
    references = (
        "https://docs.pytorch.org/docs/stable/generated/torch.nn.Module.html#torch.nn.Module.eval",
        "https://docs.pytorch.org/docs/stable/notes/autograd.html#evaluation-mode-nn-module-eval",
    )
    triggers = ("no_grad", "inference_mode")
    invalid = (
        "import torch\ndef score(model, data):\n    with torch.no_grad():\n        return [model(x) for x in data]",
        "import torch\nwith torch.inference_mode():\n    out = net(batch)",
        "import torch\n@torch.no_grad()\ndef score(model, data):\n    return sum(model(x).item() for x in data)",
        ("from torch import no_grad\nclass T:\n    def test(self, data):\n        with no_grad():\n"
         "            for x in data:\n                self.model(x)"),
        "import torch\ndef score(classifier, x):\n    classifier.train()\n    with torch.no_grad():\n        return classifier(x)",
        "import torch as t\ndef score(my_net, x):\n    with t.no_grad():\n        y = my_net(x)\n    return y",
    )
    valid = (
        "import torch\ndef score(model, data):\n    model.eval()\n    with torch.no_grad():\n        return [model(x) for x in data]",
        "import torch\ndef score(model, x):\n    model.train(False)\n    with torch.no_grad():\n        return model(x)",
        "import torch\nmodel = load().eval()\nwith torch.no_grad():\n    y = model(x)",
        "import torch\ndef step(weights, g):\n    with torch.no_grad():\n        weights -= scale(g)",
        "import torch\ndef train(model, x):\n    return model(x)  # no no_grad here",
        "from mine import no_grad\ndef score(model, x):\n    with no_grad():\n        return model(x)",
        ("import torch\nclass T:\n    def start(self):\n        self.model.eval()\n    def test(self, x):\n"
         "        with torch.no_grad():\n            return self.model(x)"),
    )  # fmt: skip

    def visit_With(self, node: cst.With) -> None:
        """Looks at blocks without gradients."""
        if any(self.qualified_name(one.item) in _WITHOUT_GRADIENTS for one in node.items):
            self._check(node.body)

    def visit_FunctionDef(self, node: cst.FunctionDef) -> None:
        """Looks at functions without gradients."""
        if any(self.qualified_name(one.decorator) in _WITHOUT_GRADIENTS for one in node.decorators):
            self._check(node.body)

    def _check(self, body: cst.BaseSuite) -> None:
        for call in calls_in(body):
            name = dotted(call.func)
            if name is not None and _MODEL.search(name) and not self._is_switched(name):
                self.report(call)
                return

    def _is_switched(self, name: str) -> bool:
        """Whether anything in the file switches the model, or makes it switched."""
        switched = rf"\b{re.escape(name)}(\.eval\(|\.train\((False|mode)|\s*=[^=\n]*\.eval\()"
        return bool(re.search(switched, self.context.text))
