"""SNMP version 3 without its security."""

import libcst as cst

from analyzers.calls import CallRule
from analyzers.syntax import argument, has_double_star

_NONE = ("usmNoAuthProtocol", "usmNoPrivProtocol", "usmDESPrivProtocol", "USM_AUTH_NONE", "USM_PRIV_NONE", "USM_PRIV_CBC56_DES")


class SnmpWeakCrypto(CallRule):
    """The SNMP session is not authenticated or not encrypted.

    Version 3 protects only when a key is given for both: without them it is as open as version 1.

    Fix: `UsmUserData(user, authKey=..., privKey=..., authProtocol=usmHMAC192SHA256AuthProtocol, privProtocol=usmAesCfb128Protocol)`.
    """

    severity = "medium"
    cwe = 319
    prior = 0.7
    references = ("https://www.rfc-editor.org/rfc/rfc3414.html", "https://www.rfc-editor.org/rfc/rfc3826.html")
    triggers = ("UsmUserData",)
    calls = frozenset(f"pysnmp.hlapi{part}.UsmUserData" for part in ("", ".asyncio", ".v3arch.asyncio"))
    invalid = (
        "from pysnmp.hlapi import UsmUserData\nd = UsmUserData('u')",
        "from pysnmp.hlapi import UsmUserData\nd = UsmUserData('u', a)",
        "from pysnmp import hlapi\nd = hlapi.UsmUserData('u', a, p, privProtocol=hlapi.usmDESPrivProtocol)",
        "import pysnmp.hlapi as h\nd = h.UsmUserData('u', authKey=a)",
        "from pysnmp.hlapi import UsmUserData, usmNoAuthProtocol as n\nd = UsmUserData('u', a, p, authProtocol=n)",
        "from pysnmp.hlapi.asyncio import UsmUserData\nclass A:\n    def f(self):\n        return UsmUserData(self.user)",
    )
    valid = (
        "from pysnmp.hlapi import UsmUserData\nd = UsmUserData('u', a, p)",
        "from pysnmp.hlapi import UsmUserData\nd = UsmUserData('u', authKey=a, privKey=p)",
        "from pysnmp.hlapi import UsmUserData, usmAesCfb128Protocol\nd = UsmUserData('u', a, p, privProtocol=usmAesCfb128Protocol)",
        "from pysnmp.hlapi import UsmUserData\ndef f(**keys):\n    return UsmUserData('u', **keys)",
        "from pysnmp.hlapi import UsmUserData\ndef f(*keys):\n    return UsmUserData(*keys)",
        "from mine import UsmUserData\nd = UsmUserData('u')",
    )

    def check(self, node: cst.Call, name: str) -> None:
        """Looks at keys and protocols."""
        if has_double_star(node) or any(arg.star for arg in node.args):
            return
        keyless = argument(node, "authKey", 1) is None or argument(node, "privKey", 2) is None
        if keyless or any((self.qualified_name(arg.value) or "").endswith(_NONE) for arg in node.args):
            self.report(node)
