"""Patterns compiled again in each round."""

import libcst as cst

from analyzers.blocks import in_loop
from analyzers.calls import CallRule


class RegexCompiledInLoop(CallRule):
    """The same pattern is compiled in each round of the loop.

    Python keeps the last few hundred patterns, but looks them up each time, and compiles anew once there are more.

    Fix: compile it once before the loop or at the top of the module.
    """

    severity = "info"
    cwe = 1050
    prior = 0.4
    references = ("https://docs.python.org/3/library/re.html#re.compile",)
    triggers = ("re.compile", "import compile")
    calls = frozenset({"re.compile"})
    invalid = (
        "import re\nfor line in lines:\n    if re.compile(r'\\d+').search(line):\n        n += 1",
        "from re import compile as c\ndef f(xs):\n    while xs:\n        p = c('a+')\n        use(p.match(xs.pop()))",
    )
    valid = (
        "import re\nP = re.compile('a')\nfor line in lines:\n    P.search(line)",
        "import re\nfor word in words:\n    found.append(re.compile(word))",
        "import re\nfor x in xs:\n    def f():\n        return re.compile('a')",
    )

    def check(self, node: cst.Call, name: str) -> None:
        """Looks at patterns that stay the same."""
        if in_loop(self.context.parents) and self.text(node.args[0].value if node.args else None) is not None:
            self.report(node)
