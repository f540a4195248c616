"""Splits that differ from run to run."""

import libcst as cst

from analyzers.calls import CallRule
from analyzers.syntax import argument, has_double_star, is_name

_SPLITTERS = ("train_test_split", "KFold", "StratifiedKFold", "ShuffleSplit", "StratifiedShuffleSplit")


class UnseededSplit(CallRule):
    """The data is split at random without a seed, so no two runs can be compared.

    A better score may be a luckier split.

    Fix: `train_test_split(..., random_state=0)`.
    """

    severity = "info"
    cwe = None
    prior = 0.4
    references = ("https://scikit-learn.org/stable/common_pitfalls.html#controlling-randomness",)
    triggers = ("sklearn",)
    calls = frozenset(f"sklearn.model_selection.{name}" for name in _SPLITTERS)
    invalid = (
        "from sklearn.model_selection import train_test_split\na, b = train_test_split(X)",
        "from sklearn import model_selection as m\na, b = m.train_test_split(X, test_size=0.2)",
        "from sklearn.model_selection import KFold\nk = KFold(5, shuffle=True)",
        "from sklearn.model_selection import train_test_split as s\ndef f(X, y):\n    return s(X, y, random_state=None)",
        "import sklearn.model_selection\nclass A:\n    def f(self):\n        return sklearn.model_selection.ShuffleSplit(3)",
        "from sklearn.model_selection import StratifiedKFold\nk = StratifiedKFold(n_splits=3, shuffle=True, random_state=None)",
    )
    valid = (
        "from sklearn.model_selection import train_test_split\na, b = train_test_split(X, random_state=0)",
        "from sklearn.model_selection import train_test_split\na, b = train_test_split(X, shuffle=False)",
        "from sklearn.model_selection import KFold\nk = KFold(5)",
        "from sklearn.model_selection import train_test_split\ndef f(**o):\n    return train_test_split(X, **o)",
        "import numpy as np\nfrom sklearn.model_selection import train_test_split\nnp.random.seed(1)\na, b = train_test_split(X)",
        "from mine import train_test_split  # sklearn\na, b = train_test_split(X)",
    )

    def check(self, node: cst.Call, name: str) -> None:
        """Looks for a seed; folds are only random when they are shuffled."""
        if has_double_star(node) or self.is_false(argument(node, "shuffle")) or "random.seed(" in self.context.text:
            return
        if name.endswith("KFold") and not self.is_true(argument(node, "shuffle", 1)):
            return
        seed = argument(node, "random_state")
        if seed is None or is_name(seed, "None"):
            self.report(node)
