"""Names that nothing binds."""

import builtins
import sys
from collections.abc import Iterator
from typing import Any

import libcst as cst

from analyzers.context import Context
from analyzers.rule import Rule
from analyzers.scope import Scope

_KNOWN = frozenset(dir(builtins)) | {"__file__", "__path__", "__module__", "__qualname__", "__class__", "__annotations__", "__builtins__"}
_MODULES = frozenset(sys.stdlib_module_names) - {
    "this", "site", "test", "code", "parser", "symbol", "token", "types", "queue", "string", "calendar",
}  # fmt: skip
_TYPO_LENGTH_MIN = 4
_UNIMPORTED = "The module is used here and imported nowhere in the file: this raises NameError."


class UndefinedName(Rule):
    """Nothing is called so; a name that is bound here differs from it by one letter. This raises NameError.

    The line fails only when it runs, in an error's handling perhaps for the first time in production. Told are only names that look
    like a slip of another one, and modules of Python's own library that nothing imports.

    Fix: write the name as it is bound, or import the module.
    """

    severity = "high"
    confidence = "medium"
    cwe = 457
    prior = 0.9
    references = ("https://docs.python.org/3/reference/executionmodel.html#resolution-of-names",)
    invalid = (
        "def f(prices):\n    result = 0\n    for p in prices:\n        result += p\n    return resutl",
        "import sys\ndef now():\n    return time.time()",
        "class A:\n    def f(self, message):\n        print(mesage)",
        "import os\nprint(json.dumps(1))",
    )
    valid = (
        "def f(prices):\n    result = 0\n    return result",
        "from helpers import *\ndef f(prices):\n    return price",
        "import os\ndef f(time):\n    return time.time()",
        "def f(result):\n    return resutl + resutl",
        "def f(items):\n    return item(3)",
        "try:\n    import json\nexcept ImportError:\n    json = None\nimport os\njson.dumps(1)",
        "import os\nclass A:\n    result = 1\n    def f(self):\n        return self.resutl",
        "def f(result):\n    g(resutl=1)\n    try:\n        resutls\n    except NameError:\n        pass",
        "import os\nfrom concurrent.futures.process import f\nfrom xml.dom.minidom import g\nprint(f, g)",
        "def outer():\n    def inner():\n        return later\n    later = 1\n    return inner",
    )

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        text = context.text
        self._asked: set[str] = set(_KNOWN)
        self._text = text
        self._off = "import *" in text or "NameError" in text or "exec(" in text or "globals()" in text
        self._imports = "import " in text

    def visit_Name(self, node: cst.Name) -> None:
        """Looks at each name once: where it first stands in a place that reads it."""
        name = node.value
        if self._off or name in self._asked:
            return
        around: Any = self.context.parents[-1]
        kind = type(around)
        if (kind is cst.Attribute and around.attr is node) or (kind is cst.Arg and around.keyword is node) or kind in _BINDING:
            return
        self._asked.add(name)
        if self.scope.owner(name) is not None or self.context.inside((cst.Import, cst.ImportFrom)):
            return
        if kind is cst.Attribute and name in _MODULES and self._imports and isinstance(self.parent(2), cst.Call | cst.Attribute):
            self.report(node, _UNIMPORTED, severity="medium")
        elif len(name) >= _TYPO_LENGTH_MIN and self.scope.is_function and self._text.count(name) == 1 and self._is_slip(name):
            self.report(node)

    def _is_slip(self, name: str) -> bool:
        return any(_is_slip(name, bound) for bound in _bound(self.scope))


_BINDING = frozenset(
    {cst.ImportAlias, cst.AsName, cst.Param, cst.FunctionDef, cst.ClassDef, cst.NameItem, cst.MatchKeywordElement, cst.MatchAs,
     cst.MatchStar, cst.MatchMapping, cst.TypeVar, cst.TypeAlias, cst.TypeVarTuple, cst.ParamSpec}
)  # fmt: skip


def _bound(scope: Scope) -> Iterator[str]:
    """What the functions around bind, and the module's functions and constants."""
    one: Scope | None = scope
    while one is not None:
        if one.is_function:
            yield from {binding.name for binding in one.all_bindings()}
        one = one.parent


def _is_slip(name: str, bound: str) -> bool:
    """Whether one letter is missing, too many, another, or two have changed places."""
    if abs(len(name) - len(bound)) > 1 or name == bound or len(bound) < _TYPO_LENGTH_MIN:
        return False
    start = next((at for at, (a, b) in enumerate(zip(name, bound, strict=False)) if a != b), min(len(name), len(bound)))
    left, right = name[start:], bound[start:]
    if {left, right} <= {left, right + "s"} or {left, right} <= {right, left + "s"}:
        return False  # one and many of a thing are two names
    swapped = len(left) > 1 and len(right) > 1 and left[:2] == right[1::-1] and left[2:] == right[2:]
    return swapped or left[1:] == right or left == right[1:] or (left[1:] == right[1:] and left[:1].isalpha() and right[:1].isalpha())
