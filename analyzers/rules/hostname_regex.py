"""Host names matched by expressions that match others too."""

import re

import libcst as cst

from analyzers.calls import CallRule
from analyzers.syntax import argument

_HOST = re.compile(r"(?<![\\\w])(?:https?\??:?/?/?)?\(?(?:[a-z0-9-]+\\?\.)*[a-z0-9-]+(?<!\\)\.(com|org|net|io|dev|example|edu|gov)\b",
                   re.IGNORECASE)  # fmt: skip


class HostnameRegex(CallRule):
    r"""A dot in the host name is not escaped, so the expression accepts other hosts as well.

    `api.example.com` as a pattern also matches `apiXexample.com`, which anybody can register.

    Fix: escape it, `api\.example\.com`, anchor the end, or compare `urlsplit(url).hostname`.
    """

    severity = "medium"
    confidence = "medium"
    cwe = 20
    prior = 0.65
    references = ("https://docs.python.org/3/library/re.html#regular-expression-syntax",)
    triggers = ("re.", "from re ")
    calls = frozenset(f"re.{name}" for name in ("compile", "match", "search", "fullmatch"))
    invalid = (
        "import re\nre.match(r'https://api.example.com/', url)",
        "import re\nHOST = r'^www.example.org$'\nP = re.compile(HOST)",
        "from re import fullmatch as m\nm('shop.example.net', host)",
        "import re\nclass A:\n    def f(self, u):\n        return re.search('^https?://example.io/', u)",
        "import re\nre.match(r'^(www|api).example.com$', host)",
        "import re\nre.compile(r'cdn\\.shop.example')",
    )
    valid = (
        "import re\nre.match(r'https://api\\.example\\.com/', url)",
        "import re\nre.match(r'.*', url)",
        "import re\ndef f(p, u):\n    return re.match(p, u)",
        "import re\nre.match(re.escape('api.example.com'), url)",
        "URL = 'https://api.example.com/'\nimport re\nre.match(r'\\w+', URL)",
        "def f(re, u):\n    return re.match('api.example.com', u)",
        "import re\nre.compile(r'[a-z.]+@example\\.com')",
    )

    def check(self, node: cst.Call, name: str) -> None:
        """Looks at the pattern."""
        text = self.text(argument(node, "pattern", 0))
        if text and self._open(text):
            self.report(node)

    def _open(self, text: str) -> bool:
        """A group before the dot counts as a name."""
        plain = re.sub(r"\(\?[:P<>\w]*|[()^$]", "", re.sub(r"\(([a-z0-9|-]+)\)", "x", text))
        return bool(_HOST.search(plain))
