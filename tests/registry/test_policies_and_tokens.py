"""Policies of domains and package repositories, and tokens that live for hours."""

import secrets
from datetime import UTC, datetime, timedelta

from tests.lockgate_server import Server
from tests.registry.clients import Clients
from tests.registry.conftest import account, create_repository
from tests.registry.made import form, wheel

READ = {"Effect": "Allow", "Action": ["registry:Read"], "Resource": ["*"]}


def index(server: Server, repository: str, token: str) -> int:
    return server.call("GET", f"/pypi/default/{repository}/simple/", token=token).status


def test_a_policy_lets_in_and_keeps_out(server: Server) -> None:
    repository, (name, stranger), (reader_name, reader) = create_repository(server), account(server), account(server, READ)
    path = f"/api/v1/registry/default/{repository}/policy"
    assert [index(server, repository, token) for token in (stranger, reader)] == [403, 200]
    statements = [
        {"Effect": "Allow", "Principal": [name], "Action": ["registry:Read"], "Resource": ["*"]},
        {"Effect": "Deny", "Principal": reader_name, "Action": ["registry:Read"], "Resource": ["*"]},
    ]
    answer = server.call("PUT", path, {"statements": statements})
    assert answer.status == 200, answer.text
    assert [index(server, repository, token) for token in (stranger, reader)] == [200, 403]
    headers, body = form(wheel("foreign", "1.0"))
    assert server.call("POST", f"/pypi/default/{repository}/", token=stranger, headers=headers, body=body).status == 403
    listed = server.call("GET", "/api/v1/registry", token=stranger).json()["items"]
    assert [item["name"] for item in listed] == [repository]
    assert server.call("PUT", path, {"statements": [], "expected_revision": "wrong"}).status == 409
    assert server.call("DELETE", path).status == 204
    assert [index(server, repository, token) for token in (stranger, reader)] == [403, 200]


def test_a_domain_policy_holds_for_its_repositories(server: Server) -> None:
    domain, (name, stranger) = f"d{secrets.token_hex(4)}", account(server)
    server.call("POST", "/api/v1/registry", {"domain": domain, "name": "main"})
    statement = {"Effect": "Allow", "Principal": [name], "Action": ["registry:Read"], "Resource": [f"registry/{domain}/*"]}
    assert server.call("GET", f"/pypi/{domain}/main/simple/", token=stranger).status == 403
    assert server.call("PUT", f"/api/v1/domains/{domain}/policy", {"statements": [statement]}).status == 200
    assert server.call("GET", f"/pypi/{domain}/main/simple/", token=stranger).status == 200


def test_a_policy_cannot_reach_beyond_its_resource(server: Server) -> None:
    mine, other, (name, stranger) = create_repository(server), create_repository(server), account(server)
    statement = {"Effect": "Allow", "Principal": [name], "Action": ["*"], "Resource": ["*"]}
    assert server.call("PUT", f"/api/v1/registry/default/{mine}/policy", {"statements": [statement]}).status == 200
    assert [index(server, repository, stranger) for repository in (mine, other)] == [200, 403]
    assert server.call("GET", "/api/v1/registry/default/main", token=stranger).status == 403


def test_nobody_locks_himself_out(server: Server) -> None:
    path = f"/api/v1/registry/default/{create_repository(server)}/policy"
    everyone = {"Effect": "Deny", "Principal": "*", "Action": ["registry:*"], "Resource": ["*"]}
    answer = server.call("PUT", path, {"statements": [everyone]})
    assert answer.status == 400
    assert "lock you out" in answer.text
    for bad in ({"Effect": "Allow"}, {**everyone, "Principal": []}, {**everyone, "Effect": "Maybe"}):
        assert server.call("PUT", path, {"statements": [bad]}).status == 400


def test_a_short_token_opens_its_domain_alone(server: Server, clients: Clients, tmp_path) -> None:
    before = datetime.now(UTC)
    told = server.call("POST", "/api/v1/domains/default/token", {"duration_seconds": 900}).json()
    lifetime = datetime.fromisoformat(told["expires_at"]) - before
    assert timedelta(seconds=890) < lifetime < timedelta(seconds=930)
    assert index(server, clients.repository, told["token"]) == 200
    assert server.call("GET", "/api/v1/accounts", token=told["token"]).status != 200
    assert server.call("GET", "/git/x/info/refs?service=git-upload-pack", token=told["token"]).status in (403, 404)
    assert server.call("POST", "/api/v1/domains/default/token", {}, token=told["token"]).status == 403
    assert server.call("DELETE", f"/api/v1/tokens/{told['id']}").status == 204
    assert index(server, clients.repository, told["token"]) == 401


def test_token_lifetimes_have_bounds(server: Server) -> None:
    for seconds in (-1, 1, 899, 43_201):
        assert server.call("POST", "/api/v1/domains/default/token", {"duration_seconds": seconds}).status in (400, 422)
    assert server.call("POST", "/api/v1/domains/nowhere/token", {}).status == 404
    longest = server.call("POST", "/api/v1/domains/default/token", {"duration_seconds": 43_200}).json()
    own = server.call("POST", "/api/v1/domains/default/token", {"duration_seconds": 0}).json()
    assert abs(datetime.fromisoformat(own["expires_at"]) - datetime.fromisoformat(longest["expires_at"])) < timedelta(minutes=1)
