"""The demonstration's client of the JSON API: standard library, one token."""

import json
import urllib.error
import urllib.request
from typing import Any

from service.kernel.errors import Problem


class ServerSaidNo(Problem):
    """An answer of 400 and above."""

    says = "{method} {path} answered {code}: {why}"


class Api:
    """`api.get("/executions/1")`, `api.post("/repositories", {...})`, below `/api/v1`."""

    def __init__(self, url: str, token: str) -> None:
        self.url, self.token = url, token
        self._open = urllib.request.build_opener(urllib.request.ProxyHandler({})).open

    def get(self, path: str) -> Any:
        """Answers the JSON."""
        return json.loads(self.request("GET", path))

    def post(self, path: str, body: Any = None) -> Any:
        """Sends JSON, answers JSON."""
        return json.loads(self.request("POST", path, {} if body is None else body) or b"{}")

    def request(self, method: str, path: str, body: Any = None) -> bytes:
        """The raw answer. Raises ServerSaidNo."""
        data = None if body is None else json.dumps(body).encode()
        url = path if path.startswith("http") else f"{self.url}/api/v1{path}"
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        request = urllib.request.Request(url, data, headers, method=method)
        try:
            with self._open(request, timeout=60) as answer:
                return bytes(answer.read())
        except urllib.error.HTTPError as error:
            with error:
                raise ServerSaidNo(method=method, path=path, code=error.code, why=_why(error.read())) from None

    def is_ready(self) -> bool:
        """Whether the service says that all its parts are reachable."""
        try:
            with self._open(f"{self.url}/readyz", timeout=5) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def page(self, url: str) -> tuple[int, str]:
        """Status and text of any page on this machine, such as a deployed service's."""
        try:
            with self._open(url, timeout=5) as answer:
                return answer.status, answer.read().decode(errors="replace")
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode(errors="replace")
        except OSError as error:
            return 0, str(error)


def _why(body: bytes) -> str:
    try:
        problem = json.loads(body)
        return str(problem.get("detail") or problem)
    except (ValueError, AttributeError):
        return body.decode(errors="replace")[:300]
