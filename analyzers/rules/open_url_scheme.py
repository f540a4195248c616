"""Addresses opened whatever their scheme is."""

import libcst as cst

from analyzers.calls import CallRule
from analyzers.constant import fixed_text
from analyzers.literal import resolve
from analyzers.scope import Scope
from analyzers.syntax import argument


class OpenUrlScheme(CallRule):
    """The address comes from the caller, and `urllib` also opens `file:` and `ftp:` addresses.

    `file:///etc/passwd` then reads a file of the server.

    Fix: check `urlsplit(url).scheme in ("http", "https")` first, or use a client that speaks HTTP only.
    """

    severity = "low"
    confidence = "low"
    cwe = 22
    prior = 0.4
    references = ("https://docs.python.org/3/library/urllib.request.html#urllib.request.urlopen",)
    triggers = ("urllib",)
    calls = frozenset({"urllib.request.urlopen", "urllib.request.urlretrieve", "urllib.request.URLopener().open",
                       "urllib.request.FancyURLopener().open"})  # fmt: skip
    invalid = (
        "from urllib.request import urlopen\ndef f(url):\n    return urlopen(url, timeout=3)",
        "import urllib.request\ndef f(url):\n    urllib.request.urlretrieve(url, 'a')",
        "import urllib.request as r\nclass A:\n    def f(self, url):\n        return r.urlopen(url=url)",
        "from urllib.request import urlopen\ndef f(host):\n    return urlopen(host + '/a')",
        "from urllib.request import urlopen\ndef f(base):\n    u = f'{base}/x'\n    return urlopen(u)",
        "from urllib import request\nasync def f(address):\n    return request.urlopen(address)",
    )
    valid = (
        "from urllib.request import urlopen\nurlopen('https://a.example')",
        "from urllib.request import urlopen\ndef f(name):\n    return urlopen('https://a.example/' + name)",
        ("from urllib.request import urlopen\ndef f(url):\n    if not url.startswith('https://'):\n        raise ValueError\n"
         "    return urlopen(url)"),
        ("from urllib.request import urlopen\nfrom urllib.parse import urlsplit\ndef f(url):\n"
         "    assert urlsplit(url).scheme == 'https'\n    return urlopen(url)"),
        "def f(urllib, url):\n    urllib.request.urlopen(url)",
        "from urllib.request import urlopen\nBASE = 'https://a.example'\ndef f(n):\n    return urlopen(f'{BASE}/{n}')",
        "from urllib.request import urlopen, Request\ndef f(n):\n    return urlopen(Request('https://a.example/' + n))",
    )

    def check(self, node: cst.Call, name: str) -> None:
        """Looks at the beginning of the address, and for a check in the same function."""
        url = argument(node, "url", 0) or argument(node, "fullurl", 0)
        if url is not None and self._open(url, self.scope) and not self._checked():
            self.report(node)

    def _open(self, node: cst.BaseExpression, scope: Scope) -> bool:
        """Whether the beginning is a parameter's word."""
        node = resolve(node, scope)
        match node:
            case cst.Name(value=str(name)):
                return any(one.kind == "param" for one in scope.reaching(name, node))
            case cst.FormattedString(parts=[cst.FormattedStringExpression(expression=first), *_]):
                return self._open(first, scope)
            case cst.BinaryOperation(operator=cst.Add()) if not fixed_text(node.left):
                return self._open(node.left, scope)
        return False

    def _checked(self) -> bool:
        code = self.context.module.code_for_node(self.scope.node)
        return "scheme" in code or "startswith(" in code
