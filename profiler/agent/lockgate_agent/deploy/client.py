"""The agent's side of the HTTP conversation with its server."""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
from typing import IO, Any
from urllib.parse import urlsplit

from lockgate_agent.version import VERSION

CHUNK_BYTES = 256 * 1024
ANSWER_BYTES_MAX = 4 * 1024 * 1024


class Unreachable(Exception):
    """The server did not answer, or not as a server does that works; trying again may help."""


class Answer(Exception):
    """The server answered no: an HTTP status of 4xx and its words."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(f"{detail} (HTTP {status})")
        self.status = status


class BadServer(Exception):
    """The address is not one that the agent can use."""


class Server:
    """One Lockgate server. `token` may be exchanged at any time."""

    def __init__(self, url: str, token: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise BadServer(f"--server {url!r} is not an http:// or https:// address")
        self._secure, self._host, self._port = parts.scheme == "https", parts.hostname, parts.port
        self._prefix = parts.path.rstrip("/")
        self.token = token
        self._waiting: http.client.HTTPConnection | None = None

    def call(self, method: str, path: str, body: Any = None, timeout: float = 15.0) -> dict[str, Any]:
        """One request; the JSON object of the answer. Raises Unreachable, Answer."""
        connection = self._connect(timeout)
        try:
            with self._send(connection, method, path, body) as answer:
                value: dict[str, Any] = json.loads(answer.read(ANSWER_BYTES_MAX) or b"{}")
                return value
        except (OSError, http.client.HTTPException, ValueError) as problem:
            raise Unreachable(f"{type(problem).__name__}: {problem}") from None
        finally:
            connection.close()

    def wait(self, path: str, timeout: float) -> dict[str, Any]:
        """A long poll; `interrupt` ends it. Raises Unreachable, Answer."""
        self._waiting = connection = self._connect(timeout)
        try:
            with self._send(connection, "GET", path, None) as answer:
                value: dict[str, Any] = json.loads(answer.read(ANSWER_BYTES_MAX) or b"{}")
                return value
        except (OSError, http.client.HTTPException, ValueError) as problem:
            raise Unreachable(f"{type(problem).__name__}: {problem}") from None
        finally:
            self._waiting = None
            connection.close()

    def interrupt(self) -> None:
        """Breaks a long poll off, from a signal handler."""
        waiting = self._waiting
        if waiting is not None and waiting.sock is not None:
            with contextlib.suppress(OSError):
                waiting.sock.shutdown(socket.SHUT_RDWR)

    def download(self, path: str, out: IO[bytes], offset: int) -> None:
        """Writes the bytes from `offset` on to `out`, or all when the server sends all. Raises like `call`."""
        connection = self._connect(30.0)
        try:
            extra = {"Range": f"bytes={offset}-"} if offset else {}
            with self._send(connection, "GET", path, None, extra) as answer:
                if answer.status != 206:
                    out.seek(0)
                    out.truncate()
                while True:
                    chunk = answer.read(CHUNK_BYTES)
                    if not chunk:
                        break
                    out.write(chunk)
        except (OSError, http.client.HTTPException) as problem:
            raise Unreachable(f"{type(problem).__name__}: {problem}") from None
        finally:
            connection.close()

    def _connect(self, timeout: float) -> http.client.HTTPConnection:
        kind = http.client.HTTPSConnection if self._secure else http.client.HTTPConnection
        return kind(self._host, self._port, timeout=timeout)

    def _send(
        self, connection: http.client.HTTPConnection, method: str, path: str, body: Any,
        extra: dict[str, str] | None = None,
    ) -> http.client.HTTPResponse:
        headers = {"Authorization": f"Bearer {self.token}", "User-Agent": f"lockgate-agent/{VERSION}", **(extra or {})}
        content = None
        if body is not None:
            content, headers["Content-Type"] = json.dumps(body).encode(), "application/json"
        connection.request(method, self._prefix + path, content, headers)
        answer = connection.getresponse()
        if answer.status >= 500 or answer.status in (408, 429):
            raise Unreachable(f"the server answered {answer.status} {answer.reason}")
        if answer.status >= 300:
            raise Answer(answer.status, _detail(answer))
        return answer


def _detail(answer: http.client.HTTPResponse) -> str:
    text = answer.read(ANSWER_BYTES_MAX).decode("utf-8", "replace")
    try:
        value = json.loads(text)
    except ValueError:
        return answer.reason
    return str(value.get("detail") or answer.reason) if isinstance(value, dict) else text[:500]
