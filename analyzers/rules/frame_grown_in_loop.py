"""Frames that grow row by row."""

import libcst as cst

from analyzers.blocks import in_loop
from analyzers.rule import Rule
from analyzers.syntax import descend, is_name


class FrameGrownInLoop(Rule):
    """A frame grows in a loop: each round copies all rows that it has so far.

    A thousand rows cost half a million copies; `DataFrame.append` is gone since pandas 2.

    Fix: collect the parts in a list and call `pd.concat(parts)` once after the loop.
    """

    severity = "low"
    cwe = 1050
    prior = 0.75
    references = ("https://pandas.pydata.org/docs/reference/api/pandas.concat.html",)
    triggers = ("pandas",)
    invalid = (
        "import pandas as pd\ndf = pd.DataFrame()\nfor r in rows:\n    df = pd.concat([df, pd.DataFrame([r])])",
        ("import pandas as pd\ndef f(rows):\n    df = pd.DataFrame()\n    for r in rows:\n"
         "        df = df.append(r, ignore_index=True)\n    return df"),
        "from pandas import concat\ndef f(rows, t):\n    while rows:\n        t = concat((t, rows.pop()))",
    )
    valid = (
        "import pandas as pd\ndf = pd.concat([pd.DataFrame([r]) for r in rows])",
        "import pandas as pd\nfor a, b in pairs:\n    df = pd.concat([a, b])\n    show(df)",
        "import pandas as pd\nxs = []\nfor r in rows:\n    xs.append(r)",
    )

    def visit_Assign(self, node: cst.Assign) -> None:
        """Looks at names that get themselves and more."""
        target, call = node.targets[0].target, node.value
        if not isinstance(target, cst.Name) or not isinstance(call, cst.Call) or not in_loop(self.context.parents):
            return
        if isinstance(call.func, cst.Attribute) and call.func.attr.value == "append" and is_name(call.func.value, target.value):
            self.report(node)
        elif call.args and self.qualified_name(call.func) == "pandas.concat":
            listed = isinstance(call.args[0].value, cst.List | cst.Tuple)
            if listed and any(is_name(one, target.value) for one in descend(call.args[0].value)):
                self.report(node)
