"""Models that run code when they are loaded."""

import libcst as cst

from analyzers.calls import CallRule
from analyzers.syntax import argument, has_double_star


class UnsafeModelLoad(CallRule):
    """The model file can run code while it is loaded.

    Such files are pickles, or hold layers of Python code; a file from somebody else runs with your rights.

    Fix: `torch.load(path, weights_only=True)`, safetensors, `numpy.load(path)` without `allow_pickle`, Keras's `safe_mode`.
    """

    severity = "high"
    confidence = "medium"
    cwe = 502
    prior = 0.6
    references = ("https://docs.pytorch.org/docs/stable/generated/torch.load.html",)
    triggers = ("torch", "numpy", "keras", "mlflow")
    calls = frozenset({"torch.load", "numpy.load", "keras.models.load_model", "tensorflow.keras.models.load_model", "torch.jit.load",
                       "keras.saving.load_model", "torch.hub.load"})  # fmt: skip
    invalid = (
        "import torch\nm = torch.load('a.pt')",
        "import torch\ndef f(p):\n    return torch.load(p, map_location='cpu', weights_only=False)",
        "import numpy as np\nx = np.load('a.npy', allow_pickle=True)",
        "from torch import load as l\nclass A:\n    def f(self):\n        self.m = l(self.path)",
        "import tensorflow as tf\nm = tf.keras.models.load_model('a.keras', safe_mode=False)",
        "import torch\nm = torch.hub.load('a/b', 'm', trust_repo=True)",
    )
    valid = (
        "import torch\nm = torch.load('a.pt', weights_only=True)",
        "import numpy as np\nx = np.load('a.npy')",
        "import torch\ndef f(p, **o):\n    return torch.load(p, **o)",
        "import tensorflow as tf\nm = tf.keras.models.load_model('a.keras')",
        "def f(torch):\n    return torch.load('a')",
        "from safetensors.torch import load_file\nx = load_file('a')",
        "import torch\nm = torch.jit.load('a.pt')",
    )

    def check(self, node: cst.Call, name: str) -> None:
        """Looks at the switch of each loader."""
        if name == "torch.load":
            if argument(node, "weights_only") is None and not has_double_star(node):
                added = cst.Arg(keyword=cst.Name("weights_only"), value=cst.Name("True"), equal=_EQUAL)
                mended = node.with_changes(args=[*(one.with_changes(comma=_COMMA) for one in node.args), added])
                self.report(node, replacement=(node, mended))
            elif self.is_false(argument(node, "weights_only")):
                self.report(node)
        else:
            trusted = any(self.is_true(argument(node, word)) for word in ("allow_pickle", "trust_repo"))
            if trusted or self.is_false(argument(node, "safe_mode")):
                self.report(node)


_EQUAL = cst.AssignEqual(cst.SimpleWhitespace(""), cst.SimpleWhitespace(""))
_COMMA = cst.Comma(whitespace_after=cst.SimpleWhitespace(" "))
