"""Members of an archive written where they say."""

import libcst as cst

from analyzers.blocks import calls_in, last_name
from analyzers.rule import Rule
from analyzers.syntax import argument, descend, string_value

_LISTS = ("namelist", "infolist", "getnames", "getmembers")
_CHECKS = ("realpath", "commonpath", "abspath", "is_relative_to", "resolve", "normpath", "startswith", "basename", "secure_filename",
           "is_absolute")  # fmt: skip


class ZipMemberPath(Rule):
    """A file is written under the name that an archive's member has, which may be `../../etc/cron.d/x`.

    `extract` of `zipfile` cleans such names; a loop of one's own does not.

    Fix: use `archive.extract(member, folder)`, or check `Path(folder, name).resolve().is_relative_to(folder)`.
    """

    severity = "high"
    confidence = "medium"
    cwe = 22
    prior = 0.75
    references = ("https://docs.python.org/3/library/zipfile.html#zipfile.ZipFile.extract",)
    triggers = ("namelist", "infolist", "getnames", "getmembers")
    invalid = (
        ("import os, zipfile\ndef f(p, d):\n    with zipfile.ZipFile(p) as z:\n        for m in z.namelist():\n"
         "            with open(os.path.join(d, m), 'wb') as out:\n                out.write(z.read(m))"),
        ("import os, zipfile\ndef f(z, d):\n    for m in z.infolist():\n        path = d + '/' + m.filename\n"
         "        with open(path, 'wb') as out:\n            out.write(z.read(m))"),
    )
    valid = (
        ("import os, zipfile\ndef f(p, d):\n    with zipfile.ZipFile(p) as z:\n        for m in z.namelist():\n"
         "            path = os.path.realpath(os.path.join(d, m))\n            if not path.startswith(d):\n"
         "                raise ValueError\n"
         "            with open(path, 'wb') as out:\n                out.write(z.read(m))"),
        "def f(z, d):\n    for m in z.namelist():\n        z.extract(m, d)",
        "def f(z):\n    for m in z.namelist():\n        with open('/srv/log', 'w') as out:\n            out.write(m)",
    )

    def visit_For(self, node: cst.For) -> None:
        """Looks for files opened to write under a name made of the member's."""
        listed = isinstance(node.iter, cst.Call) and last_name(node.iter.func) in _LISTS
        if not listed or not isinstance(node.target, cst.Name):
            return
        if any(last_name(call.func) in _CHECKS for call in calls_in(self.scope.node)):
            return
        for call in calls_in(node.body):
            mode = string_value(argument(call, "mode", 1)) or "r"
            opens = last_name(call.func) == "open" and call.args and set(mode) & set("wax")
            if opens and self._holds(call.args[0].value, node.target.value):
                self.report(call)
                return

    def _holds(self, path: cst.BaseExpression, member: str) -> bool:
        parts = [path, *(one.value for name in descend(path) if isinstance(name, cst.Name)
                         for one in self.scope.bindings(name.value) if one.kind == "assign" and one.value is not None)]  # fmt: skip
        return any(isinstance(one, cst.Name) and one.value == member for part in parts for one in descend(part))
