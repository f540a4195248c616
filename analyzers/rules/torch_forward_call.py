"""Modules asked past their front door."""

import libcst as cst

from analyzers.rule import Rule
from analyzers.syntax import is_name


class TorchForwardCall(Rule):
    """`forward` is called directly, so hooks that others registered on the module do not run.

    Profilers, quantisation and weight normalisation work through such hooks.

    Fix: call the module itself: `model(x)`.
    """

    severity = "low"
    cwe = None
    prior = 0.6
    references = ("https://docs.pytorch.org/docs/stable/generated/torch.nn.Module.html#torch.nn.Module.forward",)
    triggers = ("torch",)
    methods = ("forward",)
    invalid = (
        "import torch.nn as nn\ndef run(x):\n    layer = nn.Linear(4, 2)\n    return layer.forward(x)",
        "import torch\ndef run(model, x):\n    with torch.no_grad():\n        return model.forward(x)",
    )
    valid = (
        "import torch.nn as nn\ndef run(x):\n    layer = nn.Linear(4, 2)\n    return layer(x)",
        "import torch\nclass A(B):\n    def forward(self, x):\n        return super().forward(x)",
        "import torch\nclass A(B):\n    def forward(self, x):\n        return B.forward(self, x)",
        "def go(car):\n    car.forward(3)",
    )

    def visit_Call(self, node: cst.Call) -> None:
        """Looks at calls on objects; what a class hands up to its base is its own affair."""
        if not isinstance(node.func, cst.Attribute) or node.func.attr.value != "forward":
            return
        owner = node.func.value
        named = isinstance(owner, cst.Name) and owner.value in ("model", "net", "module", "network", "layer", "encoder", "decoder")
        known = (self.qualified_name(owner) or "").startswith("torch.nn.") and isinstance(owner, cst.Name | cst.Call)
        if (named or known) and "()" in (self.qualified_name(owner) or "()") and not (node.args and is_name(node.args[0].value, "self")):
            self.report(node)
