"""Debuggers that were left in."""

import libcst as cst

from analyzers.rule import Rule

_STARTERS = ("set_trace", "post_mortem", "pm")
_DEBUGGERS = ("pdb", "ipdb", "pudb", "wdb", "rdb", "celery.contrib.rdb", "IPython.core.debugger")


class LeftoverDebugger(Rule):
    """A debugger starts here: a server hangs, waiting for somebody at its terminal.

    Whoever reaches that terminal, or the port of a remote debugger, runs what they like inside the program.

    Fix: take the line out before it is committed.
    """

    severity = "medium"
    cwe = 489
    prior = 0.9
    references = ("https://docs.python.org/3/library/pdb.html", "https://docs.python.org/3/library/functions.html#breakpoint")
    triggers = ("breakpoint", "set_trace", "post_mortem", ".pm(", "debugpy", "embed(", "start_remote")
    calls = (
        "builtins.breakpoint", *[f"{module}.{name}" for module in _DEBUGGERS for name in _STARTERS],
        "debugpy.listen", "debugpy.wait_for_client", "debugpy.breakpoint", "IPython.embed", "pudb.remote.set_trace", "remote_pdb.set_trace",
    )  # fmt: skip
    invalid = (
        "def f(x):\n    breakpoint()\n    return x",
        "import pdb\ndef f(x):\n    pdb.set_trace()\n    return x",
        "def f(x):\n    import pdb; pdb.set_trace()",
        "from ipdb import set_trace\ndef f(x):\n    set_trace()",
        "import debugpy\ndebugpy.listen(('0.0.0.0', 5678))",
        "def f(x):\n    from IPython import embed\n    embed()",
        "import pudb as p\ndef f():\n    p.set_trace()",
    )
    valid = (
        "import pdb\nclass A(pdb.Pdb): ...",
        "def breakpoint(): ...\nbreakpoint()",
        "def f(tracer):\n    tracer.set_trace()",
        "import sys\nsys.settrace(None)",
        "from models import embed\nembed('a text')",
        "import debugpy\nprint(debugpy.__version__)",
        "from pdb import set_trace\nhook = set_trace",
    )

    def visit_Call(self, node: cst.Call) -> None:
        """Every start of a debugger."""
        self.report(node)
