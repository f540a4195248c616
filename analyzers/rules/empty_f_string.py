"""f-strings without a value."""

import re

import libcst as cst

from analyzers.rule import Rule


class EmptyFString(Rule):
    """The f-string holds no value: either the `f` is too much, or the braces are missing.

    Fields that were meant to be filled in stay out of the text.

    Fix: take the `f` away, or put the value in: `f"hello {name}"`.
    """

    severity = "low"
    cwe = None
    prior = 0.7
    references = ("https://docs.python.org/3/reference/lexical_analysis.html#f-strings",)
    triggers = ("f'", 'f"', "F'", 'F"')
    invalid = (
        "x = f'hello'",
        'x = f"hello"',
        "def f(name):\n    return rf'\\d+'",
        "print(f'')",
        "class A:\n    TEXT = f'a b c'",
        "x = F'upper'",
    )
    valid = (
        "x = f'hello {name}'",
        "x = 'hello'",
        "x = f'a {b}' 'c'",
        "x = f'a {b}' f'c'",
        "x = rb'raw'",
        "x = f'{a!r:>{w}}'",
        "x = (f'a'\n     f'{b}')",
    )

    def visit_FormattedString(self, node: cst.FormattedString) -> None:
        """Looks for a value; pieces that stand beside one with a value keep the same look."""
        if isinstance(self.parent(), cst.ConcatenatedString) or any(isinstance(one, cst.FormattedStringExpression) for one in node.parts):
            return
        text = "".join(one.value for one in node.parts if isinstance(one, cst.FormattedStringText))
        quote = re.sub(r"^[A-Za-z]+", "", node.start)
        prefix = node.start.removesuffix(quote).lower().replace("f", "")
        braces = "{{" in text or "}}" in text
        new = cst.SimpleString(f"{prefix}{quote}{text}{quote}")
        # A replacement field's own format text is one of these too: `{a:>10}`.
        if not isinstance(self.parent(), cst.FormattedStringExpression):
            self.report(node, replacement=None if braces else (node, new))
