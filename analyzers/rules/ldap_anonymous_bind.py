"""Directories asked without a password."""

import libcst as cst

from analyzers.calls import CallRule
from analyzers.syntax import argument, has_double_star, string_value

_VERBS = ("simple_bind_s", "simple_bind", "bind_s", "bind")


class LdapAnonymousBind(CallRule):
    """The directory is bound without a password, which it takes for an anonymous user and says yes to.

    A login that rests on it lets everybody in who leaves the password empty (RFC 4513, 5.1.2).

    Fix: refuse an empty password, and bind with `simple_bind_s(dn, password)`.
    """

    severity = "medium"
    cwe = 287
    prior = 0.65
    references = ("https://www.rfc-editor.org/rfc/rfc4513.html#section-5.1.2",)
    triggers = ("ldap",)
    calls = frozenset(f"ldap.{maker}().{verb}" for maker in ("initialize", "open") for verb in _VERBS) | {"ldap3.Connection"}
    invalid = (
        "import ldap\nc = ldap.initialize(u)\nc.simple_bind_s()",
        "import ldap\nc = ldap.initialize(u)\nc.simple_bind_s('cn=a', '')",
        "from ldap import initialize\ndef f(dn):\n    c = initialize(u)\n    return c.simple_bind(dn)",
        "import ldap3\nc = ldap3.Connection(server, auto_bind=True)",
        "from ldap3 import Connection, ANONYMOUS\nc = Connection(s, authentication=ANONYMOUS)",
        "import ldap3 as l\nclass A:\n    def f(self):\n        return l.Connection(self.s, user='a', password='')",
    )
    valid = (
        "import ldap\ndef f(dn, pw):\n    c = ldap.initialize(u)\n    c.simple_bind_s(dn, pw)",
        "import ldap3\ndef f(pw):\n    return ldap3.Connection(s, user='a', password=pw)",
        "import ldap3\ndef f(**o):\n    return ldap3.Connection(s, **o)",
        "def f(ldap):\n    ldap.initialize(u).simple_bind_s()",
        "from db import Connection  # ldap\nc = Connection(s)",
        "import ldap3\ndef f(u, pw):\n    return ldap3.Connection(s, u, pw)",
        "import ldap\nc = ldap.initialize(u)\nc.sasl_gssapi_bind_s()",
    )

    def check(self, node: cst.Call, name: str) -> None:
        """Looks for a password."""
        if has_double_star(node) or any(arg.star for arg in node.args):
            return
        if name == "ldap3.Connection":
            password = argument(node, "password", 2)
            sasl = argument(node, "authentication")
            if sasl is not None and (self.qualified_name(sasl) or "").endswith(("SASL", "NTLM")):
                return
        else:
            password = argument(node, "cred", 1)
        if password is None or string_value(password) == "":
            self.report(node)
