"""Sockets wrapped in TLS with the settings of long ago."""

import libcst as cst

from analyzers.calls import CallRule


class BareTlsWrap(CallRule):
    """The socket is wrapped without a context, so no certificate is checked and old versions are allowed.

    `ssl.wrap_socket` verifies nothing by default and is gone since Python 3.12; pyOpenSSL's `SSLv23_METHOD` takes any version.

    Fix: `ssl.create_default_context().wrap_socket(sock, server_hostname=host)`.
    """

    severity = "medium"
    cwe = 295
    prior = 0.8
    references = ("https://docs.python.org/3/library/ssl.html#security-considerations",)
    triggers = ("wrap_socket", "SSLv23")
    calls = frozenset({"ssl.wrap_socket", "OpenSSL.SSL.Context", "ssl.SSLContext"})
    invalid = (
        "import ssl\ns = ssl.wrap_socket(sock)",
        "from ssl import wrap_socket\ns = wrap_socket(sock, server_side=True)",
        "import ssl as tls\nclass A:\n    def f(self):\n        self.sock = tls.wrap_socket(self.sock)",
        "from OpenSSL import SSL\nc = SSL.Context(SSL.SSLv23_METHOD)",
        "from OpenSSL.SSL import Context, SSLv23_METHOD\nc = Context(SSLv23_METHOD)",
        "import ssl\nc = ssl.SSLContext(ssl.PROTOCOL_SSLv23)",
    )
    valid = (
        "import ssl\ns = ssl.create_default_context().wrap_socket(sock, server_hostname='a.example')",
        "import ssl\nc = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)\ns = c.wrap_socket(sock)",
        "from OpenSSL import SSL\nc = SSL.Context(SSL.TLS_METHOD)  # not SSLv23",
        "def wrap_socket(s): ...\nwrap_socket(sock)",
        "def f(ssl, sock):\n    return ssl.wrap_socket(sock)",
        "import ssl\nwrap = hasattr(ssl, 'wrap_socket')",
    )

    def check(self, node: cst.Call, name: str) -> None:
        """Looks at the wrapping, or at the method of a context."""
        methods = {self.qualified_name(arg.value) for arg in node.args}
        if name == "ssl.wrap_socket" or methods & {"OpenSSL.SSL.SSLv23_METHOD", "ssl.PROTOCOL_SSLv23"}:
            self.report(node)
