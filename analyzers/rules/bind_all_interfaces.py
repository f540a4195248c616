"""Servers that listen to every network by a constant."""

import libcst as cst

from analyzers.rule import Rule
from analyzers.syntax import argument, string_value

_ALL = frozenset({"0.0.0.0", "::"})  # noqa: S104  what the rule looks for


class BindAllInterfaces(Rule):
    """The server listens on every network interface, whatever network the machine is in.

    A service meant for the machine itself or for one network can then be reached from all of them.

    Fix: listen on `127.0.0.1` by default and take the address from the configuration.
    """

    severity = "medium"
    confidence = "medium"
    cwe = 605
    prior = 0.4
    triggers = ("0.0.0.0", "::", "bind", "Server")  # noqa: S104  what the rule looks for
    invalid = (
        "def f(app):\n    app.run(host='0.0.0.0', port=80)",
        "import socket\ns = socket.socket()\ns.bind(('0.0.0.0', 80))",
        "from http.server import HTTPServer\ndef f(handler):\n    return HTTPServer(('', 80), handler)",
        "import uvicorn\ndef f(app):\n    uvicorn.run(app, host='::')",
    )
    valid = (
        "def f(app):\n    app.run(host='127.0.0.1')",
        "def f(app, host):\n    app.run(host=host)",
        "def f(address):\n    return address == '0.0.0.0'",
        "import socket\ns = socket.socket()\ns.bind(('localhost', 80))",
        "def f(table):\n    table.bind(('name', 'value'))",
        "import socket\ns = socket.socket(socket.AF_UNIX)\ns.bind('')",
    )

    def visit_Call(self, node: cst.Call) -> None:
        """Looks at addresses that servers get."""
        host = argument(node, "host")
        if host is None and node.args and isinstance(node.args[0].value, cst.Tuple):
            name = self.qualified_name(node.func) or ""
            is_bind = isinstance(node.func, cst.Attribute) and node.func.attr.value == "bind"
            elements = node.args[0].value.elements
            if len(elements) == 2 and (is_bind or name.endswith("Server")):
                host = elements[0].value
                if string_value(host) == "" and (name.endswith("Server") or name == "socket.socket().bind"):
                    self.report(node)
        if host is not None and string_value(host) in _ALL:
            self.report(node)
