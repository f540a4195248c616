"""Arguments that exclude each other."""

import libcst as cst

from analyzers.calls import CallRule
from analyzers.syntax import argument, is_name

_RUN = ("subprocess.run", "subprocess.check_output", "subprocess.Popen", "subprocess.call", "subprocess.check_call")
_PAIRS = (("capture_output", "stdout"), ("capture_output", "stderr"), ("input", "stdin"))


class ConflictingArguments(CallRule):
    """Two arguments exclude each other, so the call raises ValueError when it runs.

    `capture_output` sets both streams itself, `input` needs the standard input, binary files have no encoding.

    Fix: leave one of them out.
    """

    severity = "high"
    cwe = 628
    prior = 0.95
    references = ("https://docs.python.org/3/library/subprocess.html#subprocess.run",)
    triggers = ("subprocess", "open")
    calls = frozenset({*_RUN, "builtins.open", "io.open"})
    invalid = (
        "import subprocess\nsubprocess.run(['a'], capture_output=True, stdout=subprocess.PIPE)",
        "import subprocess\nsubprocess.run(['a'], input='x', stdin=subprocess.DEVNULL)",
        "f = open('a', 'rb', encoding='utf-8')",
        "import subprocess\nfrom subprocess import run\nrun(['a'], capture_output=True, stderr=subprocess.STDOUT)",
        "import io\nclass A:\n    def f(self):\n        return io.open(self.p, mode='wb', newline='')",
        "import subprocess as s\ns.check_output(['a'], stdout=s.PIPE)",
        "f = open('a', 'b')",
    )
    valid = (
        "import subprocess\nsubprocess.run(['a'], capture_output=True)",
        "import subprocess\nsubprocess.run(['a'], capture_output=False, stdout=subprocess.PIPE)",
        "f = open('a', 'rb')",
        "f = open('a', 'r', encoding='utf-8')",
        "def f(mode):\n    return open('a', mode, encoding='utf-8')",
        "import subprocess\nsubprocess.run(['a'], input='x', stdout=subprocess.PIPE)",
        "def f(open):\n    open('a', 'rb', encoding='utf-8')",
        "f = open('a', 'rb', encoding=None)",
        "import subprocess\nsubprocess.run(['a'], capture_output=True, stderr=None)",
        "import subprocess\ndef f(text, end):\n    subprocess.run(['a'], input=text, stdin=end)",
    )

    def check(self, node: cst.Call, name: str) -> None:
        """Looks at the pairs."""
        if name in _RUN:
            both = any(self._given(node, one) and self._set(argument(node, other)) for one, other in _PAIRS)
            if both or (name.endswith("check_output") and argument(node, "stdout") is not None):
                self.report(node)
            return
        mode = self.text(argument(node, "mode", 1))
        if mode is None:
            return
        binary = "b" in mode and any(self._given(node, word) for word in ("encoding", "newline", "errors"))
        if binary or len(set(mode) & set("rwax")) != 1:
            self.report(node)

    def _given(self, node: cst.Call, word: str) -> bool:
        value = argument(node, word)
        return value is not None and not is_name(value, "False", "None")

    def _set(self, value: cst.BaseExpression | None) -> bool:
        """Whether a value is written out: a name or a choice may be None, as if left out, just when the other one is given."""
        return isinstance(value, cst.Attribute)
