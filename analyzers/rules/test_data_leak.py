"""Models that have seen the test."""

import re

import libcst as cst

from analyzers.rule import Rule
from analyzers.syntax import argument, is_name

_SCALERS = ("StandardScaler", "MinMaxScaler", "RobustScaler", "MaxAbsScaler", "SimpleImputer", "PCA", "SelectKBest", "TfidfVectorizer",
            "CountVectorizer", "KNNImputer", "PowerTransformer", "QuantileTransformer")  # fmt: skip


_REFITTED = "The test data is scaled by its own measure, not by that of the training data: use `transform` here."


class TestDataLeak(Rule):
    """The data is scaled or selected before it is split, so the test set has a say in how the model is trained.

    The score looks better than what the model does on new data.

    Fix: split first; then `fit` on the training part only, best inside a `Pipeline`.
    """

    severity = "medium"
    confidence = "medium"
    cwe = None
    prior = 0.7
    references = ("https://scikit-learn.org/stable/common_pitfalls.html#data-leakage",)
    triggers = ("sklearn",)
    calls = frozenset({"sklearn.model_selection.train_test_split"})
    methods = ("fit_transform",)
    invalid = (
        ("from sklearn.preprocessing import StandardScaler\nfrom sklearn.model_selection import train_test_split\n"
         "X = StandardScaler().fit_transform(X)\na, b = train_test_split(X)"),
        ("import sklearn.preprocessing as p\nfrom sklearn.model_selection import train_test_split as s\ndef f(x, y):\n"
         "    m = p.MinMaxScaler()\n    z = m.fit_transform(x)\n    return s(z, y)"),
        ("from sklearn.decomposition import PCA\nfrom sklearn.model_selection import train_test_split\nR = PCA(2).fit_transform(D)\n"
         "t = train_test_split(R, y, test_size=0.2)"),
        ("from sklearn.feature_extraction.text import TfidfVectorizer\nfrom sklearn import model_selection\nv = TfidfVectorizer()\n"
         "X = v.fit_transform(texts)\na, b, c, d = model_selection.train_test_split(X, y)"),
        ("from sklearn.impute import SimpleImputer\nfrom sklearn.model_selection import train_test_split\nclass A:\n"
         "    def f(self, X):\n        X = SimpleImputer().fit_transform(X)\n        return train_test_split(X)"),
        ("from sklearn.feature_selection import SelectKBest\nfrom sklearn.model_selection import train_test_split\n"
         "best = SelectKBest(k=3).fit_transform(X, y)\na, b, c, d = train_test_split(best, y)"),
    )
    valid = (
        ("from sklearn.preprocessing import StandardScaler\nfrom sklearn.model_selection import train_test_split\n"
         "a, b = train_test_split(X)\ns = StandardScaler()\na = s.fit_transform(a)"),
        "from sklearn.model_selection import train_test_split\na, b = train_test_split(X)",
        ("from sklearn.preprocessing import LabelEncoder\nfrom sklearn.model_selection import train_test_split\n"
         "y = LabelEncoder().fit_transform(y)\na, b, c, d = train_test_split(X, y)"),
        ("from sklearn.preprocessing import StandardScaler\nfrom sklearn.model_selection import train_test_split\n"
         "Z = StandardScaler().fit_transform(W)\na, b = train_test_split(X)"),
        "from mine import StandardScaler, train_test_split  # sklearn\nX = StandardScaler().fit_transform(X)\ntrain_test_split(X)",
        ("from sklearn.preprocessing import StandardScaler\nfrom sklearn.model_selection import train_test_split\ndef f(X):\n"
         "    return train_test_split(X)\ndef g(X):\n    return StandardScaler().fit_transform(X)"),
    )

    def visit_Call(self, node: cst.Call) -> None:
        """Looks where the first array comes from."""
        data = node.args[0].value if node.args else None
        if isinstance(node.func, cst.Attribute) and node.func.attr.value == "fit_transform":
            if isinstance(data, cst.Name) and re.search(r"(^|_)test($|_)", data.value.lower()):
                self.report(node, _REFITTED)
            return
        if argument(node, "shuffle") is not None and is_name(argument(node, "shuffle"), "False"):
            return
        if isinstance(data, cst.Name):
            found = [one.value for one in self.scope.reaching(data.value, data) if one.kind == "assign"]
            if found and found[0] is not None and self._fitted(found[0]):
                self.report(node)

    def _fitted(self, value: cst.BaseExpression) -> bool:
        name = self.qualified_name(value) or ""
        return name.startswith("sklearn.") and name.endswith("().fit_transform()") and name.split(".")[-2].removesuffix("()") in _SCALERS
