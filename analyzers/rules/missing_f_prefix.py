"""Texts with places that nobody fills."""

import re

import libcst as cst

from analyzers.blocks import last_name
from analyzers.rule import Rule
from analyzers.syntax import string_value

_PLACE = re.compile(r"\{([A-Za-z_]\w*)((?:\.\w+)*)(?:![rsa])?(?::[^{}]*)?\}")
_SAYS = frozenset({"print", "debug", "info", "warning", "error", "critical", "exception", "write", "echo", "secho", "exit", "abort"})


class MissingFPrefix(Rule):
    """The text has places in braces with names of this function, and no `f` in front: it is shown as it stands.

    Who reads the message sees `{path}` instead of the path.

    Fix: put an `f` before the quotes.
    """

    severity = "medium"
    confidence = "medium"
    cwe = None
    prior = 0.85
    references = ("https://docs.python.org/3/reference/lexical_analysis.html#f-strings",)
    triggers = ("{",)
    invalid = (
        "def f(count, path):\n    print('{count} lines in {path}')",
        "def f(name):\n    raise ValueError('no such name: {name}')",
        "import logging\ndef f(user):\n    logging.info('hello {user.name}')",
    )
    valid = (
        "def f(count):\n    print(f'{count} lines')",
        "def f(count):\n    print('{count} lines'.format(count=count))",
        "def f(count):\n    print('{other} lines')",
        "def f(count):\n    print('{count} lines', TEMPLATE)\n    print('use {count} in the template')",
        "def f(name):\n    return '{name}'",
        "def f(text):\n    raise ValueError('{text} must be given as {0}')",
        "from loguru import logger\ndef f(user):\n    logger.info('hello {user}', user=user)",
    )

    def visit_SimpleString(self, node: cst.SimpleString) -> None:
        """Looks at the only argument of what shows a text or of an exception that is raised."""
        if "{" not in node.value or node.prefix:
            return
        arg, call = self.parent(), self.parent(2)
        if not isinstance(arg, cst.Arg) or arg.keyword is not None or not isinstance(call, cst.Call) or len(call.args) != 1:
            return
        raised = isinstance(self.parent(3), cst.Raise)
        if not raised and last_name(call.func) not in _SAYS:
            return
        text = string_value(node) or ""
        names = [found.group(1) for found in _PLACE.finditer(text)]
        if not names or _PLACE.sub("", text).strip("{} ") != _PLACE.sub("", text).strip(" ") or "{" in _PLACE.sub("", text):
            return
        owners = [self.scope.owner(name) for name in names]
        if all(owner is not None and owner.is_function for owner in owners) and "template" not in text.lower():
            self.report(node)
