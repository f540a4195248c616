"""Functions that fill more than a page or two."""

import libcst as cst

from analyzers.rule import Rule
from analyzers.syntax import descend

STATEMENTS_MAX = 60
_STATEMENTS = (cst.BaseSmallStatement, cst.BaseCompoundStatement)
_LONG = "\n".join(f"    a{n} = x + {n}" for n in range(61))


class LongFunction(Rule):
    """The function has more than sixty statements, too many to take in at once.

    What a long function does can only be told by reading all of it.

    Fix: give its parts names of their own.
    """

    severity = "info"
    cwe = 1080
    prior = 0.25
    references = ("https://peps.python.org/pep-0008/",)
    extended = True
    triggers = ("def ",)
    invalid = (
        f"def f(x):\n{_LONG}",
        f"async def f(x):\n{_LONG}",
        f"class A:\n    def f(self, x):\n{_LONG.replace('    ', '        ')}",
        f"def f(x):\n    if x:\n{_LONG.replace('    ', '        ')}",
        "def f(x):\n" + "\n".join(f"    a{n} = x; b{n} = x" for n in range(31)),
        "def f(x):\n" + "\n".join(f"    if x == {n}:\n        print({n})" for n in range(31)),
    )
    valid = (
        "def f(x):\n" + "\n".join(f"    a{n} = x + {n}" for n in range(40)),
        f"class A:\n{_LONG}",
        _LONG.replace("    ", ""),
        "def f(x):\n    return [\n" + "\n".join(f"        x + {n}," for n in range(90)) + "\n    ]",
        "def f(x):\n    def g(y):\n" + "\n".join(f"        a{n} = y" for n in range(40)) + "\n" + "    b = x\n" * 30,
        "def f(x): ...",
    )

    def visit_FunctionDef(self, node: cst.FunctionDef) -> None:
        """Counts statements; inner functions count for themselves."""
        count = sum(isinstance(one, _STATEMENTS) for one in descend(node.body))
        if count > STATEMENTS_MAX:
            self.report(node.name, f"`{node.name.value}` has {count} statements; more than {STATEMENTS_MAX} are hard to take in.")
