"""Comparisons with NaN."""

import libcst as cst

from analyzers.rule import Rule

_NAN = frozenset({"math.nan", "numpy.nan", "numpy.NaN", "numpy.NAN", "float.nan", "pandas.NA", "pandas.NaT", "cmath.nan", "torch.nan"})


class NanComparison(Rule):
    """A value is compared with NaN, which is never equal to anything, not even to itself.

    The comparison always gives the same answer, whatever the value is.

    Fix: `math.isnan(x)`, `numpy.isnan(x)`, `pandas.isna(x)`.
    """

    severity = "high"
    cwe = 570
    prior = 0.95
    references = ("https://docs.python.org/3/library/math.html#math.isnan",)
    triggers = ("nan", "NaN", "NAN", "NaT", "NA")
    invalid = (
        "import math\ndef f(x):\n    return x == math.nan",
        "import numpy as np\nif x != np.nan:\n    pass",
        "from math import nan\ny = [x for x in z if x == nan]",
        "import pandas as pd\nm = df['a'] == pd.NaT",
        "class A:\n    def f(self):\n        return self.x == float('nan')",
        "import numpy\nx = numpy.NaN == y",
        "import math\nx = y in (1, math.nan) or y > math.nan",
    )
    valid = (
        "import math\ndef f(x):\n    return math.isnan(x)",
        "import numpy as np\nx = np.nan",
        "def f(nan, x):\n    return x == nan",
        "import math\nx = y is math.nan",
        "x = y == 'nan'",
        "import numpy as np\nx = np.isnan(y) == True",
        "x = y == float('inf')  # not nan",
    )

    def visit_Comparison(self, node: cst.Comparison) -> None:
        """Looks at both sides."""
        for target in node.comparisons:
            if isinstance(target.operator, cst.Is | cst.IsNot | cst.In | cst.NotIn):
                continue
            if any(self._is_nan(one) for one in (node.left, target.comparator)):
                self.report(node)
                return

    def _is_nan(self, node: cst.BaseExpression) -> bool:
        match node:
            case cst.Call(func=func, args=[cst.Arg(value=cst.SimpleString() as text)]):
                return self.qualified_name(func) == "builtins.float" and str(text.evaluated_value).strip().lower() == "nan"
        return self.qualified_name(node) in _NAN
