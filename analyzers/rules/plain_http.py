"""Requests in the clear."""

import re

import libcst as cst

from analyzers.blocks import last_name
from analyzers.calls import CallRule, prefixed
from analyzers.constant import fixed_text
from analyzers.literal import resolve

_VERBS = ("get", "post", "put", "patch", "delete", "head", "options", "request")
_REMOTE = re.compile(r"^http://([A-Za-z0-9-]+\.)+[A-Za-z]{2,}(?=[:/?\s]|$)")
_NEAR = re.compile(r"^http://[^/]*(localhost|\.local|\.internal|\.svc|\.lan|\.home|\.cluster)([:/?]|$)")
_HOST = re.compile(r"^([A-Za-z0-9-]+\.)+[A-Za-z]{2,}$")


class PlainHttp(CallRule):
    """The request goes out without TLS: everybody on the way can read and change it and what comes back.

    A changed answer is taken for the server's; cookies and keys in the headers are there for the taking.

    Fix: use `https://`, `http.client.HTTPSConnection`.
    """

    severity = "low"
    confidence = "medium"
    cwe = 319
    prior = 0.5
    references = ("https://www.rfc-editor.org/rfc/rfc9110.html#section-4.2.2",)
    triggers = ("http://", "HTTPConnection")
    calls = prefixed("requests", *_VERBS) | prefixed("httpx", *_VERBS) | prefixed("requests.Session()", *_VERBS) | {
        "urllib.request.urlopen", "urllib.request.urlretrieve", "http.client.HTTPConnection", "aiohttp.ClientSession().get",
        "aiohttp.ClientSession().post", "urllib.request.Request",
    }  # fmt: skip
    invalid = (
        "import requests\nrequests.get('http://rates.example.org/daily.json', timeout=5)",
        "from urllib.request import urlopen as u\nBASE = 'http://api.example.org'\ndef f():\n    return u(BASE, timeout=5)",
        "import http.client\nconn = http.client.HTTPConnection('billing.example.org', timeout=5)",
    )
    valid = (
        "import requests\nrequests.get('https://rates.example.org/daily.json', timeout=5)",
        "import requests\nrequests.get('http://localhost:8000/health', timeout=5)",
        "import requests\nrequests.get('http://db.internal/x', timeout=5)\nrequests.get('http://web/x', timeout=5)",
        "import http.client\nconn = http.client.HTTPConnection('localhost', timeout=5)",
        "import requests\nrequests.get('http://10.0.0.3/x', timeout=5)",
        "NS = 'http://www.w3.org/2000/svg'",
    )

    def check(self, node: cst.Call, name: str) -> None:
        """Looks at the address."""
        given = node.args[1 if name.endswith(".request") and len(node.args) > 1 else 0].value if node.args else None
        if given is None or self._sends_password(node):
            return
        text = fixed_text(resolve(given, self.scope))
        if last_name(node.func) == "HTTPConnection":
            text = f"http://{text}" if _HOST.match(text) else ""
        if _REMOTE.match(text) and not _NEAR.match(text):
            self.report(node)

    def _sends_password(self, node: cst.Call) -> bool:
        """Whether `credentials-over-http` tells of it."""
        return any(arg.keyword is not None and arg.keyword.value == "auth" for arg in node.args)
