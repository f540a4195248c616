"""Lists in which a comma is missing."""

import libcst as cst

from analyzers.rule import Rule

_ELEMENTS_MIN = 2
_GOES_ON = (".", "/", "_", "-", ":", "=", "(", "+", "&", "?")


class ImplicitConcatenation(Rule):
    """A comma is missing: two texts of the list on lines of their own become one element.

    Texts that stand beside each other are one text to Python, so an element disappears and nobody is told.

    Fix: write the comma, or put a text that is meant to span lines into parentheses.
    """

    severity = "medium"
    confidence = "medium"
    cwe = None
    prior = 0.7
    references = ("https://docs.python.org/3/reference/lexical_analysis.html#string-literal-concatenation",)
    invalid = (
        "NAMES = [\n    'alpha',\n    'beta'\n    'gamma',\n    'delta',\n]",
        "NAMES = (\n    'alpha',\n    'beta',\n    'gamma'\n    'delta',\n)",
        "NAMES = {\n    'alpha'\n    'beta',\n    'gamma',\n}",
        "def f():\n    return run([\n        'git',\n        'commit'\n        '--quiet',\n    ])",
        "KEYS = [\n    b'alpha',\n    b'beta'\n    b'gamma',\n]",
        "class A:\n    fields = [\n        'id',\n        'name'\n        'mail'\n    ]",
    )
    valid = (
        "TESTS = [\n    'tests.orders.OrderTests.'\n    'test_total',\n    'tests.a',\n    'tests.b',\n]",
        "NAMES = [\n    'alpha',\n    'beta',\n]",
        "NAMES = ['alpha', 'be' 'ta', 'gamma']",
        "NAMES = [\n    'alpha',\n    ('a text that is long '\n     'and goes on'),\n    'gamma',\n]",
        "TEXT = (\n    'alpha'\n    'beta'\n)",
        "f('alpha', 'beta '\n  'gamma')",
        "TEXTS = [\n    'a text that ends in a blank '\n    'goes on',\n    'another',\n]",
        "TEXTS = [\n    'one line\\n'\n    'and one more',\n    'another',\n]",
        "TEXTS = [\n    'it goes'\n    ' on after a blank',\n    'another',\n]",
        "TEXTS = [\n    'the only one'\n    'of them'\n]",
        "TEXTS = [\n    f'{x}'\n    'tail',\n    'another',\n]",
    )

    def visit_ConcatenatedString(self, node: cst.ConcatenatedString) -> None:
        """Looks at texts that are elements themselves, in lists whose texts stand one to a line."""
        element, around = self.parent(), self.parent(2)
        if not isinstance(element, cst.Element) or not isinstance(around, cst.List | cst.Tuple | cst.Set) or node.lpar:
            return
        if len(around.elements) < _ELEMENTS_MIN or not isinstance(node.whitespace_between, cst.ParenthesizedWhitespace):
            return
        if all(isinstance(one.value, cst.SimpleString | cst.ConcatenatedString) for one in around.elements) and _looks_whole(node):
            self.report(node)


def _looks_whole(node: cst.ConcatenatedString) -> bool:
    """Whether both parts are texts of their own: those that go on in the next line end with a sign that joins, or hold a blank."""
    left, right = node.left, node.right
    if not isinstance(left, cst.SimpleString) or not isinstance(right, cst.SimpleString):
        return False
    first, second = left.evaluated_value, right.evaluated_value
    if not first or not second or type(first) is not type(second):
        return False
    parts = [one.decode("latin-1") if isinstance(one, bytes) else one for one in (first, second)]
    return not parts[0].endswith(_GOES_ON) and not any(" " in part or "\n" in part or "\\" in part for part in parts)
