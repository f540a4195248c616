"""HTTP requests that may wait for ever."""

import libcst as cst

from analyzers.rule import Rule
from analyzers.syntax import argument, has_double_star, is_name

_VERBS = ("get", "post", "put", "patch", "delete", "head", "options", "request")
_CALLS = frozenset(f"requests.{prefix}{verb}" for prefix in ("", "api.", "Session().", "session().") for verb in _VERBS)

_LIMITED = frozenset(f"httpx.{name}" for name in (*_VERBS, "stream", "Client", "AsyncClient"))
"""These wait five seconds unless told otherwise."""


class MissingTimeout(Rule):
    """The request has no time-out, so a server that does not answer holds the program for ever.

    `requests` and `urlopen` wait without end by default, `httpx` with `timeout=None`; a few silent servers take up every worker.

    Fix: pass `timeout=` in seconds, e.g. `requests.get(url, timeout=10)`.
    """

    severity = "medium"
    cwe = 400
    prior = 0.6
    references = ("https://requests.readthedocs.io/en/latest/user/advanced/#timeouts",)
    triggers = ("requests", "urlopen", "httpx")
    invalid = (
        "import requests\nrequests.get('https://example.org')",
        "from requests import post\npost('https://example.org', json={})",
        "import requests\nrequests.get('https://example.org', timeout=None)",
        "import requests\nwith requests.Session() as session:\n    session.get('https://example.org')",
        "from urllib.request import urlopen\npage = urlopen('https://example.org').read()",
        "import httpx\nclient = httpx.AsyncClient(timeout=None)",
        ("import requests\nclass Api:\n    def __init__(self):\n        self.http = requests.Session()\n"
        "    def get(self, path):\n        return self.http.get(self.base + path)"),
    )
    valid = (
        "import requests\nrequests.get('https://example.org', timeout=10)",
        "import requests\ndef f(**options):\n    return requests.get('https://example.org', **options)",
        "import requests\ndef f(wait):\n    return requests.get('https://example.org', timeout=wait)",
        "import httpx\nhttpx.get('https://example.org')",
        "def f(requests):\n    return requests.get('key')",
        "from urllib.request import urlopen\nwith urlopen('https://example.org', timeout=5) as page: ...",
    )

    def visit_Call(self, node: cst.Call) -> None:
        """Looks at requests being sent."""
        name = self.qualified_name(node.func)
        if name == "urllib.request.urlopen":
            timeout = argument(node, "timeout", 2)
        elif name in _CALLS:
            timeout = argument(node, "timeout")
        elif name in _LIMITED:
            timeout = argument(node, "timeout")
            if not is_name(timeout, "None"):
                return
        else:
            return
        if (timeout is None or is_name(timeout, "None")) and not has_double_star(node):
            self.report(node)
