"""Posting a profile to the server, with limits on every wait."""

import http.client
import json
import ssl
from dataclasses import dataclass
from typing import Any, Optional
from urllib.parse import urlencode, urlsplit

CONNECT_SECONDS = 2.0
ANSWER_SECONDS = 10.0
ANSWER_BYTES_MAX = 65_536
NEVER_STATUSES = frozenset({400, 409, 413, 415, 422})
"""Answers that a second try of the same bytes would get again."""


class NotDelivered(Exception):
    """The profile did not arrive; `again` says whether a later try makes sense."""

    def __init__(self, why: str, again: bool) -> None:
        super().__init__(why)
        self.again = again


@dataclass(frozen=True)
class Orders:
    """What the server wants of this profiler; it says so in the answer to each profile."""

    enabled: bool = True
    interval_seconds: Optional[float] = None


def post(
    server: str, token: str, query: "dict[str, str]", profile: bytes, *, seconds: float = ANSWER_SECONDS
) -> Orders:
    """Sends one gzip pprof. Raises NotDelivered."""
    headers = {"Content-Type": "application/octet-stream"}
    return _exchange(server, token, "POST", "/api/v1/profiles?" + urlencode(query), profile, headers, seconds)


def ask(server: str, token: str, group: str) -> Orders:
    """Asks for orders without a profile, while switched off by the server. Raises NotDelivered."""
    path = "/api/v1/profiles/orders?" + urlencode({"group": group})
    return _exchange(server, token, "GET", path, None, {}, ANSWER_SECONDS)


def _exchange(
    server: str, token: str, method: str, path: str, body: Optional[bytes], headers: "dict[str, str]", seconds: float
) -> Orders:
    parts = urlsplit(server)
    connection = _connection(parts.scheme, parts.hostname or "", parts.port, min(CONNECT_SECONDS, seconds))
    try:
        connection.connect()
        assert connection.sock is not None
        connection.sock.settimeout(seconds)
        sent = {"Authorization": f"Bearer {token}", "User-Agent": "lockgate-agent", "Connection": "close", **headers}
        connection.request(method, parts.path.rstrip("/") + path, body=body, headers=sent)
        answer = connection.getresponse()
        text = answer.read(ANSWER_BYTES_MAX)
    except (OSError, http.client.HTTPException) as error:
        raise NotDelivered(f"{server} could not be reached: {error!r}", again=True) from error
    finally:
        connection.close()
    if not 200 <= answer.status < 300:
        why = f"{server} answered {answer.status}: {text[:300].decode('utf-8', 'replace')}"
        raise NotDelivered(why, again=answer.status not in NEVER_STATUSES)
    return _orders(text)


def _connection(scheme: str, host: str, port: Optional[int], seconds: float) -> http.client.HTTPConnection:
    if scheme == "https":
        return http.client.HTTPSConnection(host, port, timeout=seconds, context=ssl.create_default_context())
    return http.client.HTTPConnection(host, port, timeout=seconds)


def _orders(text: bytes) -> Orders:
    try:
        said: Any = json.loads(text)["agent"]
        interval = float(said["interval_seconds"])
        return Orders(bool(said["enabled"]), interval if 1 <= interval <= 3600 else None)
    except (ValueError, KeyError, TypeError):
        return Orders()
