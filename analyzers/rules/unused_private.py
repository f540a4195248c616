"""Functions and classes that only this file can use, and does not."""

import re

import libcst as cst

from analyzers.rule import Rule


class UnusedPrivate(Rule):
    """A function or class of the module whose name begins with `_` is used nowhere in its file.

    Dead code is read, tested and mended for nothing. Methods are left out: what a class offers to those that derive from it is
    not seen here.

    Fix: delete it; git remembers it.
    """

    severity = "low"
    confidence = "medium"
    cwe = 561
    prior = 0.5
    references = ("https://peps.python.org/pep-0008/#descriptive-naming-styles",)
    extended = True
    triggers = ("def _", "class _")
    invalid = (
        "def _helper(x):\n    return x\ndef main():\n    return 1",
        "class _Cache:\n    size = 3",
        "async def _fetch(url):\n    return await get(url)",
        "def _old(x): ...\ndef _older(x): ...\n_older(1)",
        "import os\ndef _walk():\n    return os.walk('.')",
        "class _A(Base):\n    def f(self):\n        return self.g()",
    )
    valid = (
        "def _helper(x):\n    return x\ndef main():\n    return _helper(1)",
        "@app.route('/')\ndef _page():\n    return 'x'",
        "def helper(x):\n    return x",
        "class A:\n    def _hook(self): ...",
        "def _f(): ...\n__all__ = ['_f']",
        "def __getattr__(name):\n    return name",
        "def _(text):\n    return text",
        "def _visit(n):\n    return _visit(n - 1)\nTABLE = {'v': _visit}",
    )

    def visit_Module(self, node: cst.Module) -> None:
        """Counts how often each private name of the module is written; the file's text is made once, and only if there are any."""
        private = [one for one in node.body if isinstance(one, cst.FunctionDef | cst.ClassDef) and _is_private(one)]
        text = node.code if private else ""
        for one in private:
            if len(re.findall(rf"\b{one.name.value}\b", text)) == 1:
                self.report(one.name, f"`{one.name.value}` is used nowhere in this file.")


def _is_private(one: cst.FunctionDef | cst.ClassDef) -> bool:
    name = one.name.value
    return name.startswith("_") and not name.startswith("__") and name.strip("_") != "" and not one.decorators
