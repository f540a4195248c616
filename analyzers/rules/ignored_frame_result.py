"""Results of pandas methods that are thrown away."""

import re

import libcst as cst

from analyzers.rule import Rule
from analyzers.syntax import argument, has_double_star, is_name

_METHODS = (
    "dropna", "fillna", "ffill", "bfill", "drop", "drop_duplicates", "rename", "sort_values", "sort_index", "reset_index", "set_index",
    "replace", "astype", "assign", "merge", "clip", "round", "reindex", "interpolate", "where", "mask", "set_axis", "rename_axis",
)  # fmt: skip
_FRAME = re.compile(r"(^|_)(df|frame|dataframe)(_|\d|$)")


class IgnoredFrameResult(Rule):
    """The method gives a new frame, which is thrown away: the old one stays as it was.

    `dropna`, `drop`, `rename` and the like change nothing unless `inplace=True` is said.

    Fix: keep the result: `df = df.dropna()`.
    """

    severity = "medium"
    cwe = 252
    prior = 0.9
    references = ("https://pandas.pydata.org/docs/reference/api/pandas.DataFrame.dropna.html",)
    triggers = ("pandas",)
    invalid = (
        "import pandas as pd\ndf = pd.read_csv('a.csv')\ndf.dropna()\nprint(df)",
        "import pandas as pd\ndef f(df):\n    df.drop(columns=['a'])\n    return df",
        ("from pandas import DataFrame\nclass A:\n    def f(self):\n        t = DataFrame()\n"
         "        t.rename(columns={'a': 'b'})\n        return t"),
        "import pandas as pd\ndef f(t: pd.DataFrame):\n    t.sort_values('a', inplace=False)\n    return t",
    )
    valid = (
        "import pandas as pd\ndf = pd.read_csv('a.csv')\ndf = df.dropna()",
        "import pandas as pd\ndf = pd.read_csv('a.csv')\ndf.dropna(inplace=True)",
        "import pandas as pd\ndef f(df, **how):\n    df.drop(**how)",
        "import pandas\ndef f(table):\n    table.drop()",
        "import pandas as pd\nwith raises(KeyError):\n    pd.DataFrame().drop(columns=['x'])",
    )

    def visit_Expr(self, node: cst.Expr) -> None:
        """Looks at calls on a line of their own."""
        call = node.value
        if not isinstance(call, cst.Call) or not isinstance(call.func, cst.Attribute) or call.func.attr.value not in _METHODS:
            return
        inplace = argument(call, "inplace")
        if has_double_star(call) or not (inplace is None or is_name(inplace, "False")) or self.context.inside((cst.With, cst.Try)):
            return
        owner = call.func.value
        named = isinstance(owner, cst.Name) and _FRAME.search(owner.value.lower())
        if named or (self.qualified_name(owner) or "").startswith("pandas."):
            self.report(node)
