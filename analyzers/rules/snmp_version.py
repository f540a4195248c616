"""SNMP versions without security."""

import libcst as cst

from analyzers.calls import CallRule
from analyzers.syntax import argument


class SnmpVersion(CallRule):
    """SNMP version 1 or 2c is used, which sends its only password, the community, in the clear.

    Who reads it can ask the device for everything and may be allowed to change it.

    Fix: use version 3 with authentication and privacy: `UsmUserData(user, authKey=..., privKey=...)`.
    """

    severity = "medium"
    cwe = 319
    prior = 0.7
    references = ("https://www.rfc-editor.org/rfc/rfc3414.html",)
    triggers = ("pysnmp",)
    calls = frozenset(f"pysnmp.hlapi{part}.CommunityData" for part in ("", ".asyncio", ".v3arch.asyncio", ".v1arch.asyncio"))
    invalid = (
        "from pysnmp.hlapi import *\nimport pysnmp.hlapi\nd = pysnmp.hlapi.CommunityData('public', mpModel=0)",
        "from pysnmp.hlapi import CommunityData\nd = CommunityData('public', mpModel=1)",
        "from pysnmp.hlapi import CommunityData as C\nd = C('public')",
        "from pysnmp.hlapi.asyncio import CommunityData\nclass A:\n    def f(self):\n        return CommunityData(self.name)",
        "from pysnmp import hlapi\nd = hlapi.CommunityData('public', 'x')",
        "import pysnmp.hlapi as h\nasync def f():\n    return h.CommunityData('x', mpModel=0)",
    )
    valid = (
        "from pysnmp.hlapi import UsmUserData\nd = UsmUserData('u', 'a', 'p')",
        "from mine import CommunityData\nd = CommunityData('public')  # pysnmp",
        "from pysnmp.hlapi import CommunityData\ndef f(x):\n    return isinstance(x, CommunityData)",
        "def f(pysnmp):\n    return pysnmp.hlapi.CommunityData('x')",
        "class CommunityData: ...\nCommunityData()  # pysnmp",
        "from pysnmp.hlapi import getCmd\ngetCmd(engine)",
    )

    def check(self, node: cst.Call, name: str) -> None:
        """Looks at the model: 0 is version 1, 1 is 2c."""
        model = argument(node, "mpModel")
        if model is None or self.number(model) in (0, 1):
            self.report(node)
