"""Servers that listen to every network by a constant."""

import libcst as cst

from analyzers.blocks import last_name
from analyzers.literal import text_of
from analyzers.rule import Rule
from analyzers.syntax import argument

_ALL = frozenset({"0.0.0.0", "::"})  # noqa: S104  what the rule looks for
_SECOND = frozenset({"asyncio.start_server", "asyncio.get_event_loop().create_server", "asyncio.get_running_loop().create_server"})
_PORTS = frozenset({"add_insecure_port", "add_secure_port"})
_STARTERS = frozenset(name.rpartition(".")[2] for name in _SECOND)
_LISTEN = ("0.0.0.0:", "[::]:", "*:")


class BindAllInterfaces(Rule):
    """The server listens on every network interface, whatever network the machine is in.

    A service meant for the machine itself or for one network can then be reached from all of them.

    Fix: listen on `127.0.0.1` by default and take the address from the configuration.
    """

    severity = "medium"
    confidence = "medium"
    cwe = 605
    prior = 0.4
    references = ("https://docs.python.org/3/library/socket.html#socket-families",)
    triggers = ("0.0.0.0", "::", "*:", "bind", "Server", "_port")  # noqa: S104  what the rule looks for
    invalid = (
        "import grpc\ndef f(pool):\n    server = grpc.server(pool)\n    server.add_insecure_port('0.0.0.0:50051')",
        "def f(app):\n    app.run(host='0.0.0.0', port=80)",
        "import socket\ns = socket.socket()\ns.bind(('0.0.0.0', 80))",
        "from http.server import HTTPServer\ndef f(handler):\n    return HTTPServer(('', 80), handler)",
        "import uvicorn\ndef f(app):\n    uvicorn.run(app, host='::')",
        "import socketserver\nHOST = '0.0.0.0'\nwith socketserver.TCPServer((HOST, 9999), Handler) as server: ...",
        "import asyncio\nasync def main():\n    server = await asyncio.start_server(handle, '0.0.0.0', 8888)",
        "import socket\nclass Listener:\n    def __init__(self):\n        self.s = socket.socket()\n        self.s.bind(('', 53))",
        "import waitress\ndef main(app):\n    waitress.serve(app, listen='*:8080')",
    )
    valid = (
        "def f(server):\n    server.add_insecure_port('127.0.0.1:50051')",
        "def f(app):\n    app.run(host='127.0.0.1')",
        "def f(app, host):\n    app.run(host=host)",
        "def f(address):\n    return address == '0.0.0.0'",
        "import socket\ns = socket.socket()\ns.bind(('localhost', 80))",
        "def f(table):\n    table.bind(('name', 'value'))",
        "import socket\ns = socket.socket(socket.AF_UNIX)\ns.bind('')",
        "import asyncio\nasync def main():\n    server = await asyncio.start_server(handle, '127.0.0.1', 8888)",
        "import waitress\ndef main(app):\n    waitress.serve(app, listen='127.0.0.1:8080')",
    )

    def visit_Call(self, node: cst.Call) -> None:
        """Looks at addresses that servers get."""
        host = argument(node, "host")
        listen = text_of(argument(node, "listen"), self.scope)
        if last_name(node.func) in _PORTS and node.args:  # gRPC
            listen = text_of(node.args[0].value, self.scope)
        if listen is not None and listen.startswith(_LISTEN):
            self.report(node)
            return
        if host is None and node.args and isinstance(node.args[0].value, cst.Tuple):
            is_bind = isinstance(node.func, cst.Attribute) and node.func.attr.value == "bind"
            elements = node.args[0].value.elements
            name = (self.qualified_name(node.func) or "") if len(elements) == 2 else ""
            if len(elements) == 2 and (is_bind or name.endswith("Server")):
                host = elements[0].value
                if text_of(host, self.scope) == "" and (name.endswith("Server") or name == "socket.socket().bind"):
                    self.report(node)
        elif host is None and len(node.args) > 1 and (isinstance(node.func, cst.Name) or last_name(node.func) in _STARTERS):
            host = node.args[1].value if self.qualified_name(node.func) in _SECOND else None
        if host is not None and text_of(host, self.scope) in _ALL:
            self.report(node)
