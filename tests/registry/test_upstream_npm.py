"""npm packages through an external registry."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.lockgate_server import Answer, Server, wait_for
from tests.registry.clients import Clients
from tests.registry.fake_upstream import FakeUpstream
from tests.registry.made import npm_document, npm_tarball


def packument(server: Server, clients: Clients, name: str, accept: str = "application/json") -> Answer:
    return server.call("GET", f"/npm/default/{clients.repository}/{name}", headers={"Accept": accept})


def user(folder: Path) -> Path:
    folder.mkdir()
    (folder / "package.json").write_text(json.dumps({"name": "user", "version": "1.0.0"}))
    return folder


def test_npm_installs_through_the_connection(mirror: Clients, upstream: FakeUpstream, tmp_path: Path) -> None:
    upstream.offer_npm("@far/outside", "1.0.0", npm_tarball("@far/outside", "1.0.0"))
    done = mirror.npm("install", "@far/outside", cwd=user(tmp_path / "user"))
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "user/node_modules/@far/outside/index.js").exists()


def test_tarballs_lead_to_us_with_their_times(server: Server, mirror: Clients, upstream: FakeUpstream) -> None:
    upstream.offer_npm("outside", "1.0.0", npm_tarball("outside", "1.0.0"))
    for accept in ("application/json", "application/vnd.npm.install-v1+json"):
        document = packument(server, mirror, "outside", accept).json()
        expected = f"{server.url}/npm/default/{mirror.repository}/outside/-/outside-1.0.0.tgz"
        assert document["versions"]["1.0.0"]["dist"]["tarball"] == expected
        assert document["time"]["1.0.0"] == "2024-05-06T07:08:09.000Z"
        assert document["dist-tags"] == {"latest": "1.0.0"}


def test_twenty_npm_clients_cause_one_fetch(server: Server, mirror: Clients, upstream: FakeUpstream) -> None:
    tarball = npm_tarball("popular", "1.0.0")
    upstream.offer_npm("popular", "1.0.0", tarball)
    upstream.gate.clear()
    path = f"/npm/default/{mirror.repository}/popular/-/popular-1.0.0.tgz"
    with ThreadPoolExecutor(20) as pool:
        waiting = [pool.submit(server.call, "GET", path) for _ in range(20)]
        wait_for(lambda: upstream.asked["/files/1.0.0.tgz"], what="the tarball is asked for")
        upstream.gate.set()
        assert all(answer.result().body == tarball for answer in waiting)
    assert upstream.asked["/files/1.0.0.tgz"] == 1
    assert upstream.asked["/npm/popular"] == 1


def test_fetched_tarballs_outlive_the_registry(server: Server, mirror: Clients, upstream: FakeUpstream, tmp_path: Path) -> None:
    tarball = npm_tarball("lasting", "1.0.0")
    upstream.offer_npm("lasting", "1.0.0", tarball)
    assert server.call("GET", f"/npm/default/{mirror.repository}/lasting/-/lasting-1.0.0.tgz").body == tarball
    upstream.stop()
    assert mirror.npm("install", "lasting", cwd=user(tmp_path / "user")).returncode == 0


def test_a_tarball_that_lies_is_thrown_away(server: Server, mirror: Clients, upstream: FakeUpstream, tmp_path: Path) -> None:
    upstream.offer_npm("liar", "1.0.0", npm_tarball("liar", "1.0.0"))
    upstream.answers["/files/1.0.0.tgz"] = (200, "application/octet-stream", npm_tarball("liar", "1.0.0", "evil"))
    assert mirror.npm("install", "liar", cwd=user(tmp_path / "user")).returncode != 0
    assert server.call("GET", f"/api/v1/registry/default/{mirror.repository}/packages").json()["items"] == []


def test_a_page_is_no_packument(server: Server, mirror: Clients, upstream: FakeUpstream) -> None:
    for name, body in (("html", b"<html>log in</html>"), ("list", b"[]"), ("other", b'{"name": "another", "versions": {}}')):
        upstream.answers[f"/npm/{name}"] = (200, "application/json", body)
        answer = packument(server, mirror, name)
        assert answer.status == 502, name
        assert answer.json()["error"]


def test_published_npm_names_never_mix(server: Server, mirror: Clients, upstream: FakeUpstream) -> None:
    upstream.offer_npm("ours", "99.0.0", npm_tarball("ours", "99.0.0"))
    document = npm_document("ours", "1.0.0", npm_tarball("ours", "1.0.0"))
    assert server.call("PUT", f"/npm/default/{mirror.repository}/ours", document).status == 201
    assert list(packument(server, mirror, "ours").json()["versions"]) == ["1.0.0"]
    assert server.call("GET", f"/npm/default/{mirror.repository}/ours/-/ours-99.0.0.tgz").status == 404
    assert upstream.asked["/npm/ours"] == 0


def test_npm_names_from_outside_cannot_be_published(server: Server, mirror: Clients, upstream: FakeUpstream) -> None:
    upstream.offer_npm("theirs", "1.0.0", npm_tarball("theirs", "1.0.0"))
    assert server.call("GET", f"/npm/default/{mirror.repository}/theirs/-/theirs-1.0.0.tgz").status == 200
    document = npm_document("theirs", "2.0.0", npm_tarball("theirs", "2.0.0"))
    answer = server.call("PUT", f"/npm/default/{mirror.repository}/theirs", document)
    assert answer.status == 403
    assert "external index" in answer.json()["error"]
