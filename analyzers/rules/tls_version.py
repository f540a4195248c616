"""TLS and SSL versions that are broken."""

import libcst as cst

from analyzers.calls import CallRule

_OLD = frozenset(
    {f"ssl.{name}" for name in ("PROTOCOL_SSLv2", "PROTOCOL_SSLv3", "PROTOCOL_TLSv1", "PROTOCOL_TLSv1_1")}
    | {f"ssl.TLSVersion.{name}" for name in ("SSLv3", "TLSv1", "TLSv1_1", "MINIMUM_SUPPORTED")}
    | {f"OpenSSL.SSL.{name}" for name in ("SSLv2_METHOD", "SSLv3_METHOD", "TLSv1_METHOD", "TLSv1_1_METHOD")}
)
_MAKERS = frozenset({"ssl.SSLContext", "ssl.wrap_socket", "OpenSSL.SSL.Context"})


class TlsVersion(CallRule):
    """A version of SSL or TLS is allowed that attackers can break or force the connection down to.

    SSLv3 falls to POODLE and TLS 1.0 and 1.1 rest on SHA-1; RFC 8996 forbids them.

    Fix: use `ssl.create_default_context()`, or set `context.minimum_version = ssl.TLSVersion.TLSv1_2`.
    """

    severity = "high"
    cwe = 327
    prior = 0.85
    references = ("https://www.rfc-editor.org/rfc/rfc8996.html",)
    triggers = ("SSLv", "TLSv1", "MINIMUM_SUPPORTED")
    calls = _MAKERS
    invalid = (
        "import ssl\nc = ssl.SSLContext(ssl.PROTOCOL_TLSv1)",
        "from ssl import SSLContext, PROTOCOL_SSLv3 as P\nc = SSLContext(P)",
        "import ssl\nc = ssl.create_default_context()\nc.minimum_version = ssl.TLSVersion.TLSv1_1",
        "from OpenSSL import SSL\nc = SSL.Context(SSL.TLSv1_METHOD)",
        "import ssl\ns = ssl.wrap_socket(sock, ssl_version=ssl.PROTOCOL_SSLv2)",
        "import ssl\nclass A:\n    def f(self):\n        version = ssl.PROTOCOL_TLSv1_1\n        return ssl.SSLContext(protocol=version)",
        "import ssl\nclass A:\n    def f(self):\n        self.context.minimum_version = ssl.TLSVersion.SSLv3",
    )
    valid = (
        "import ssl\nc = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)\nc.minimum_version = ssl.TLSVersion.TLSv1_2",
        "import ssl\nc = ssl.create_default_context()\nc.minimum_version = ssl.TLSVersion.TLSv1_3",
        "import ssl\nOLD = {ssl.PROTOCOL_TLSv1}",
        "import ssl\ndef f(c):\n    if c.minimum_version == ssl.TLSVersion.TLSv1:\n        raise ValueError",
        "import ssl\nc = ssl.create_default_context()\nc.maximum_version = ssl.TLSVersion.TLSv1_2",
        "from mine import SSLContext, PROTOCOL_TLSv1\nSSLContext(PROTOCOL_TLSv1)",
        "import ssl\nc = ssl.create_default_context()\nc.options |= ssl.OP_NO_TLSv1",
    )

    def check(self, node: cst.Call, name: str) -> None:
        """Looks at the version that a context is made for."""
        if any(self.qualified_name(arg.value) in _OLD for arg in node.args):
            self.report(node)

    def visit_Assign(self, node: cst.Assign) -> None:
        """Looks at the lowest version being set."""
        target = node.targets[0].target
        if isinstance(target, cst.Attribute) and target.attr.value == "minimum_version" and self.qualified_name(node.value) in _OLD:
            self.report(node)
