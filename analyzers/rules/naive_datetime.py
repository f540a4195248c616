"""Times without a time zone that pass for UTC."""

import libcst as cst

from analyzers.calls import CallRule
from analyzers.syntax import argument


class NaiveDatetime(CallRule):
    """The time is UTC but does not say so, so `timestamp()` and comparisons take it for local time.

    `utcnow` and `utcfromtimestamp` give times without a zone; Python 3.12 deprecates both.

    Fix: `datetime.now(timezone.utc)`, `datetime.fromtimestamp(seconds, timezone.utc)`.
    """

    severity = "low"
    cwe = None
    prior = 0.65
    references = ("https://docs.python.org/3/library/datetime.html#datetime.datetime.utcnow",)
    triggers = ("utcnow", "utcfromtimestamp")
    calls = frozenset({"datetime.datetime.utcnow", "datetime.datetime.utcfromtimestamp"})
    invalid = (
        "from datetime import datetime\nx = datetime.utcnow()",
        "import datetime\nx = datetime.datetime.utcfromtimestamp(0)",
        "import datetime as dt\nclass A:\n    def f(self):\n        return dt.datetime.utcnow().isoformat()",
        "from datetime import datetime as d\nx = [d.utcnow() for _ in y]",
        "from datetime import datetime\ndef f(t):\n    return datetime.utcfromtimestamp(t)",
        "from datetime import datetime, timedelta\nx = datetime.utcnow() + timedelta(days=1)",
    )
    valid = (
        "from datetime import datetime, timezone\nx = datetime.now(timezone.utc)  # not utcnow",
        "from django.utils.timezone import utcnow\nx = utcnow()",
        "from datetime import datetime, timezone\nx = datetime.utcnow().replace(tzinfo=timezone.utc)",
        "def f(clock):\n    return clock.utcnow()",
        "import arrow\nx = arrow.utcnow()",
        "from datetime import datetime, UTC\nx = datetime.fromtimestamp(0, UTC)  # utcfromtimestamp",
    )

    def check(self, node: cst.Call, name: str) -> None:
        """Looks for a zone added at once."""
        around, call = self.parent(), self.parent(2)
        replaced = isinstance(around, cst.Attribute) and around.attr.value == "replace" and isinstance(call, cst.Call)
        if not (replaced and isinstance(call, cst.Call) and argument(call, "tzinfo") is not None):
            self.report(node)
