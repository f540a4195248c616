"""Programs that take a request header for a proxy setting."""

import libcst as cst

from analyzers.calls import CallRule


class CgiProxyHeader(CallRule):
    """The program runs as CGI, where a request's `Proxy` header becomes the variable `HTTP_PROXY` (httpoxy).

    HTTP clients then send what they ask for through a server of the visitor's choice.

    Fix: run it under WSGI, or delete `HTTP_PROXY` from the environment first.
    """

    severity = "medium"
    cwe = 807
    prior = 0.6
    references = ("https://httpoxy.org/",)
    triggers = ("CGIHandler", "CGIScript", "CGIDirectory", "CGIHTTPRequestHandler")
    calls = frozenset({"wsgiref.handlers.CGIHandler", "wsgiref.handlers.IISCGIHandler", "twisted.web.twcgi.CGIScript",
                       "twisted.web.twcgi.CGIDirectory", "http.server.CGIHTTPRequestHandler"})  # fmt: skip
    invalid = (
        "from wsgiref.handlers import CGIHandler\nCGIHandler().run(app)",
        "import wsgiref.handlers\nh = wsgiref.handlers.CGIHandler()",
        "from twisted.web import twcgi\nr = twcgi.CGIScript('a')",
        "from twisted.web.twcgi import CGIDirectory as D\nclass A:\n    def f(self):\n        return D('cgi-bin')",
        "from wsgiref.handlers import IISCGIHandler, CGIHandler\nIISCGIHandler().run(app)",
        "from http.server import CGIHTTPRequestHandler\ndef f(*a):\n    return CGIHTTPRequestHandler(*a)",
    )
    valid = (
        "from wsgiref.simple_server import make_server\nmake_server('', 1, app)  # no CGIHandler",
        "class CGIHandler: ...\nCGIHandler()",
        "import os\nfrom wsgiref.handlers import CGIHandler\nos.environ.pop('HTTP_PROXY', None)\nCGIHandler().run(app)",
        "from wsgiref.handlers import CGIHandler\ndef f(x):\n    return isinstance(x, CGIHandler)",
        "def f(wsgiref):\n    wsgiref.handlers.CGIHandler()",
        "from wsgiref.handlers import BaseHandler  # CGIHandler\nb = BaseHandler()",
    )

    def check(self, node: cst.Call, name: str) -> None:
        """Looks whether the variable is taken away anywhere in the file."""
        if "HTTP_PROXY" not in self.context.text:
            self.report(node)
