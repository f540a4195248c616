"""Values set in a copy of a table."""

import libcst as cst

from analyzers.rule import Rule

_MAKERS = ("pandas.read_csv()", "pandas.DataFrame()", "pandas.read_excel()", "pandas.read_parquet()", "pandas.read_sql()",
           "pandas.read_json()")  # fmt: skip
_NAMES = ("df", "frame", "dataframe", "data_frame")


class ChainedAssignment(Rule):
    """A value is set through two indexings, the first of which may give a copy: the table then stays as it was.

    pandas warns with SettingWithCopyWarning, and from version 3 on the table never changes.

    Fix: `frame.loc[mask, "column"] = value`.
    """

    severity = "medium"
    cwe = None
    prior = 0.8
    references = ("https://pandas.pydata.org/docs/user_guide/copy_on_write.html",)
    triggers = ("pandas",)
    invalid = (
        "import pandas as pd\ndf = pd.read_csv('a')\ndf['a']['b'] = 1",
        "import pandas\ndf = pandas.DataFrame()\ndf[df['a'] > 1]['b'] = 2",
        "import pandas as pd\ndef f(df):\n    df[df.x == 1]['y'] = 0",
        "from pandas import read_parquet\nt = read_parquet('a')\nt['a'][0] = 3",
        "import pandas as pd\nclass A:\n    def f(self, frame):\n        frame['x'][frame['y'] > 0] = 1",
        "import pandas as pd\ndf = pd.read_csv('a')\ndf.loc[m]['b'] = 1",
    )
    valid = (
        "import pandas as pd\ndf = pd.read_csv('a')\ndf.loc[df['a'] > 1, 'b'] = 1",
        "import pandas as pd\ndf = pd.read_csv('a')\ndf['a'] = 1",
        "import pandas as pd\nd = {}\nd['a'] = {}\nd['a']['b'] = 1",
        "import pandas as pd\ndf = pd.read_csv('a')\nx = df['a'][0]",
        "def f(df):\n    df['a']['b'] = 1",
        "import pandas as pd\ndf = pd.read_csv('a')\ndf.at[0, 'b'] = 1",
    )

    def visit_Assign(self, node: cst.Assign) -> None:
        """Looks at targets of two indexings in a row."""
        for one in node.targets:
            match one.target:
                case cst.Subscript(value=cst.Subscript(value=owner)) if self._is_table(owner):
                    self.report(node)

    def _is_table(self, node: cst.BaseExpression) -> bool:
        if isinstance(node, cst.Attribute) and node.attr.value in ("loc", "iloc"):
            return self._is_table(node.value)
        if self.qualified_name(node) in _MAKERS:
            return True
        if not isinstance(node, cst.Name) or node.value not in _NAMES:
            return False
        return all(one.kind == "param" for one in self.scope.reaching(node.value, node))
