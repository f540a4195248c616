"""TLS connections that accept any certificate."""

import libcst as cst

from analyzers.rule import Rule
from analyzers.syntax import argument, is_name, string_value

_CLIENTS = ("requests.", "httpx.", "aiohttp.", "urllib3.", "boto3.")
_NO_CHECK = frozenset({"ssl._create_unverified_context", "ssl._create_stdlib_context"})


class UnverifiedTls(Rule):
    """The server's certificate is not checked, so anyone on the way can read and change what is sent.

    Without the check TLS encrypts to whoever answers; passwords and tokens go to them too.

    Fix: leave verification on; for a private authority pass its certificate, `verify="/path/ca.pem"` or
    `ssl.create_default_context(cafile=...)`.
    """

    severity = "high"
    cwe = 295
    prior = 0.8
    references = ("https://docs.python.org/3/library/ssl.html#security-considerations",)
    triggers = ("verify", "CERT_NONE", "check_hostname", "unverified", "ssl=False", "ssl = False")
    invalid = (
        "import requests\nrequests.get('https://example.org', verify=False, timeout=5)",
        "import requests\nsession = requests.Session()\nsession.post('https://example.org', verify=False)",
        "def f(session, url):\n    return session.get(url, verify=False)",
        "import httpx\nclient = httpx.Client(verify=False)",
        "import ssl\ncontext = ssl._create_unverified_context()",
        "import ssl\ncontext = ssl.create_default_context()\ncontext.check_hostname = False",
        "import ssl\ncontext = ssl.create_default_context()\ncontext.verify_mode = ssl.CERT_NONE",
        "import requests\nsession = requests.Session()\nsession.verify = False",
        "import urllib3\npool = urllib3.PoolManager(cert_reqs='CERT_NONE')",
        "import aiohttp\nconnector = aiohttp.TCPConnector(limit=10, ssl=False)",
        "import aiohttp\nasync def f(url):\n    async with aiohttp.ClientSession() as s:\n        return await s.get(url, ssl=False)",
        "import requests\nclass Api:\n    def __init__(self):\n        self.http = requests.Session()\n        self.http.verify = False",
    )
    valid = (
        "import requests\nrequests.get('https://example.org', timeout=5)",
        "import requests\nrequests.get('https://example.org', verify='/etc/ca.pem', timeout=5)",
        "import requests\ndef f(check):\n    return requests.get('https://example.org', verify=check, timeout=5)",
        "import ssl\ncontext = ssl.create_default_context()",
        "import ssl\ncontext = ssl.create_default_context()\ncontext.verify_mode = ssl.CERT_REQUIRED",
        "import jwt\ndef f(token):\n    return jwt.decode(token, verify=False)",
        "def f(form):\n    form.save(verify=False)",
        "import aiohttp, redis\nstore = redis.Redis(ssl=False)\nconnector = aiohttp.TCPConnector(ssl=True)",
        "class Context:\n    def __init__(self):\n        self.check_hostname = False",
    )

    def visit_Call(self, node: cst.Call) -> None:
        """Looks at connections being made."""
        name = self.qualified_name(node.func) or ""
        if name in _NO_CHECK:
            self.report(node)
            return
        off = is_name(argument(node, "verify"), "False") or is_name(argument(node, "verify_ssl"), "False")
        off = off or (name.startswith("aiohttp.") and is_name(argument(node, "ssl"), "False"))
        if (off and (name.startswith(_CLIENTS) or _is_request(node))) or self._is_none(argument(node, "cert_reqs")):
            self.report(node)

    def visit_Assign(self, node: cst.Assign) -> None:
        """Looks at checks being switched off later."""
        for target in node.targets:
            if not isinstance(target.target, cst.Attribute):
                continue
            attribute = target.target.attr.value
            if is_name(target.target.value, "self"):
                continue  # a context of its own kind sets up its defaults
            owner = self.qualified_name(target.target.value) or ""
            client = attribute == "verify" and owner.startswith(_CLIENTS)
            off = is_name(node.value, "False") and (attribute == "check_hostname" or client)
            if off or (attribute == "verify_mode" and self._is_none(node.value)):
                self.report(node)

    def _is_none(self, node: cst.BaseExpression | None) -> bool:
        if node is None:
            return False
        return string_value(node) == "CERT_NONE" or self.qualified_name(node) == "ssl.CERT_NONE"


def _is_request(node: cst.Call) -> bool:
    verbs = ("get", "post", "put", "patch", "delete", "head", "options", "request", "send")
    return isinstance(node.func, cst.Attribute) and node.func.attr.value in verbs
