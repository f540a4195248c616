"""Time zones of pytz put where they mean local mean time."""

import libcst as cst

from analyzers.calls import CallRule
from analyzers.syntax import argument


class PytzTzinfo(CallRule):
    """A zone of pytz is given as `tzinfo`, which means its first offset in history: minutes off the clock.

    `datetime(..., tzinfo=pytz.timezone("Europe/Berlin"))` is at +00:53, Berlin's local mean time before 1893.

    Fix: `zone.localize(datetime(...))`, or use `zoneinfo.ZoneInfo`.
    """

    severity = "medium"
    cwe = None
    prior = 0.9
    references = ("https://pythonhosted.org/pytz/#localized-times-and-date-arithmetic",)
    triggers = ("pytz",)
    calls = frozenset({"datetime.datetime", "datetime.datetime.now().replace", "datetime.datetime.combine", "datetime.datetime().replace",
                       "datetime.time", "datetime.datetime.strptime().replace", "datetime.datetime.fromisoformat().replace"})  # fmt: skip
    methods = ("replace",)
    invalid = (
        "import pytz\nBERLIN = pytz.timezone('Europe/Berlin')\ndef local(moment):\n    return moment.replace(tzinfo=BERLIN)",
        "import pytz\nfrom datetime import datetime\nx = datetime(2024, 1, 1, tzinfo=pytz.timezone('Europe/Berlin'))",
        "import pytz, datetime\nZ = pytz.timezone('Asia/Tokyo')\nx = datetime.datetime.now().replace(tzinfo=Z)",
        ("from pytz import timezone\nfrom datetime import datetime\ndef f(s):\n"
         "    return datetime.strptime(s, '%Y').replace(tzinfo=timezone('Asia/Tokyo'))"),
        "import pytz\nfrom datetime import time\nx = time(1, tzinfo=pytz.timezone('Europe/Paris'))",
        "import pytz as p, datetime as dt\nclass A:\n    zone = p.timezone('America/Lima')\n    x = dt.datetime(2024, 1, 1, tzinfo=zone)",
        "import pytz\nfrom datetime import datetime\nx = datetime.fromisoformat(s).replace(tzinfo=pytz.timezone('Asia/Tokyo'))",
    )
    valid = (
        "import pytz\nfrom datetime import datetime\nx = pytz.timezone('Europe/Berlin').localize(datetime(2024, 1, 1))",
        "import pytz\nfrom datetime import datetime\nx = datetime(2024, 1, 1, tzinfo=pytz.utc)",
        "import pytz\nfrom datetime import datetime\nx = datetime.now(pytz.timezone('Europe/Berlin'))",
        ("from zoneinfo import ZoneInfo  # not pytz\nfrom datetime import datetime\n"
         "x = datetime(2024, 1, 1, tzinfo=ZoneInfo('Europe/Berlin'))"),
        "import pytz\nfrom datetime import datetime\nx = datetime(2024, 1, 1, tzinfo=pytz.timezone('UTC'))",
        "import pytz\nfrom datetime import datetime\ndef f(zone):\n    return datetime(2024, 1, 1, tzinfo=zone)",
    )

    def visit_Call(self, node: cst.Call) -> None:
        """Hands on `replace` of whatever it is: nothing else takes a `tzinfo`."""
        self.check(node, "")

    def check(self, node: cst.Call, name: str) -> None:
        """Looks at the zone; UTC has one offset only."""
        zone = argument(node, "tzinfo")
        if zone is None or self.qualified_name(zone) != "pytz.timezone()":
            return
        made = zone
        if isinstance(zone, cst.Name):
            made = next((one.value for one in self.scope.reaching(zone.value, zone) if one.value is not None), zone)
        if not (isinstance(made, cst.Call) and made.args and (self.text(made.args[0].value) or "").upper() in ("UTC", "GMT", "ETC/UTC")):
            self.report(node)
