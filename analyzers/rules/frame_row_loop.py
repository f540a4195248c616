"""Frames gone through row by row."""

import libcst as cst

from analyzers.blocks import last_name
from analyzers.rule import Rule


class FrameRowLoop(Rule):
    """The rows of a frame are gone through one by one, each as an object of its own: a thousand times slower than whole columns.

    `iterrows` also changes types: a row of an integer and a float column holds two floats.

    Fix: calculate with columns, `df["price"] * df["count"]`; where a loop must be, `itertuples()`.
    """

    severity = "info"
    cwe = 1050
    prior = 0.5
    references = ("https://pandas.pydata.org/docs/reference/api/pandas.DataFrame.iterrows.html",)
    triggers = ("iterrows",)
    invalid = (
        "for i, row in df.iterrows():\n    print(row)",
        "xs = [row['a'] for _, row in frame.iterrows()]",
        "def f(table):\n    for i, row in enumerate(table.iterrows()):\n        yield row",
    )
    valid = ("for row in df.itertuples():\n    print(row)", "x = df['a'] * df['b']  # no iterrows", "rows = list_iterrows()")

    def visit_Call(self, node: cst.Call) -> None:
        """Looks at calls of `iterrows`."""
        if isinstance(node.func, cst.Attribute) and last_name(node.func) == "iterrows":
            self.report(node)
