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
    path = package(clients.repository, "copied", "/copy")
    assert list(server.call("POST", path, {"to": target, "versions": ["1.0"]}).json()["successful"]) == ["1.0"]
    assert get(server, target, one) == 200
    assert sorted(p.name for p in (server.data / "blobs").rglob("*") if p.is_file()) == blobs
    assert server.call("POST", path, {"to": target, "versions": ["1.0"]}).json() == {"successful": {}, "failed": {}, "unchanged": ["1.0"]}
    assert len(server.call("GET", f"/api/v1/registry/default/{target}/events").json()["items"]) == 1
    told = server.call("GET", package(target, "copied", "/versions/1.0")).json()
    assert told["entry_point"] == {"repository": clients.repository, "connection": None}


def test_all_versions_are_copied_or_none(server: Server, clients: Clients, upload: Upload) -> None:
    target = create_repository(server)
    for version in ("1.0", "1.1"):
        upload(wheel("several", version))
    path = package(clients.repository, "several", "/copy")
    told = server.call("POST", path, {"to": target, "versions": ["1.0", "3.0"]}).json()
    assert told["successful"] == {}
    assert {version: why["code"] for version, why in told["failed"].items()} == {"1.0": "SKIPPED", "3.0": "NOT_FOUND"}
    assert names(server, target) == []
    assert server.call("GET", f"/api/v1/registry/default/{target}/events").json()["items"] == []
    revisions = {version: server.call("GET", package(clients.repository, "several", f"/versions/{version}")).json()["revision"] for version in ("1.0", "1.1")}
    wrong = server.call("POST", path, {"to": target, "revisions": {**revisions, "1.1": "of yesterday"}}).json()
    assert {version: why["code"] for version, why in wrong["failed"].items()} == {"1.0": "SKIPPED", "1.1": "MISMATCHED_REVISION"}
    assert server.call("POST", path, {"to": target, "revisions": revisions, "versions": ["1.0"]}).status == 400
    assert set(server.call("POST", path, {"to": target, "revisions": revisions}).json()["successful"]) == {"1.0", "1.1"}


def test_a_copy_overwrites_only_when_told(server: Server, clients: Clients, upload: Upload) -> None:
    target = create_repository(server)
    upload(wheel("twice", "1.0", "a = 1\n"))
    upload(wheel("twice", "1.0", "b = 2\n"), repository=target)
    upload(sdist("twice", "1.0"), repository=target)
    body = {"to": target, "versions": ["1.0"]}
    path = package(clients.repository, "twice", "/copy")
    assert server.call("POST", path, body).json()["failed"]["1.0"]["code"] == "ALREADY_EXISTS"
    assert list(server.call("POST", path, {**body, "allow_overwrite": True}).json()["successful"]) == ["1.0"]
    assets = [server.call("GET", package(name, "twice", "/versions/1.0")).json()["assets"] for name in (clients.repository, target)]
    assert [a["hashes"]["sha256"] for a in assets[0]] == [a["hashes"]["sha256"] for a in assets[1]]
    change = server.call("GET", f"/api/v1/registry/default/{target}/events").json()["items"][-1]["changes"]
    assert [change[f"assets_{how}"] for how in ("added", "removed", "updated")] == [[], ["twice-1.0.tar.gz"], ["twice-1.0-py3-none-any.whl"]]


def test_more_files_are_no_same_version(server: Server, clients: Clients, upload: Upload) -> None:
    target = create_repository(server)
    upload(wheel("grown", "1.0"))
    path, body = package(clients.repository, "grown", "/copy"), {"to": target, "versions": ["1.0"]}
    server.call("POST", path, body)
    upload(sdist("grown", "1.0"))
    assert server.call("POST", path, body).json()["failed"]["1.0"]["code"] == "ALREADY_EXISTS"
    assert server.call("POST", path, {**body, "allow_overwrite": True}).json()["failed"] == {}
    assert len(server.call("GET", package(target, "grown", "/versions/1.0")).json()["assets"]) == 2


