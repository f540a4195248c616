"""Prefixes cut off letter by letter."""

import libcst as cst

from analyzers.rule import Rule
from analyzers.syntax import string_value


class StripCharacters(Rule):
    """`strip` takes a set of characters, not a prefix or suffix: it cuts off more than was meant.

    `"htable".lstrip("http://")` gives `"able"`.

    Fix: `removeprefix("http://")` or `removesuffix(".py")`.
    """

    severity = "medium"
    cwe = None
    prior = 0.85
    references = ("https://docs.python.org/3/library/stdtypes.html#str.removesuffix",)
    triggers = ("strip(",)
    methods = ("strip", "lstrip", "rstrip")
    invalid = (
        "x = url.lstrip('http://')",
        "x = name.rstrip('.py')",
        "def f(x):\n    return x.lstrip('prefix_')",
        "class A:\n    def f(self):\n        return self.path.rstrip('.json')",
        "x = t.strip('www.')",
        "x = [a.rstrip('.git') for a in b]",
    )
    valid = (
        "x = url.removeprefix('http://')  # not lstrip(",
        "x = name.strip()",
        "x = name.strip('\\n ')",
        "x = name.strip('/')",
        "x = name.strip('abc')",
        "x = name.rstrip('0123456789')",
        "x = name.strip('\"\\'')",
        "x = name.rstrip('.,;')",
        "x = name.lstrip('+-')",
    )

    def visit_Call(self, node: cst.Call) -> None:
        """Looks at arguments that read like a word with a mark before, after or in it, or that name a letter twice."""
        if len(node.args) != 1 or not isinstance(node.func, cst.Attribute):
            return
        text = string_value(node.args[0].value) or ""
        letters = [one for one in text if one.isalpha()]
        marks = [one for one in text if not one.isalnum() and not one.isspace()]
        if len(letters) < 2 or not marks or len(text) > 30 or len(letters) < len(marks) - 1:
            return
        repeated = len(set(text)) < len(text)
        shaped = text[0] == "." or text[-1] in "._-:/"
        method = node.func.attr.value
        if repeated or shaped:
            prefix = {"lstrip": "removeprefix", "rstrip": "removesuffix"}.get(method)
            self.report(node, replacement=(node.func.attr, cst.Name(prefix)) if prefix else None)
