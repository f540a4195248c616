"""A package repository of each test's own, its clients, and an index on the other side."""

import secrets
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.lockgate_server import Answer, Server
from tests.registry.attested import Authority
from tests.registry.clients import Clients
from tests.registry.fake_upstream import FakeUpstream
from tests.registry.fence import Fence
from tests.registry.made import Distribution, form


def create_repository(server: Server, connections: list[dict[str, str]] | None = None, upstreams: list[str] | None = None, **more: Any) -> str:
    name = f"t{secrets.token_hex(4)}"
    body = {"domain": "default", "name": name, "connections": connections or [], "upstreams": upstreams or [], **more}
    answer = server.call("POST", "/api/v1/registry", body)
    assert answer.status == 201, answer.text
    return name


def account(server: Server, *policy: dict[str, Any]) -> tuple[str, str]:
    """A new account with a policy: its name and a token of it."""
    name = f"a{secrets.token_hex(4)}"
    assert server.call("POST", "/api/v1/accounts", {"name": name, "policy": list(policy)}).status == 201
    return name, server.call("POST", "/api/v1/tokens", {"account": name, "label": "test"}).json()["token"]


def log_in_until_revoked(server: Server, clients: Clients, client: str, *more: str) -> None:
    """Leaves the client with a login whose token was good then and is not now."""
    made = server.call("POST", "/api/v1/tokens", {"label": "soon gone"}).json()
    clients.log_in(client, *more, token=made["token"])
    assert server.call("DELETE", f"/api/v1/tokens/{made['id']}").status in (200, 204)


@pytest.fixture
def clients(server: Server, tmp_path: Path) -> Clients:
    """Clients of an empty repository without connections."""
    home = tmp_path / "home"
    home.mkdir()
    return Clients(home, server.url, create_repository(server), server.token)


@pytest.fixture
def upstream() -> Iterator[FakeUpstream]:
    running = FakeUpstream()
    yield running
    running.stop()


@pytest.fixture
def mirror(server: Server, upstream: FakeUpstream, tmp_path: Path) -> Clients:
    """Clients of an empty repository that is connected to the fake index, for both formats."""
    home = tmp_path / "mirror-home"
    home.mkdir()
    connections = [{"format": "pypi", "url": f"{upstream.url}/simple/"}, {"format": "npm", "url": f"{upstream.url}/npm/"}]
    return Clients(home, server.url, create_repository(server, connections), server.token)


@pytest.fixture
def fence() -> Iterator[Fence]:
    closed = Fence()
    yield closed
    closed.stop()


@pytest.fixture
def fenced(mirror: Clients, fence: Fence) -> Clients:
    """The same, where nothing else can be reached."""
    mirror.fence = fence.environment
    return mirror


@pytest.fixture
def trusted(server: Server) -> Iterator[Authority]:
    """An authority that the server trusts."""
    one, folder = Authority(f"authority {secrets.token_hex(4)}"), server.data / "attestation-authorities"
    folder.mkdir(exist_ok=True)
    (folder / "one.pem").write_bytes(one.pem())
    yield one
    for file in folder.glob("*.pem"):
        file.unlink()


Upload = Callable[..., Answer]


@pytest.fixture
def upload(server: Server, clients: Clients) -> Upload:
    """Sends a legacy upload form, with fields changed at will."""

    def send(one: Distribution, *, token: str | None = "", repository: str = "", **changed: Any) -> Answer:
        headers, body = form(one, **changed)
        path = f"/pypi/default/{repository or clients.repository}/"
        return server.call("POST", path, token=token, headers=headers, body=body)

    return send
