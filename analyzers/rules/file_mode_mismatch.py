"""Files used in a way that they were not opened for."""

import libcst as cst

from analyzers.blocks import calls_in
from analyzers.rule import Rule
from analyzers.syntax import argument, is_name, string_value

_WRITES = frozenset({"write", "writelines", "truncate"})
_READS = frozenset({"read", "readline", "readlines"})


class FileModeMismatch(Rule):
    """The file is opened for reading and written to, or the other way round: that raises UnsupportedOperation.

    Without a mode a file is opened for reading.

    Fix: say the mode that is meant: `open(path, "w")`, `"a"` to add, `"r+"` for both.
    """

    severity = "high"
    cwe = None
    prior = 0.95
    references = ("https://docs.python.org/3/library/functions.html#open",)
    triggers = ("open(",)
    invalid = (
        "with open(path) as f:\n    f.write('x')",
        "def g(p):\n    with open(p, 'w') as out:\n        return out.read()",
        "with open(path, mode='rb') as f:\n    if x:\n        f.writelines(y)",
    )
    valid = (
        "with open(path, 'w') as f:\n    f.write('x')",
        "with open(path, 'r+') as f:\n    f.write(f.read())",
        "with open(path, mode) as f:\n    f.write('x')",
        "with open(path) as f:\n    out.write(f.read())",
        "with open(path) as f:\n    f = open(other, 'w')\n    f.write('x')",
    )

    def visit_With(self, node: cst.With) -> None:
        """Looks at what is done with the file in the block."""
        for item in node.items:
            match item:
                case cst.WithItem(item=cst.Call(func=cst.Name(value="open")) as opened, asname=cst.AsName(name=cst.Name(value=name))):
                    self._check(node, opened, name)

    def _check(self, node: cst.With, opened: cst.Call, name: str) -> None:
        given = argument(opened, "mode", 1)
        mode = string_value(given) if given is not None else "r"
        if mode is None or "+" in mode or self.qualified_name(opened.func) != "builtins.open" or len(self.scope.bindings(name)) > 1:
            return
        wrong = _WRITES if "r" in mode or mode in ("b", "t") else _READS
        for call in calls_in(node.body):
            func = call.func
            if isinstance(func, cst.Attribute) and func.attr.value in wrong and is_name(func.value, name):
                self.report(call, about=[opened])
                return
