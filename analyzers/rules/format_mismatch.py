"""Formats that do not fit their values."""

import re
import string

import libcst as cst

from analyzers.blocks import last_name
from analyzers.rule import Rule
from analyzers.syntax import descend, is_name, string_value

_PERCENT = re.compile(r"%(?:\((\w+)\))?[#0 +-]*(\*|\d+)?(?:\.(\*|\d+))?[hlL]?([diouxXeEfFgGcrsa%])")
_LEVELS = ("debug", "info", "warning", "error", "critical", "exception")
_LOGS = frozenset(f"{logger}.{level}" for logger in ("logging", "logging.getLogger()") for level in _LEVELS)
_SINGLES = frozenset({"builtins.str", "builtins.int", "builtins.float", "builtins.len", "builtins.repr", "builtins.input"})
_TEXT_GIVING = frozenset({"upper", "lower", "strip", "lstrip", "rstrip", "title", "capitalize", "casefold", "removeprefix", "removesuffix"})


class FormatMismatch(Rule):
    """The format has another number of places than there are values: this raises an error or loses values.

    It fails only when the line runs, which for an error message is the moment that it is needed.

    Fix: give each place its value.
    """

    severity = "medium"
    cwe = 628
    prior = 0.9
    references = (
        "https://docs.python.org/3/library/stdtypes.html#printf-style-string-formatting",
        "https://docs.python.org/3/library/string.html#format-string-syntax",
    )
    triggers = ("%", ".format(", "log")
    methods = ("format", *_LEVELS)
    invalid = (
        "x = '%s %s' % (a,)",
        "x = '%d' % (a, b)",
        "def f(name):\n    name = name.strip()\n    return '%s has %d' % name",
        "def f(name):\n    log(name.upper())\n    return '%s has %d' % name",
        "def f(name: str):\n    return '%s has %d' % name",
        "x = '{} {}'.format(a)",
        "x = '{0} {2}'.format(a, b)",
        "import logging\nlogging.info('%s and %s', a)",
        "import logging\nlog = logging.getLogger(__name__)\ndef f(a, b):\n    log.error('%s', a, b)",
        "class A:\n    def f(self):\n        return '{name}'.format(nam=1)",
    )
    valid = (
        "x = '%s %s' % (a, b)",
        "x = '%s' % a",
        "def f(pair):\n    return '%s has %d' % pair",
        "def f(name: str):\n    return '%s has' % name",
        "x = '{} {}'.format(a, b)",
        "x = '{} {}'.format(*a)",
        "import logging\nlogging.info('%s and %s', a, b)",
        "import logging\nlogging.info('%(a)s', {'a': 1})",
        "x = '%*d' % (w, n)",
        "x = '{a.b} {c[0]}'.format(a=a, c=c)",
        "x = '%(a)s %(b)s' % values",
    )

    def visit_BinaryOperation(self, node: cst.BinaryOperation) -> None:
        """Looks at `%` with a tuple."""
        text = string_value(node.left) if isinstance(node.operator, cst.Modulo) else None
        if text is None:
            return
        wanted = _places(text)
        if not isinstance(node.right, cst.Tuple):
            if wanted is not None and wanted > 1 and self._is_single(node.right):
                self.report(node)
            elif isinstance(node.right, cst.Dict):
                self._check_names(text, node.right)
            return
        if any(isinstance(one, cst.StarredElement) for one in node.right.elements):
            return
        if wanted is not None and wanted != len(node.right.elements):
            self.report(node)

    def _check_names(self, text: str, given: cst.Dict) -> None:
        keys = {string_value(one.key) if isinstance(one, cst.DictElement) else None for one in given.elements}
        if None not in keys and not {found.group(1) for found in _PERCENT.finditer(text) if found.group(1)} <= keys:
            self.report(given)

    def _is_single(self, node: cst.BaseExpression) -> bool:
        """Whether it is one value and no tuple: a literal, what makes a text or number, or a parameter that is used as a text."""
        if isinstance(node, cst.Call):
            return self.qualified_name(node.func) in _SINGLES or last_name(node.func) in _TEXT_GIVING
        if not isinstance(node, cst.Name):
            return isinstance(node, cst.SimpleString | cst.FormattedString | cst.Integer | cst.Float)
        found = self.scope.reaching(node.value, node)
        if len(found) != 1:
            return False
        if isinstance(found[0].node, cst.Param):
            told = found[0].node.annotation.annotation if found[0].node.annotation is not None else None
            return is_name(told, "str", "int", "float", "bytes") or any(_uses_as_text(one, node.value) for one in descend(self.scope.node))
        value = found[0].value if found[0].kind == "assign" else None
        return value is not None and not isinstance(value, cst.Name) and self._is_single(value)

    def visit_Call(self, node: cst.Call) -> None:
        """Looks at `format` and at log messages."""
        if any(arg.star for arg in node.args):
            return
        if isinstance(node.func, cst.Attribute) and node.func.attr.value == "format":
            text = string_value(node.func.value)
            if text is not None and _misses(text, node):
                self.report(node)
        elif len(node.args) > 1 and self.qualified_name(node.func) in _LOGS:
            self._check_log(node)

    def _check_log(self, node: cst.Call) -> None:
        text = string_value(node.args[0].value)
        values = [arg for arg in node.args[1:] if arg.keyword is None]
        if text is None or not values or isinstance(values[0].value, cst.Dict):
            return
        wanted = _places(text)
        if wanted is not None and wanted != len(values) and not (len(values) == 1 and "%(" in text):
            self.report(node)


def _uses_as_text(node: cst.CSTNode, name: str) -> bool:
    """Whether a method of texts is called on what is called so."""
    match node:
        case cst.Call(func=cst.Attribute(value=owner, attr=cst.Name(value=word))):
            return word in _TEXT_GIVING and is_name(owner, name)
    return False


def _places(text: str) -> int | None:
    """How many values a `%` format takes; None for named ones and for what is no format."""
    count = 0
    for found in _PERCENT.finditer(text):
        if found.group(1):
            return None
        if found.group(4) != "%":
            count += 1 + [found.group(2), found.group(3)].count("*")
    return None if "%" in _PERCENT.sub("", text) else count


def _misses(text: str, call: cst.Call) -> bool:
    try:
        fields = [name for _, name, _, _ in string.Formatter().parse(text) if name is not None]
    except ValueError:
        return False
    given = sum(1 for arg in call.args if arg.keyword is None)
    names = {arg.keyword.value for arg in call.args if arg.keyword is not None}
    heads = [re.split(r"[.\[]", name, maxsplit=1)[0] for name in fields]
    automatic = sum(1 for head in heads if head == "")
    numbers = [int(head) for head in heads if head.isdigit()]
    words = {head for head in heads if head and not head.isdigit()}
    return automatic > given or any(number >= given for number in numbers) or not words <= names
