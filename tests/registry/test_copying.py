"""Versions that move between repositories of a domain: copied when asked, retained when fetched, stored once."""

from pathlib import Path

from tests.lockgate_server import Server
from tests.registry.clients import Clients
from tests.registry.conftest import Upload, create_repository
from tests.registry.fake_upstream import FakeUpstream
from tests.registry.made import Distribution, npm_document, npm_tarball, sdist, wheel


def names(server: Server, repository: str) -> list[str]:
    return [item["name"] for item in server.call("GET", f"/api/v1/registry/default/{repository}/packages").json()["items"]]


def get(server: Server, repository: str, one: Distribution) -> int:
    return server.call("GET", f"/pypi/default/{repository}/files/{one.name}/{one.filename}").status


def package(repository: str, name: str, rest: str = "") -> str:
    return f"/api/v1/registry/default/{repository}/packages/pypi/{name}{rest}"


def test_a_copy_moves_no_bytes(server: Server, clients: Clients, upload: Upload) -> None:
    one, target = wheel("copied", "1.0"), create_repository(server)
    upload(one)
    blobs = sorted(p.name for p in (server.data / "blobs").rglob("*") if p.is_file())
    told = server.call("POST", package(clients.repository, "copied", "/copy"), {"to": target, "versions": ["1.0", "2.0"]}).json()
    assert (list(told["successful"]), told["failed"]["2.0"]["code"]) == (["1.0"], "NOT_FOUND")
    assert get(server, target, one) == 200
    assert sorted(p.name for p in (server.data / "blobs").rglob("*") if p.is_file()) == blobs
    assert server.call("POST", package(clients.repository, "copied", "/copy"), {"to": target, "versions": ["1.0"]}).json()["failed"] == {}


def test_a_copy_overwrites_only_when_told(server: Server, clients: Clients, upload: Upload) -> None:
    target = create_repository(server)
    upload(wheel("twice", "1.0", "a = 1\n"))
    upload(wheel("twice", "1.0", "b = 2\n"), repository=target)
    body = {"to": target, "versions": ["1.0"]}
    path = package(clients.repository, "twice", "/copy")
    assert server.call("POST", path, body).json()["failed"]["1.0"]["code"] == "ALREADY_EXISTS"
    assert server.call("POST", path, {**body, "allow_overwrite": True}).json()["failed"] == {}
    digests = [
        server.call("GET", package(name, "twice", "/versions/1.0")).json()["assets"][0]["hashes"]["sha256"] for name in (clients.repository, target)
    ]
    assert digests[0] == digests[1]


def test_npm_tags_travel_with_a_copy(server: Server, clients: Clients) -> None:
    target = create_repository(server)
    document = npm_document("@team/tagged", "1.0.0", npm_tarball("@team/tagged", "1.0.0"))
    document["dist-tags"] = {"next": "1.0.0"}
    server.call("PUT", f"/npm/default/{clients.repository}/@team%2ftagged", document)
    path = f"/api/v1/registry/default/{clients.repository}/packages/npm/@team/tagged/copy"
    assert server.call("POST", path, {"to": target, "versions": ["1.0.0"]}).json()["failed"] == {}
    assert server.call("GET", f"/npm/default/{target}/@team%2ftagged").json()["dist-tags"]["next"] == "1.0.0"


def test_a_fetch_is_retained_where_it_was_asked(server: Server, clients: Clients, upload: Upload) -> None:
    middle = create_repository(server, upstreams=[clients.repository])
    asked = create_repository(server, upstreams=[middle])
    one, later = wheel("kept", "1.0"), sdist("kept", "1.0")
    upload(one)
    assert get(server, asked, one) == 200
    assert (names(server, middle), names(server, asked)) == ([], ["kept"])
    kept = server.call("GET", package(asked, "kept")).json()
    assert kept["origins"] == {"publish": "BLOCK", "upstream": "BLOCK"}
    upload(later)
    assert get(server, asked, later) == 200
    server.call("DELETE", f"/api/v1/registry/default/{clients.repository}")
    assert [get(server, asked, file) for file in (one, later)] == [200, 200]
    assert get(server, middle, one) == 404


def test_what_was_put_away_does_not_come_back_from_above(server: Server, mirror: Clients, upstream: FakeUpstream) -> None:
    below = create_repository(server, upstreams=[mirror.repository])
    one, other = wheel("poisoned", "1.0"), sdist("poisoned", "1.0")
    upstream.offer(one, other)
    assert get(server, below, one) == 200
    server.call("POST", package(below, "poisoned", "/status"), {"status": "Archived", "versions": ["1.0"]})
    assert [get(server, below, file) for file in (one, other)] == [404, 404]
    headers = {"Accept": "application/vnd.pypi.simple.v1+json"}
    assert server.call("GET", f"/pypi/default/{below}/simple/poisoned/", headers=headers).json()["versions"] == []
    assert get(server, mirror.repository, one) == 200


def test_a_deleted_name_upstream_is_not_trusted_again(server: Server) -> None:
    first = create_repository(server)
    below = create_repository(server, upstreams=[first])
    server.call("DELETE", f"/api/v1/registry/default/{first}")
    assert server.call("GET", f"/api/v1/registry/default/{below}").json()["upstreams"] == []


def test_pip_installs_from_the_second_upstream(server: Server, clients: Clients, upload: Upload, tmp_path: Path) -> None:
    empty = create_repository(server)
    below = create_repository(server, upstreams=[empty, clients.repository])
    upload(wheel("second", "1.0"))
    index = Clients(clients.home, server.url, below, server.token)
    assert index.pip_install("second", tmp_path / "site").returncode == 0


def test_an_eleventh_upstream_is_refused(server: Server) -> None:
    many = [create_repository(server) for _ in range(11)]
    body = {"name": f"{many[0]}-many", "upstreams": many}
    assert server.call("POST", "/api/v1/registry", body).status in (400, 422)
    assert server.call("POST", "/api/v1/registry", {**body, "upstreams": many[:10]}).status == 201