def test_a_copy_takes_from_upstream_when_told(server: Server, clients: Clients, upload: Upload) -> None:
    below, target = create_repository(server, upstreams=[clients.repository]), create_repository(server)
    upload(wheel("above", "1.0"))
    path, body = package(below, "above", "/copy"), {"to": target, "versions": ["1.0"]}
    assert server.call("POST", path, body).status == 404
    assert list(server.call("POST", path, {**body, "from_upstream": True}).json()["successful"]) == ["1.0"]
    assert (names(server, below), names(server, target)) == ([], ["above"])


def publish_npm(server: Server, repository: str, name: str, version: str, tag: str) -> None:
    document = npm_document(name, version, npm_tarball(name, version))
    document["dist-tags"] = {tag: version}
    assert server.call("PUT", f"/npm/default/{repository}/{name}", document).status == 201


def test_of_tags_the_farthest_upstream_counts(server: Server) -> None:
    far = create_repository(server)
    near = create_repository(server, upstreams=[far])
    beside = create_repository(server)
    asked = create_repository(server, upstreams=[near, beside])
    for repository, version, tag in (
        (beside, "3.0.0", "latest"), (far, "1.1.0", "latest"), (near, "1.0.0", "latest"), (near, "1.2.0-b", "beta"), (asked, "0.1.0", "own"),
    ):
        publish_npm(server, repository, "tagged", version, tag)
        controls = {"publish": "ALLOW", "upstream": "ALLOW"}
        assert server.call("PUT", f"/api/v1/registry/default/{repository}/packages/npm/tagged/origins", controls).status == 200
    assert server.call("GET", f"/npm/default/{asked}/-/package/tagged/dist-tags").json() == {"latest": "1.1.0", "beta": "1.2.0-b", "own": "0.1.0"}
    assert server.call("GET", f"/npm/default/{near}/-/package/tagged/dist-tags").json() == {"latest": "1.1.0", "beta": "1.2.0-b"}


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


def test_twenty_repositories_are_searched(server: Server, upload: Upload) -> None:
    chain = [create_repository(server)]
    while len(chain) < 21:
        chain.append(create_repository(server, upstreams=[chain[-1]]))
    one = wheel("far", "1.0")
    upload(one, repository=chain[0])
    assert get(server, chain[20], one) == 404
    assert get(server, chain[19], one) == 200
    assert get(server, chain[20], one) == 200  # kept by the twentieth, where it is within reach
    assert [names(server, repository) for repository in chain[17:]] == [[], [], ["far"], ["far"]]


def test_an_eleventh_upstream_is_refused(server: Server) -> None:
    many = [create_repository(server) for _ in range(11)]
    body = {"name": f"{many[0]}-many", "upstreams": many}
    assert server.call("POST", "/api/v1/registry", body).status in (400, 422)
    assert server.call("POST", "/api/v1/registry", {**body, "upstreams": many[:10]}).status == 201


def test_what_was_published_here_comes_from_nowhere_else(server: Server, upload: Upload) -> None:
    above = create_repository(server)
    below = create_repository(server, upstreams=[above])
    asked = create_repository(server, upstreams=[below])
    upload(wheel("owned", "1.0"), repository=above)
    refused = upload(wheel("owned", "1.0", "other = 1\n"), repository=below)
    assert refused.status == 409
    assert f"already exists in default/{above}" in refused.text
    assert upload(wheel("owned", "2.0"), repository=below).status == 200
    headers = {"Accept": "application/vnd.pypi.simple.v1+json"}
    for repository in (below, asked):
        assert server.call("GET", f"/pypi/default/{repository}/simple/owned/", headers=headers).json()["versions"] == ["2.0"]
        assert get(server, repository, wheel("owned", "1.0")) == 404
    assert server.call("PUT", package(below, "owned", "/origins"), {"publish": "ALLOW", "upstream": "ALLOW"}).status == 200
    for repository in (below, asked):
        assert server.call("GET", f"/pypi/default/{repository}/simple/owned/", headers=headers).json()["versions"] == ["1.0", "2.0"]
