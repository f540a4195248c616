"""Softmax taken twice."""

import libcst as cst

from analyzers.blocks import calls_in, last_name
from analyzers.calls import CallRule
from analyzers.literal import resolve
from analyzers.syntax import argument

_SOFTMAX = frozenset({"torch.softmax()", "torch.nn.functional.softmax()", "torch.nn.Softmax()()", "torch.sigmoid()", "torch.log_softmax()",
                      "torch.nn.functional.log_softmax()", "torch.nn.functional.sigmoid()"})  # fmt: skip
_FROM_LOGITS = frozenset(f"{root}.losses.{name}" for root in ("tensorflow.keras", "keras")
                         for name in ("SparseCategoricalCrossentropy", "CategoricalCrossentropy", "BinaryCrossentropy"))  # fmt: skip
_TORCH = frozenset({"torch.nn.functional.cross_entropy", "torch.nn.CrossEntropyLoss()", "torch.nn.BCEWithLogitsLoss()",
                    "torch.nn.functional.binary_cross_entropy_with_logits"})  # fmt: skip


class SoftmaxBeforeLoss(CallRule):
    """The loss takes the softmax itself, and gets values that went through one already.

    Twice squeezed values have tiny gradients: the model learns slowly or not at all.

    Fix: give the loss the raw outputs (logits), or tell Keras `from_logits=False`.
    """

    severity = "medium"
    cwe = None
    prior = 0.8
    references = ("https://docs.pytorch.org/docs/stable/generated/torch.nn.CrossEntropyLoss.html",)
    triggers = ("torch", "keras")
    invalid = (
        "import torch\nimport torch.nn.functional as F\nloss = F.cross_entropy(torch.softmax(x, 1), y)",
        ("import torch.nn as nn\nimport torch\ncriterion = nn.CrossEntropyLoss()\ndef f(x, y):\n    p = torch.softmax(x, dim=1)\n"
         "    return criterion(p, y)"),
        "from torch.nn.functional import cross_entropy, softmax\ndef f(x, y):\n    return cross_entropy(input=softmax(x, 1), target=y)",
        "import torch\nfrom torch import nn\nclass A:\n    def f(self, x, y):\n        return nn.BCEWithLogitsLoss()(torch.sigmoid(x), y)",
        ("import tensorflow as tf\nm = Dense(3, activation='softmax')\n"
         "loss = tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True)"),
        ("from keras.losses import CategoricalCrossentropy\nlayers = [Dense(9, activation='softmax')]\n"
         "l = CategoricalCrossentropy(from_logits=True)"),
    )
    valid = (
        "import torch.nn.functional as F\nloss = F.cross_entropy(x, y)",
        "import torch\nimport torch.nn.functional as F\nloss = F.nll_loss(torch.log_softmax(x, 1), y)",
        "import tensorflow as tf\nm = Dense(3, activation='softmax')\nloss = tf.keras.losses.SparseCategoricalCrossentropy()",
        "import tensorflow as tf\nm = Dense(3)\nloss = tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True)",
        "import torch\np = torch.softmax(x, 1)",
        "def f(cross_entropy, softmax, x, y):\n    return cross_entropy(softmax(x), y)  # torch",
        "import torch.nn as nn\nc = nn.CrossEntropyLoss()\ndef f(m, x, y):\n    return c(m(x), y)",
    )

    def visit_Call(self, node: cst.Call) -> None:
        """Looks at every call: a loss is mostly an object under a name of the file's own."""
        name = self.qualified_name(node.func)
        if name is not None and (name in _TORCH or name in _FROM_LOGITS):
            self.check(node, name)

    def visit_ClassDef(self, node: cst.ClassDef) -> None:
        """Looks at models that end in a softmax and have such a loss beside them."""
        names = {id(call): self.context.qualified_name(call) or "" for call in calls_in(node, into_scopes=True)}
        if "torch.nn.CrossEntropyLoss()" not in names.values():
            return
        for call in calls_in(node, into_scopes=True):
            last = call.args[-1].value if names[id(call)] == "torch.nn.Sequential()" and call.args else None
            if last is not None and names.get(id(last)) in ("torch.nn.Softmax()", "torch.nn.LogSoftmax()"):
                self.report(last)

    def check(self, node: cst.Call, name: str) -> None:
        """Looks at what the loss gets, or at the layers beside it."""
        if name in _FROM_LOGITS:
            if self.is_true(argument(node, "from_logits")) and self._has_softmax_layer():
                self.report(node)
            return
        given = argument(node, "input", 0)
        if given is not None and self.qualified_name(resolve(given, self.scope)) in _SOFTMAX:
            self.report(node)

    def _has_softmax_layer(self) -> bool:
        layers = [call for call in calls_in(self.context.module, into_scopes=True) if last_name(call.func) == "Dense"]
        return any(self.text(argument(call, "activation", 1)) in ("softmax", "sigmoid") for call in layers)
