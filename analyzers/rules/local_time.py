"""Times that mean something else on another machine."""

import libcst as cst

from analyzers.calls import CallRule

_NOW = frozenset({"datetime.datetime.now", "datetime.datetime.today"})
_SINCE = frozenset({"datetime.datetime.fromtimestamp"})


class LocalTime(CallRule):
    """The time is that of this machine's zone and does not say so: on another machine it is another hour.

    It cannot be compared with a time that has a zone, and an hour a year comes twice.

    Fix: `datetime.now(timezone.utc)`, `datetime.fromtimestamp(seconds, tz=timezone.utc)`.
    """

    severity = "info"
    cwe = None
    prior = 0.35
    references = ("https://docs.python.org/3/library/datetime.html#aware-and-naive-objects",)
    triggers = ("datetime",)
    calls = _NOW | _SINCE
    invalid = (
        "from datetime import datetime\ndef created():\n    return datetime.now()",
        "import datetime as dt\nat = dt.datetime.fromtimestamp(seconds)",
        "from datetime import datetime\nclass A:\n    def f(self):\n        self.at = datetime.today()",
    )
    valid = (
        "from datetime import datetime, timezone\nx = datetime.now(timezone.utc)",
        "from datetime import datetime\nx = datetime.now().astimezone()",
        "from datetime import datetime\nyear = datetime.now().year",
        "from datetime import datetime\nprint(datetime.now().strftime('%Y'))",
        "import datetime as dt\nx = dt.datetime.fromtimestamp(s, tz=dt.UTC)",
        "from datetime import datetime\nstart = datetime.now()\nrun()\nprint(datetime.now() - start)",
    )

    def check(self, node: cst.Call, name: str) -> None:
        """Leaves alone what is shown at once, and what only measures how long something takes."""
        around = self.parent()
        if len(node.args) > (0 if name in _NOW else 1) or (isinstance(around, cst.Attribute) and around.value is node):
            return
        if not isinstance(around, cst.BinaryOperation) and not self._measures(around):
            self.report(node)

    def _measures(self, around: cst.CSTNode | None) -> bool:
        """Whether the name it gets is taken from another time in this file."""
        target = around.targets[0].target if isinstance(around, cst.Assign) else None
        return isinstance(target, cst.Name) and f"- {target.value}" in self.context.text
