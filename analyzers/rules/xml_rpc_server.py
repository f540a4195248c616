"""Remote calls open to more than was meant."""

import libcst as cst

from analyzers.calls import CallRule
from analyzers.syntax import argument

_SERVERS = ("xmlrpc.server.SimpleXMLRPCServer", "xmlrpc.server.DocXMLRPCServer", "xmlrpc.server.CGIXMLRPCRequestHandler")


class XmlRpcServer(CallRule):
    """The XML-RPC server gives callers a way to attributes of attributes, or the client speaks it in the clear.

    With `allow_dotted_names=True` a caller reaches the module's globals and from there runs any code (see the warning in
    Python's documentation).

    Fix: register single functions; have the client use `https://`.
    """

    severity = "high"
    cwe = 749
    prior = 0.75
    references = ("https://docs.python.org/3/library/xmlrpc.server.html#xmlrpc.server.SimpleXMLRPCServer.register_instance",)
    triggers = ("xmlrpc",)
    calls = frozenset({f"{server}().register_instance" for server in _SERVERS} | {"xmlrpc.client.ServerProxy"})
    invalid = (
        ("from xmlrpc.server import SimpleXMLRPCServer\ns = SimpleXMLRPCServer(('localhost', 1))\n"
         "s.register_instance(A(), allow_dotted_names=True)"),
        "import xmlrpc.server\ns = xmlrpc.server.DocXMLRPCServer(a)\ns.register_instance(A(), True)",
        "from xmlrpc.client import ServerProxy\np = ServerProxy('http://api.example.org/rpc')",
        ("import xmlrpc.client as x\nclass A:\n    url = 'http://api.example.org'\n    def f(self):\n"
         "        return x.ServerProxy(uri='http://a.example/')"),
        ("from xmlrpc.server import SimpleXMLRPCServer as S\ndef f():\n    with S(('', 1)) as s:\n"
         "        s.register_instance(A(), allow_dotted_names=True)"),
        "from xmlrpc import client\nURL = 'http://rpc.example.org'\np = client.ServerProxy(URL)",
    )
    valid = (
        "from xmlrpc.server import SimpleXMLRPCServer\ns = SimpleXMLRPCServer(('localhost', 1))\ns.register_function(f)",
        "from xmlrpc.client import ServerProxy\np = ServerProxy('https://api.example.org/rpc')",
        "from xmlrpc.client import ServerProxy\np = ServerProxy('http://localhost:8000')",
        "from xmlrpc.server import SimpleXMLRPCServer\ns = SimpleXMLRPCServer(a)\ns.register_instance(A())",
        "from mine import ServerProxy\np = ServerProxy('http://a.example')  # xmlrpc",
        "from xmlrpc.client import ServerProxy\ndef f(url):\n    return ServerProxy(url)",
    )

    def check(self, node: cst.Call, name: str) -> None:
        """Looks at the option of the server and the address of the client."""
        if name.endswith("register_instance"):
            if self.is_true(argument(node, "allow_dotted_names", 1)):
                self.report(node)
            return
        url = self.text(argument(node, "uri", 0)) or ""
        if url.startswith("http://") and not url.startswith(("http://localhost", "http://127.", "http://[::1]")):
            self.report(node, severity="medium")
