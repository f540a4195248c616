"""Credentials sent over plain HTTP."""

import libcst as cst

from analyzers.calls import CallRule
from analyzers.constant import fixed_text
from analyzers.literal import resolve
from analyzers.syntax import argument, string_value

_VERBS = ("get", "post", "put", "patch", "delete", "head", "request")
_LOCAL = ("http://localhost", "http://127.", "http://[::1]", "http://testserver", "http://0.0.0.0")
_WORDS = ("password", "passwd", "token", "secret", "api_key", "apikey")


class CredentialsOverHttp(CallRule):
    """A password or token is sent to an `http://` address, where everybody on the way can read it.

    The network, the proxy and the provider see the credential, and can use it for as long as it lives.

    Fix: use `https://`, and have the server refuse plain HTTP.
    """

    severity = "high"
    cwe = 319
    prior = 0.8
    references = ("https://www.rfc-editor.org/rfc/rfc7617.html#section-4",)
    triggers = ("http://",)
    calls = frozenset(
        f"{client}.{verb}" for client in ("requests", "requests.Session()", "httpx", "httpx.Client()", "httpx.AsyncClient()",
                                          "aiohttp.ClientSession()") for verb in _VERBS
    )  # fmt: skip
    invalid = (
        "import requests\nrequests.get('http://api.example.org', auth=(user, pw), timeout=5)",
        "import requests\nURL = 'http://api.example.org/login'\nrequests.post(URL, data={'password': pw}, timeout=5)",
        "import httpx\ndef f(t):\n    return httpx.get('http://api.example.org', headers={'Authorization': t})",
        "from requests import post\ndef f(host, t):\n    post(f'http://{host}/a', json={'token': t}, timeout=5)",
        "import requests\ns = requests.Session()\ns.get('http://api.example.org', params={'api_key': k})",
        "import requests as r\nclass A:\n    def f(self):\n        r.put(url='http://a.example', auth=self.auth, timeout=1)",
    )
    valid = (
        "import requests\nrequests.get('https://api.example.org', auth=(user, pw), timeout=5)",
        "import requests\nrequests.get('http://localhost:8000', auth=(user, pw), timeout=5)",
        "import requests\nrequests.get('http://api.example.org/weather', params={'city': c}, timeout=5)",
        "import requests\ndef f(url):\n    return requests.get(url, auth=('http://', 1), timeout=5)",
        "import requests\nrequests.get('http://127.0.0.1/x', headers={'Authorization': t}, timeout=5)",
        "def f(requests):\n    return requests.get('http://a.example', auth=1)",
        "import requests\nrequests.post('http://api.example.org', data={'name': n}, timeout=5)",
    )

    def check(self, node: cst.Call, name: str) -> None:
        """Looks at address and content."""
        url = argument(node, "url", 1 if name.endswith(".request") else 0)
        text = "" if url is None else fixed_text(resolve(url, self.scope))
        if text.startswith("http://") and not text.startswith(_LOCAL) and self._sends_credential(node):
            self.report(node)

    def _sends_credential(self, node: cst.Call) -> bool:
        if argument(node, "auth") is not None:
            return True
        sent = [argument(node, word) for word in ("data", "json", "params", "headers")]
        dicts = [one for given in sent if given is not None and isinstance(one := resolve(given, self.scope), cst.Dict)]
        keys = [string_value(pair.key) or "" for one in dicts for pair in one.elements if isinstance(pair, cst.DictElement)]
        return any(key.lower() in ("authorization", "cookie") or any(word in key.lower() for word in _WORDS) for key in keys)
