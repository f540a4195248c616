"""Uploads that break off or lie about their length: sent over a raw socket, as no proper client would."""

import base64
import json
import socket

import pytest

from tests.lockgate_server import Server
from tests.registry.clients import Clients
from tests.registry.made import form, npm_document, npm_tarball, wheel


def send_raw(server: Server, method: str, path: str, headers: dict[str, str], body: bytes, length: int | None) -> bytes:
    """Sends a request whose Content-Length may be wrong, closes our side, and answers what comes back."""
    secret = base64.b64encode(f"test:{server.token}".encode()).decode()
    head = {"Host": f"127.0.0.1:{server.port}", "Authorization": f"Basic {secret}", "Connection": "close", **headers}
    if length is not None:
        head["Content-Length"] = str(length)
    lines = "".join(f"{key}: {value}\r\n" for key, value in head.items())
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as wire:
        wire.sendall(f"{method} {path} HTTP/1.1\r\n{lines}\r\n".encode() + body)
        wire.shutdown(socket.SHUT_WR)
        answer = b""
        while chunk := wire.recv(65536):
            answer += chunk
    return answer


def nothing_is_published(server: Server, clients: Clients) -> bool:
    items = server.call("GET", f"/api/v1/registry/default/{clients.repository}/packages").json()["items"]
    return items == []


@pytest.mark.parametrize("share", [0.01, 0.5, 0.999])
def test_truncated_wheels_are_never_published(server: Server, clients: Clients, share: float) -> None:
    headers, body = form(wheel("cut", "1.0", "x = '" + "lock" * 50_000 + "'\n"))
    cut = min(int(len(body) * share), len(body) - 1)
    answer = send_raw(server, "POST", f"/pypi/default/{clients.repository}/", headers, body[:cut], len(body))
    assert not answer.startswith(b"HTTP/1.1 2"), answer
    assert nothing_is_published(server, clients)


def test_a_missing_last_byte_is_noticed(server: Server, clients: Clients) -> None:
    headers, body = form(wheel("cut", "1.0"))
    answer = send_raw(server, "POST", f"/pypi/default/{clients.repository}/", headers, body[:-1], len(body))
    assert not answer.startswith(b"HTTP/1.1 2"), answer
    assert nothing_is_published(server, clients)


def test_a_forged_larger_length_is_refused(server: Server, clients: Clients) -> None:
    headers, body = form(wheel("cut", "1.0"))
    answer = send_raw(server, "POST", f"/pypi/default/{clients.repository}/", headers, body, len(body) + 1000)
    assert not answer.startswith(b"HTTP/1.1 2"), answer
    assert nothing_is_published(server, clients)


def test_a_forged_smaller_length_is_refused(server: Server, clients: Clients) -> None:
    headers, body = form(wheel("cut", "1.0"))
    answer = send_raw(server, "POST", f"/pypi/default/{clients.repository}/", headers, body, len(body) - 20)
    assert not answer.startswith(b"HTTP/1.1 2"), answer
    assert nothing_is_published(server, clients)


def test_a_length_beyond_the_limit_is_refused(server: Server, clients: Clients) -> None:
    headers, body = form(wheel("cut", "1.0"))
    answer = send_raw(server, "POST", f"/pypi/default/{clients.repository}/", headers, body[:100], 1 << 50)
    assert not answer.startswith(b"HTTP/1.1 2"), answer
    assert nothing_is_published(server, clients)


def test_an_unclosed_form_is_refused(server: Server, clients: Clients) -> None:
    headers, body = form(wheel("cut", "1.0"))
    answer = server.call("POST", f"/pypi/default/{clients.repository}/", headers=headers, body=body[:-10])
    assert answer.status == 400
    assert nothing_is_published(server, clients)


def test_a_killed_server_keeps_nothing_half(fresh_server: Server) -> None:
    one = wheel("killed", "1.0", "x = '" + "lock" * 50_000 + "'\n")
    headers, body = form(one)
    with socket.create_connection(("127.0.0.1", fresh_server.port), timeout=30) as wire:
        head = {"Host": f"127.0.0.1:{fresh_server.port}", "Authorization": f"Bearer {fresh_server.token}", **headers}
        lines = "".join(f"{key}: {value}\r\n" for key, value in {**head, "Content-Length": str(len(body))}.items())
        wire.sendall(f"POST /pypi/default/main/ HTTP/1.1\r\n{lines}\r\n".encode() + body[: len(body) // 2])
        fresh_server.kill("web")
    fresh_server.wait_ready()
    path = "/api/v1/registry/default/main/packages?q=killed"
    assert fresh_server.call("GET", path).json()["items"] == []
    assert fresh_server.call("POST", "/pypi/default/main/", headers=headers, body=body).status == 200
    assert fresh_server.call("GET", f"/pypi/default/main/files/killed/{one.filename}").body == one.data


@pytest.mark.parametrize("share", [0.01, 0.5, 0.999])
def test_truncated_npm_documents_are_never_published(server: Server, clients: Clients, share: float) -> None:
    body = json.dumps(npm_document("cut", "1.0.0", npm_tarball("cut", "1.0.0"))).encode()
    cut = min(int(len(body) * share), len(body) - 1)
    headers = {"Content-Type": "application/json"}
    answer = send_raw(server, "PUT", f"/npm/default/{clients.repository}/cut", headers, body[:cut], len(body))
    assert not answer.startswith(b"HTTP/1.1 2"), answer
    assert nothing_is_published(server, clients)
