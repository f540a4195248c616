"""Sockets that wait for ever."""

import libcst as cst

from analyzers.blocks import last_name
from analyzers.calls import CallRule
from analyzers.syntax import argument, descend, has_double_star, is_name


class SocketTimeout(CallRule):
    """The connection has no time-out, so a peer that does not answer holds the program for ever.

    A TCP connection attempt alone may take minutes, and a read has no limit at all.

    Fix: `socket.create_connection(address, timeout=10)`, or `sock.settimeout(10)` before `connect`.
    """

    severity = "low"
    confidence = "medium"
    cwe = 400
    prior = 0.5
    references = ("https://docs.python.org/3/library/socket.html#notes-on-socket-timeouts",)
    triggers = ("socket", "ftplib", "smtplib", "http.client")
    calls = frozenset({"socket.create_connection", "socket.socket().connect", "smtplib.SMTP", "smtplib.SMTP_SSL",
                       "ftplib.FTP", "ftplib.FTP_TLS",
                       "http.client.HTTPConnection", "http.client.HTTPSConnection"})  # fmt: skip
    invalid = (
        "import socket\ns = socket.create_connection(('a', 80))",
        "import socket\ndef f(a):\n    s = socket.socket()\n    s.connect(a)\n    return s",
        "from socket import create_connection as c\ns = c(('a', 80), timeout=None)",
        "import smtplib\ns = smtplib.SMTP('mail')",
        "import http.client\nclass A:\n    def f(self):\n        return http.client.HTTPSConnection(self.host)",
        "import socket\ndef f(a):\n    with socket.socket(socket.AF_INET) as s:\n        s.connect(a)",
    )
    valid = (
        "import socket\ns = socket.create_connection(('a', 80), 5)",
        "import socket\ndef f(a):\n    s = socket.socket()\n    s.settimeout(3)\n    s.connect(a)",
        "import socket\nsocket.setdefaulttimeout(5)\ns = socket.create_connection(('a', 80))",
        "import smtplib\ns = smtplib.SMTP('mail', timeout=10)",
        "import socket\ndef f(a):\n    s = socket.socket()\n    s.setblocking(False)\n    s.connect(a)",
        "import socket\ns = socket.socket(socket.AF_UNIX)\ns.connect('/run/x')",
        "import socket\ndef f(**o):\n    return socket.create_connection(('a', 80), **o)",
    )

    def check(self, node: cst.Call, name: str) -> None:
        """Looks for a limit."""
        position = {"socket.create_connection": 1, "http.client.HTTPConnection": 2}.get(name)
        if name == "socket.socket().connect":
            limited = self._set("settimeout", "setblocking") or self._is_local(node)
        else:
            timeout = argument(node, "timeout", position)
            limited = has_double_star(node) or (timeout is not None and not is_name(timeout, "None"))
        if not limited and "setdefaulttimeout" not in self.context.text:
            self.report(node)

    def _set(self, *words: str) -> bool:
        return any(isinstance(one, cst.Call) and last_name(one.func) in words for one in descend(self.scope.node))

    def _is_local(self, node: cst.Call) -> bool:
        return "AF_UNIX" in self.context.module.code_for_node(self.scope.node) or not node.args
