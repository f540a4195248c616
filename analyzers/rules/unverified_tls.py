"""TLS connections that accept any certificate."""

import re
from collections.abc import Iterator

import libcst as cst

from analyzers.context import Context
from analyzers.rule import Rule
from analyzers.syntax import argument, is_name, string_value

_CLIENTS = ("requests.", "httpx.", "aiohttp.", "urllib3.", "boto3.")
_NO_CHECK = frozenset({"ssl._create_unverified_context", "ssl._create_stdlib_context"})
_OPTION = re.compile(r"verif|insecure|unsafe|validat|cert_?reqs|CERT_NONE|check_?(host|cert)|assert_(host|fing)|fingerprint", re.IGNORECASE)
_SAYS_SO = re.compile(r"insecure|unverified|no_?verif|unsafe|without_?(check|verif)|skip_?(check|verif)", re.IGNORECASE)
_NAMED = "Certificates are not checked in this function, as its name says; those who call it must not do so by default."
_OFFERED = "Certificates are not checked where the caller asks for that; the default must stay to check them."


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
    triggers = ("verify", "CERT_NONE", "cert_reqs", "check_hostname", "unverified", "ssl=False", "ssl = False")
    invalid = (
        "import requests\nrequests.get('https://example.org', verify=False, timeout=5)",
        "import requests\nsession = requests.Session()\nsession.post('https://example.org', verify=False)",
        "def f(session, url):\n    return session.get(url, verify=False)",
        "import httpx\nclient = httpx.Client(verify=False)",
        "import ssl\ncontext = ssl._create_unverified_context()",
        "import ssl\ncontext = ssl.create_default_context()\ncontext.check_hostname = False",
        "import ssl\ncontext = ssl.create_default_context()\ncontext.verify_mode = ssl.CERT_NONE",
        "import requests\nsession = requests.Session()\nsession.verify = False",
        "import ssl\ndef insecure_context():\n    made = ssl.create_default_context()\n    made.check_hostname = False\n    return made",
        "import ssl\nfrom ldap3 import Tls\ntls = Tls(validate=ssl.CERT_NONE)",
        "import urllib3\npool = urllib3.PoolManager(cert_reqs='CERT_NONE')",
        "import ssl\nssl._create_default_https_context = ssl._create_unverified_context",
        "import redis\nr = redis.Redis(host='cache.example.org', ssl=True, ssl_cert_reqs='none')",
        "import aiohttp\nconnector = aiohttp.TCPConnector(limit=10, ssl=False)",
        "import aiohttp\nasync def f(url):\n    async with aiohttp.ClientSession() as s:\n        return await s.get(url, ssl=False)",
        "import requests\nclass Api:\n    def __init__(self):\n        self.http = requests.Session()\n        self.http.verify = False",
    )
    valid = (
        "import requests\nrequests.get('https://example.org', timeout=5)",
        "import requests\nrequests.get('https://example.org', verify='/etc/ca.pem', timeout=5)",
        "import requests\ndef f(check):\n    return requests.get('https://example.org', verify=check, timeout=5)",
        "import ssl\ncontext = ssl.create_default_context()",
        "import ssl\nfrom ldap3 import Tls\ntls = Tls(validate=ssl.CERT_REQUIRED)  # not CERT_NONE",
        "import ssl\ncontext = ssl.create_default_context()\ncontext.verify_mode = ssl.CERT_REQUIRED",
        "import jwt\ndef f(token):\n    return jwt.decode(token, verify=False)",
        "def f(form):\n    form.save(verify=False)",
        "import aiohttp, redis\nstore = redis.Redis(ssl=False)\nconnector = aiohttp.TCPConnector(ssl=True)",
        "class Context:\n    def __init__(self):\n        self.check_hostname = False",
    )

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._told: set[tuple[int, str]] = set()

    def visit_Call(self, node: cst.Call) -> None:
        """Looks at connections being made."""
        name = self.qualified_name(node.func) or ""
        if name in _NO_CHECK:
            self._tell(node)
            return
        off = is_name(argument(node, "verify"), "False") or is_name(argument(node, "verify_ssl"), "False")
        off = off or (name.startswith("aiohttp.") and is_name(argument(node, "ssl"), "False"))
        unchecked = argument(node, "validate") if name == "ldap3.Tls" else argument(node, "cert_reqs") or argument(node, "ssl_cert_reqs")
        if (off and (name.startswith(_CLIENTS) or _is_request(node))) or self._is_none(unchecked):
            self._tell(node)

    def visit_Assign(self, node: cst.Assign) -> None:
        """Looks at checks being switched off later."""
        for target in node.targets:
            if not isinstance(target.target, cst.Attribute):
                continue
            if self.qualified_name(node.value) in _NO_CHECK and target.target.attr.value == "_create_default_https_context":
                self._tell(node)
                continue
            attribute = target.target.attr.value
            if is_name(target.target.value, "self"):
                continue  # a context of its own kind sets up its defaults
            owner = self.qualified_name(target.target.value) or ""
            client = attribute == "verify" and owner.startswith(_CLIENTS)
            off = is_name(node.value, "False") and (attribute == "check_hostname" or client)
            if (off or (attribute == "verify_mode" and self._is_none(node.value))) and self._first_of(target.target.value):
                self._tell(node)

    def _first_of(self, owner: cst.BaseExpression) -> bool:
        """Whether nothing was said of this context in this block: both of its checks go off together."""
        block = next((one for one in reversed(self.context.parents) if isinstance(one, cst.BaseSuite | cst.Module)), None)
        key = id(block), cst.Module([]).code_for_node(owner)
        new = key not in self._told
        self._told.add(key)
        return new

    def _tell(self, node: cst.CSTNode) -> None:
        """Low where an option of this meaning is asked first: then whoever sets it decides. Medium where the function's name says it."""
        tests = [one.test for one in self.context.parents if isinstance(one, cst.If | cst.IfExp)]
        if any(self._is_option(name) for test in tests for name in _names(test)):
            self.report(node, _OFFERED, severity="low")
        elif any(isinstance(one, cst.FunctionDef) and _SAYS_SO.search(one.name.value) for one in self.context.parents):
            self.report(node, _NAMED, severity="medium")
        else:
            self.report(node)

    def _is_option(self, node: cst.Name | cst.SimpleString) -> bool:
        return bool(_OPTION.search(node.value)) and (isinstance(node, cst.SimpleString) or not self.is_constant(node))

    def _is_none(self, node: cst.BaseExpression | None) -> bool:
        if node is None:
            return False
        return string_value(node) in ("CERT_NONE", "none") or self.qualified_name(node) == "ssl.CERT_NONE"


def _is_request(node: cst.Call) -> bool:
    verbs = ("get", "post", "put", "patch", "delete", "head", "options", "request", "send")
    return isinstance(node.func, cst.Attribute) and node.func.attr.value in verbs


def _names(test: cst.CSTNode) -> Iterator[cst.Name | cst.SimpleString]:
    if isinstance(test, cst.Name | cst.SimpleString):
        yield test
    for child in test.children:
        yield from _names(child)
