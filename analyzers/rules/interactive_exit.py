"""Programs that end through what only the interactive interpreter promises."""

import libcst as cst

from analyzers.rule import Rule


class InteractiveExit(Rule):
    """`exit` and `quit` are there for the interactive interpreter; a program may not have them.

    The module `site` adds them; `python -S`, frozen programs and embedded interpreters run without it.

    Fix: `sys.exit(...)`, or raise SystemExit.
    """

    severity = "low"
    cwe = None
    prior = 0.6
    references = ("https://docs.python.org/3/library/constants.html#constants-added-by-the-site-module",)
    triggers = ("exit", "quit")
    calls = ("builtins.exit", "builtins.quit")
    invalid = (
        "def f(x):\n    if x:\n        exit(1)",
        "quit()",
        "if __name__ == '__main__':\n    exit(main())",
        "def f():\n    try:\n        g()\n    except OSError:\n        print('no')\n        quit(2)",
        "class A:\n    def stop(self):\n        exit()",
        "handlers = {'q': lambda: quit()}",
    )
    valid = (
        "import sys\nsys.exit(1)",
        "from sys import exit\nexit(1)",
        "def exit(): ...\nexit()",
        "raise SystemExit(1)",
        "class A:\n    def f(self):\n        self.quit()",
        "def f(quit):\n    quit()",
    )

    def visit_Call(self, node: cst.Call) -> None:
        """Every call of the two."""
        self.report(node)
