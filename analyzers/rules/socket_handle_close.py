"""Sockets handled as if they were files."""

import libcst as cst

from analyzers.calls import CallRule
from analyzers.literal import resolve
from analyzers.syntax import argument

_MADE = ("socket.socket().", "socket.create_connection().", "socket.create_server().")


class SocketHandleClose(CallRule):
    """A socket's number is given to a function for files, which only works where sockets are files.

    On Windows `os.close` does not know the number of a socket: it raises, or the connection stays open.

    Fix: call the socket's own `close()`, `recv()` and `send()`; for a bare number use `socket.close(number)`.
    """

    severity = "low"
    cwe = 758
    prior = 0.6
    references = ("https://docs.python.org/3/library/socket.html#socket.close",)
    triggers = ("fileno", "detach")
    calls = frozenset({"os.close", "os.read", "os.write", "os.fdopen"})
    invalid = (
        "import os, socket\ns = socket.socket()\nos.close(s.fileno())",
        ("import os, socket\ndef f(address):\n    with socket.create_connection(address, 5) as conn:\n"
         "        return os.read(conn.fileno(), 100)"),
        "import os\nfrom socket import socket as new\ns = new()\nnumber = s.detach()\nos.close(number)",
        ("import os, socket\nclass Link:\n    def __init__(self):\n        self.s = socket.socket()\n"
         "    def send(self, data):\n        os.write(self.s.fileno(), data)"),
        "from os import fdopen\nimport socket\ns = socket.socket()\nfile = fdopen(s.fileno(), 'wb')",
        "import os as o, socket\no.close(socket.socket().detach())",
    )
    valid = (
        "import socket\ns = socket.socket()\ns.close()  # not by fileno",
        "import os, socket\ns = socket.socket()\nsocket.close(s.detach())",
        "import os\nwith open('a') as f:\n    os.read(f.fileno(), 10)",
        "import os\ndef f(pipe):\n    os.close(pipe.fileno())",
        "import select, socket\ns = socket.socket()\nselect.select([s.fileno()], [], [], 1)",
        "import socket\ns = socket.socket()\nfile = s.makefile('rb')  # no fileno",
    )

    def check(self, node: cst.Call, name: str) -> None:
        """Looks where the number comes from."""
        number = argument(node, "fd", 0)
        made = resolve(number, self.scope) if number is not None else None
        if isinstance(made, cst.Call) and (self.qualified_name(made.func) or "").startswith(_MADE):
            self.report(node)
