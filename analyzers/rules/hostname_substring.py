"""Hosts recognised by a part of an address."""

import re

import libcst as cst

from analyzers.rule import Rule
from analyzers.syntax import string_value

_DOMAIN = re.compile(
    r"^(https?://)?([a-z0-9-]+\.)+(com|org|net|io|dev|gov|edu|co|app|cloud|example|test|local|internal|[a-z]{2})$", re.IGNORECASE
)
_ADDRESS = re.compile(r"(^|_)(url|uri|host|hostname|netloc|origin|referer|referrer|redirect_to|next_url|link|domain)$", re.IGNORECASE)
_FILE_LIKE = re.compile(r"\.(py|js|ts|md|sh|rs|so|pl|rb|go|cc|hs|in|cs|ps|gz|bz|do|ml|mo|po|vb)$", re.IGNORECASE)


class HostnameSubstring(Rule):
    """Whether an address is trusted is told by a part of its text, which a stranger's address can hold too.

    `https://evil.test/?corp.example` holds `corp.example`, `evilcorp.example` ends with it, `https://corp.example.evil.test` begins so.

    Fix: `urlsplit(url).hostname == "corp.example"`, for subdomains `.endswith(".corp.example")`.
    """

    severity = "medium"
    confidence = "medium"
    cwe = 20
    prior = 0.6
    references = ("https://docs.python.org/3/library/urllib.parse.html#url-parsing-security",)
    triggers = ("url", "host", "netloc", "origin", "refer", "domain", "uri", "link", "URL")
    invalid = (
        "def trusted(url):\n    return 'corp.example' in url",
        "from urllib.parse import urlparse\ndef ours(url):\n    return urlparse(url).netloc.endswith('corp.example')",
        "def ok(request):\n    if request.url.startswith('https://corp.example'):\n        return 1",
    )
    valid = (
        "from urllib.parse import urlparse\ndef ours(url):\n    return urlparse(url).hostname == 'corp.example'",
        "def ours(host):\n    return host.endswith('.corp.example')",
        "def ours(url):\n    return url.startswith('https://corp.example/')",
        "def f(host):\n    return host in ('corp.example', 'a.example')",
        "def f(url):\n    return url.endswith('setup.py')",
        "def f(text):\n    return 'corp.example' in text",
    )

    def visit_Comparison(self, node: cst.Comparison) -> None:
        """Looks for a domain in what is named as an address."""
        one = node.comparisons[0]
        asks = len(node.comparisons) == 1 and isinstance(one.operator, cst.In) and _is_address(one.comparator)
        if asks and _is_domain(string_value(node.left)):
            self.report(node)

    def visit_Call(self, node: cst.Call) -> None:
        """Looks at beginnings and ends."""
        if not isinstance(node.func, cst.Attribute) or len(node.args) != 1:
            return
        text = string_value(node.args[0].value)
        begins = node.func.attr.value == "startswith" and "://" in (text or "")
        ends = node.func.attr.value == "endswith" and "://" not in (text or "")
        if (begins or ends) and _is_domain(text) and _is_address(node.func.value):
            self.report(node)


def _is_domain(text: str | None) -> bool:
    return text is not None and bool(_DOMAIN.match(text)) and not _FILE_LIKE.search(text)


def _is_address(node: cst.BaseExpression) -> bool:
    last = node.attr if isinstance(node, cst.Attribute) else node
    return isinstance(last, cst.Name) and bool(_ADDRESS.search(last.value))
