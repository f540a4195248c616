"""Secrets in addresses."""

import re

import libcst as cst

from analyzers.rule import Rule
from analyzers.syntax import string_value

_QUERY = re.compile(r"[?&](api_?key|access_?token|auth_?token|token|password|passwd|pwd|secret|client_secret|apikey)=$", re.IGNORECASE)


class CredentialInUrl(Rule):
    """A key or password is put into the address, where proxies, server logs, browser histories and referrers keep it.

    TLS hides the address on the way, not at its ends.

    Fix: send it in a header, `Authorization: Bearer …`, or in the body.
    """

    severity = "low"
    confidence = "medium"
    cwe = 598
    prior = 0.5
    references = ("https://www.rfc-editor.org/rfc/rfc6750.html#section-2.3",)
    triggers = ("key=", "token=", "password=", "passwd=", "pwd=", "secret=")
    invalid = (
        "def f(api_key):\n    return get(f'https://api.example.org/v1?api_key={api_key}')",
        "def f(token):\n    url = 'https://api.example.org/v1?limit=3&access_token=' + token\n    return url",
        "class A:\n    def f(self):\n        return f'{self.base}/items?token={self.token}'",
    )
    valid = (
        "def f(page):\n    return get(f'https://api.example.org/v1?page={page}')",
        "def f(token):\n    return get('https://api.example.org', headers={'Authorization': f'Bearer {token}'})",
        "def f(page):\n    return f'https://a.example/v1?page_token={page}'",
        "def f(x):\n    return f'token={x}'",
    )

    def visit_FormattedString(self, node: cst.FormattedString) -> None:
        """Looks at what stands before each value."""
        for before, value in zip(node.parts, node.parts[1:], strict=False):
            told = before.value if isinstance(before, cst.FormattedStringText) else ""
            if isinstance(value, cst.FormattedStringExpression) and _QUERY.search(told):
                self.report(node)
                return

    def visit_BinaryOperation(self, node: cst.BinaryOperation) -> None:
        """Looks at sums."""
        left = node.left.right if isinstance(node.left, cst.BinaryOperation) else node.left
        text = string_value(left)
        if isinstance(node.operator, cst.Add) and text is not None and _QUERY.search(text) and string_value(node.right) is None:
            self.report(node)
