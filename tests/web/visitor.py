"""Somebody with a browser, without the browser: cookies, forms with their tokens, redirects left to the test."""

import html
import re
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from urllib.parse import urlencode

from tests.lockgate_server import Answer, Server

_FORM_TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')


@dataclass
class Visitor:
    """Keeps cookies between requests, as a browser does."""

    server: Server
    cookies: dict[str, str] = field(default_factory=dict)

    def get(self, path: str, **headers: str) -> Answer:
        return self._keep(self.server.call("GET", path, token=None, headers={**self._headers(), **headers}))

    def post(self, path: str, form: dict[str, str], **headers: str) -> Answer:
        """Sends exactly these fields; `submit` adds the form token."""
        sent = {**self._headers(), "Content-Type": "application/x-www-form-urlencoded", **headers}
        return self._keep(self.server.call("POST", path, token=None, headers=sent, body=urlencode(form).encode()))

    def submit(self, page: str, path: str, form: dict[str, str]) -> Answer:
        """Opens the page, then sends the form with the token found there."""
        return self.post(path, {**form, "csrf_token": self.form_token(page)}, Origin=self.server.url)

    def form_token(self, page: str) -> str:
        found = _FORM_TOKEN.search(self.get(page).text)
        assert found, f"{page} has no form with a token"
        return html.unescape(found[1])

    def log_in(self, token: str = "") -> "Visitor":
        answer = self.post("/login", {"token": token or self.server.token})
        assert answer.status == 303, answer.text
        return self

    def _headers(self) -> dict[str, str]:
        cookies = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        return {"Accept": "text/html", **({"Cookie": cookies} if cookies else {})}

    def _keep(self, answer: Answer) -> Answer:
        for line in answer.headers.get_all("Set-Cookie") or []:
            for name, morsel in SimpleCookie(line).items():
                if morsel.value and morsel["max-age"] != "0":
                    self.cookies[name] = morsel.value
                else:
                    self.cookies.pop(name, None)
        return answer
