"""Passwords inside addresses."""

import re

import libcst as cst

from analyzers.rule import Rule
from analyzers.syntax import string_value

_USERINFO = re.compile(r"\b[a-z][a-z0-9+.-]{1,20}://[^/\s:@'\"]{1,64}:([^/\s@'\"]{3,})@[a-zA-Z0-9\[]", re.IGNORECASE)
_SHAPE = re.compile(r"^[<{$%*x.]|[>}]$|^(pass(word|wd)?|pwd|pw|secret|user(name)?|token|test|example|changeme|postgres|guest|root|scott)$",
                    re.IGNORECASE)  # fmt: skip


class UrlCredentials(Rule):
    """A password is written in an address, so it is in the source and in every log that shows the address.

    Proxies, histories and error messages keep whole addresses.

    Fix: put the address together from settings that come from the environment or a secret store.
    """

    severity = "high"
    confidence = "medium"
    cwe = 522
    prior = 0.75
    references = ("https://www.rfc-editor.org/rfc/rfc3986.html#section-3.2.1",)
    triggers = ("://",)
    invalid = (
        "URL = 'postgresql://ann:tul1p-rain@db.example.org/shop'",
        "import requests\nrequests.get('https://bot:k3yhole77@api.example.org/x', timeout=5)",
        "class A:\n    broker = 'amqp://svc:9fjWq2@mq.internal//'",
        "def f():\n    return connect(url='redis://app:b1gs3cret@cache:6379/0')",
        "DATABASES = {'default': 'mysql://root:R00sevelt@10.0.0.3/app'}",
        "def f(dsn='mongodb://ann:tul1prain@db/x'):\n    return dsn",
    )
    valid = (
        "URL = 'postgresql://db.example.org/shop'",
        "URL = 'postgresql://user:password@localhost/shop'",
        "URL = 'postgresql://ann:<password>@db/shop'",
        "def f(user, pw):\n    return f'postgresql://{user}:{pw}@db/shop'",
        "URL = 'https://ann@example.org/x'",
        "URL = 'http://example.org:8080/a@b'",
        "URL = 'postgresql://ann:${PASSWORD}@db/shop'",
        "URL = 'redis://:%s@cache' % pw",
    )

    def visit_SimpleString(self, node: cst.SimpleString) -> None:
        """Looks at every text that is used, not at docstrings."""
        found = _USERINFO.search(string_value(node) or "")
        if found and not _SHAPE.search(found.group(1)) and not isinstance(self.parent(), cst.Expr):
            self.report(node, secret=found.group(1))
