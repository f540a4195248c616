"""Text that reads in another order than it runs."""

import libcst as cst

from analyzers.rule import Rule

_MARKS = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"


class TrojanSource(Rule):
    """A control character turns the direction of the text, so people read other code than Python does.

    A comment can look as if it ended before code that is still part of it (CVE-2021-42574).

    Fix: take the character away; in a text that needs it, write it as an escape or by `chr(0x202e)`.
    """

    severity = "high"
    cwe = 1007
    prior = 0.9
    references = ("https://trojansource.codes/", "https://www.unicode.org/reports/tr9/")
    triggers = tuple(_MARKS)
    invalid = (
        "x = 'a\u202eb'",
        "# check\u2066 if admin\u2069\nx = 1",
        "def f():\n    # \u202e\n    return 1",
        "x = f'{a}\u2067'",
        "class A:\n    '''doc \u202a'''",
        "x = 1  # end\u202d",
    )
    valid = (
        "x = 'a\\u202eb'",
        "x = 'שלום'",
        "# مرحبا\nx = 1",
        "x = '\u200f'",
        "x = 'é\u0301'",
        "x = {0x202e: 1}",
    )

    def visit_Module(self, node: cst.Module) -> None:
        """Looks at every text and comment, which the walk itself passes by."""
        stack: list[cst.CSTNode] = [node]
        while stack:
            one = stack.pop()
            text = one.value if isinstance(one, cst.Comment | cst.SimpleString | cst.FormattedStringText) else ""
            if any(mark in text for mark in _MARKS):
                self.report(one)
            stack.extend(one.children)
