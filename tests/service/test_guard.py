"""The guard, over raw sockets: requests that two parsers could read differently never reach the application."""

import socket

import pytest

from tests.lockgate_server import Server


def _raw(server: Server, request: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        connection.sendall(request)
        answer = b""
        while part := connection.recv(65536):
            answer += part
    return answer


@pytest.mark.parametrize("head", [
    b"GET /healthz HTTP/1.1\r\nHost: a\r\nHost: b\r\nConnection: close\r\n\r\n",
    b"GET /healthz HTTP/1.1\r\nHost: a,b\r\nConnection: close\r\n\r\n",
    b"GET /healthz HTTP/1.1\r\nHost: a b\r\nConnection: close\r\n\r\n",
    b"GET /static/../../etc/passwd HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
    b"GET /static/%2e%2e/%2e%2e/etc/passwd HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
    b"GET /healthz%00 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
    b"GET /static/%5c..%5cx HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
], ids=["two hosts", "comma", "space", "dots", "encoded dots", "nul", "backslash"])
def test_an_ambiguous_request_is_refused(server: Server, head: bytes) -> None:
    assert _raw(server, head).split(b"\r\n")[0].split()[1] == b"400"


def test_a_forged_identity_is_dropped(server: Server) -> None:
    for header in ("X-Remote-User", "X-Forwarded-User", "X-User", "Remote-User"):
        assert server.call("GET", "/api/v1/repositories", token=None, headers={header: "admin"}).status == 401


def test_a_forwarded_host_is_not_believed(server: Server) -> None:
    answer = server.call("GET", "/repositories", token=None, headers={"Accept": "text/html", "X-Forwarded-Host": "evil.example"})
    assert "evil.example" not in (answer.headers.get("Location") or "")


def test_every_answer_has_an_id(server: Server) -> None:
    assert len(server.call("GET", "/healthz", token=None).headers["X-Request-Id"]) == 16
