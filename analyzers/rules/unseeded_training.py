"""Training that nobody can repeat."""

import re

import libcst as cst

from analyzers.blocks import calls_in, in_loop, last_name
from analyzers.rule import Rule
from analyzers.syntax import is_name, string_value

_SEEDED = re.compile(r"manual_seed|seed_everything|(set|fix)_(random_)?seed|random\.seed\(|PRNGKey|use_deterministic|default_rng\(")


class UnseededTraining(Rule):
    """A training script sets no seed, so no run can be repeated and no two be compared.

    Weights start at random and batches are shuffled at random: a better figure may be a luckier start.

    Fix: `torch.manual_seed(0)` or `keras.utils.set_random_seed(0)` before the model is made, and keep the seed with the result.
    """

    severity = "low"
    confidence = "medium"
    cwe = None
    prior = 0.4
    references = (
        "https://docs.pytorch.org/docs/stable/notes/randomness.html",
        "https://keras.io/examples/keras_recipes/reproducibility_recipes/",
    )
    triggers = ("torch", "keras")
    invalid = (
        "import torch\nfor x in data:\n    opt.zero_grad()\n    loss(x).backward()\n    opt.step()",
        ("import torch\ndef train(data):\n    for x in data:\n        loss(x).backward()\n        opt.step()\n"
         "if __name__ == '__main__':\n    train(read())"),
        "import keras\nmodel = keras.Sequential([])\nmodel.compile()\nmodel.fit(x, y)",
        "from tensorflow import keras\ndef main():\n    keras.Model(a, b).fit(x)\nif __name__ == '__main__':\n    main()",
        ("import torch.nn as nn\nclass T:\n    def fit(self):\n        for b in self.data:\n            self.loss(b).backward()\n"
         "            self.opt.step()\nif '__main__' == __name__:\n    T().fit()"),
        "import torch, random\nx = random.random()\nwhile more():\n    loss().backward()\n    opt.step()",
    )
    valid = (
        "import torch\ntorch.manual_seed(0)\nfor x in data:\n    loss(x).backward()\n    opt.step()",
        "import torch\ndef train(data):\n    for x in data:\n        loss(x).backward()\n        opt.step()",
        "import keras\nkeras.utils.set_random_seed(1)\nmodel = keras.Sequential([])\nmodel.fit(x, y)",
        "import torch\nmodel = torch.load('a', weights_only=True)\nprint(model(x))",
        "import sklearn.svm\nmodel = sklearn.svm.SVC()\nmodel.fit(x, y)  # no torch",
        "import torch\nfrom lightning import seed_everything\nseed_everything(3)\nfor x in d:\n    loss(x).backward()\n    opt.step()",
    )

    def visit_Module(self, node: cst.Module) -> None:
        """Looks for a seed in the whole file; a module that others import leaves the seed to them."""
        self._wanted = not _SEEDED.search(node.code)
        self._program = any(isinstance(one, cst.If) and _asks_for_main(one.test) for one in node.body)
        self._told = False

    def visit_Call(self, node: cst.Call) -> None:
        """Looks at steps of training."""
        if not self._wanted or self._told or not isinstance(node.func, cst.Attribute):
            return
        inside = bool(self.context.inside(cst.FunctionDef))
        if (self._is_step(node) or self._is_fit(node)) and (self._program or not inside):
            self._told = True
            self.report(node)

    def _is_step(self, node: cst.Call) -> bool:
        """Whether it is `backward()` in a loop where an optimiser steps."""
        if last_name(node.func) != "backward" or not in_loop(self.context.parents):
            return False
        loops = [one for one in self.context.inside((cst.For, cst.While)) if isinstance(one, cst.For | cst.While)]
        return any(last_name(call.func) == "step" for call in calls_in(loops[0].body))

    def _is_fit(self, node: cst.Call) -> bool:
        name = self.qualified_name(node.func) or ""
        return last_name(node.func) == "fit" and "keras" in name


def _asks_for_main(test: cst.BaseExpression) -> bool:
    match test:
        case cst.Comparison(left=left, comparisons=[cst.ComparisonTarget(operator=cst.Equal(), comparator=right)]):
            return any(is_name(one, "__name__") and string_value(other) == "__main__" for one, other in ((left, right), (right, left)))
    return False
