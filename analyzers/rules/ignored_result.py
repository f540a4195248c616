"""Results that are thrown away although nothing else happens."""

from collections.abc import Sequence

import libcst as cst

from analyzers.blocks import last_name
from analyzers.rule import Rule
from analyzers.syntax import string_value

_BUILTINS = ("sorted", "len", "sum", "reversed", "abs", "min", "max", "round", "zip", "enumerate")
_PURE = frozenset(f"builtins.{name}" for name in _BUILTINS) | {
    "copy.copy", "copy.deepcopy", "os.path.join", "json.dumps", "re.sub", "re.escape", "shlex.quote", "html.escape",
}  # fmt: skip
_TEXT = frozenset({"replace", "upper", "lower", "strip", "lstrip", "rstrip", "removeprefix", "removesuffix", "title", "format", "zfill"})

_ONLY_TEXT = {"upper": 0, "casefold": 0, "swapcase": 0, "capitalize": 0, "removeprefix": 1, "removesuffix": 1, "zfill": 1}
"""Methods that texts alone have, with the number of their arguments; `lower()` also sends a window to the back."""
_LAST = _TEXT | set(_ONLY_TEXT) | {name.rpartition(".")[2] for name in _PURE}




def _surely_text(method: str, args: Sequence[cst.Arg]) -> bool:
    """Whether only a text takes these arguments: `strip()`, `replace("a", "b")`."""
    if method in ("strip", "lstrip", "rstrip"):
        return len(args) <= 1
    return method == "replace" and len(args) == 2 and all(string_value(arg.value) is not None and arg.keyword is None for arg in args)


class IgnoredResult(Rule):
    """The call changes nothing and its result is thrown away: the line does nothing.

    Texts cannot be changed: `replace`, `strip` and `upper` return a new one. `sorted` leaves its argument alone.

    Fix: keep the result: `name = name.strip()`, `items = sorted(items)`.
    """

    severity = "medium"
    cwe = 252
    prior = 0.85
    references = ("https://docs.python.org/3/library/stdtypes.html#string-methods",)
    invalid = (
        "def clean(name):\n    name.strip()\n    return name",
        "def tidy(text):\n    text.replace('\\t', ' ')\n    return text",
        "class A:\n    def title(self, name):\n        name.upper()\n        return name",
        "def f(path):\n    path.name.removesuffix('.txt')\n    return path",
        "def f(xs):\n    sorted(xs)\n    return xs",
        "name = 'a '\nname.strip()",
        "import html\ndef f(t):\n    html.escape(t)\n    return t",
        "def f(x):\n    text = str(x)\n    text.replace('a', 'b')\n    return text",
        "class A:\n    def f(self, p):\n        import os\n        os.path.join(p, 'x')",
        "'{}'.format(3)",
        "import copy as c\ndef f(x):\n    c.deepcopy(x)",
    )
    valid = (
        "def f(window, name):\n    window.lower()\n    return name.upper()",
        "def f(xs):\n    xs = sorted(xs)\n    return xs",
        "name = 'a '.strip()",
        "def f(path):\n    path.replace('b')",
        "def f(xs):\n    xs.sort()",
        "def f(sorted, xs):\n    sorted(xs)",
        "def f(x):\n    print(len(x))",
        "with raises(TypeError):\n    len(3)",
        "try:\n    len(x)\nexcept TypeError:\n    pass",
    )

    def visit_Expr(self, node: cst.Expr) -> None:
        """Looks at calls alone; in `with` and `try` they may be made to see whether they raise."""
        # A plain name may be an alias; behind a dot stands the last word itself.
        if not isinstance(node.value, cst.Call) or not (isinstance(node.value.func, cst.Name) or last_name(node.value.func) in _LAST):
            return
        func = node.value.func
        text = isinstance(func, cst.Attribute) and func.attr.value in _TEXT and self._is_text(func.value)
        if isinstance(func, cst.Attribute) and _ONLY_TEXT.get(func.attr.value) == len(node.value.args):
            text = True
        text = text or (isinstance(func, cst.Attribute) and _surely_text(func.attr.value, node.value.args))
        if (text or self.qualified_name(func) in _PURE) and not self.context.inside((cst.With, cst.Try)):
            self.report(node)

    def _is_text(self, owner: cst.BaseExpression) -> bool:
        if isinstance(owner, cst.Name):
            found = self.scope.reaching(owner.value, owner)
            values = [one.value if one.kind == "assign" else None for one in found]
            return bool(values) and all(value is not None and self._is_text(value) for value in values)
        if isinstance(owner, cst.Call):
            return self.qualified_name(owner.func) in ("builtins.str", "builtins.input", "builtins.repr")
        return isinstance(owner, cst.SimpleString | cst.FormattedString | cst.ConcatenatedString)
