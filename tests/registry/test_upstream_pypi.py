"""Python packages through an external index: fetched once, checked, kept, and never mixed with ours."""

import hashlib
import http.client
import json
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.lockgate_server import Answer, Server, wait_for
from tests.registry.clients import Clients
from tests.registry.conftest import create_repository
from tests.registry.fake_upstream import FakeUpstream
from tests.registry.made import form, metadata, sdist, wheel

JSON = "application/vnd.pypi.simple.v1+json"


def page(server: Server, clients: Clients, name: str, accept: str = JSON) -> Answer:
    return server.call("GET", f"/pypi/default/{clients.repository}/simple/{name}/", headers={"Accept": accept})


def fetch(server: Server, clients: Clients, name: str, filename: str, **headers: str) -> Answer:
    return server.call("GET", f"/pypi/default/{clients.repository}/files/{name}/{filename}", headers=headers)


def stored(server: Server, clients: Clients) -> list[str]:
    items = server.call("GET", f"/api/v1/registry/default/{clients.repository}/packages").json()["items"]
    return [item["name"] for item in items]


def test_pip_installs_through_the_connection(mirror: Clients, upstream: FakeUpstream, tmp_path: Path) -> None:
    upstream.offer(wheel("outside", "1.0"))
    done = mirror.pip_install("outside", tmp_path / "site")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "site" / "outside.py").exists()


def test_links_lead_to_us_with_their_times(server: Server, mirror: Clients, upstream: FakeUpstream) -> None:
    upstream.offer(wheel("outside", "1.0"))
    [file] = page(server, mirror, "outside").json()["files"]
    assert file["url"].startswith(f"{server.url}/pypi/default/{mirror.repository}/files/outside/")
    assert file["upload-time"] == "2024-05-06T07:08:09.000000Z"
    assert upstream.url not in page(server, mirror, "outside", "text/html").text


def test_twenty_clients_cause_one_fetch(server: Server, mirror: Clients, upstream: FakeUpstream) -> None:
    one = sdist("popular", "1.0", extra=bytes(range(256)) * 4000)
    upstream.offer(one)
    upstream.gate.clear()
    with ThreadPoolExecutor(20) as pool:
        waiting = [pool.submit(fetch, server, mirror, "popular", one.filename) for _ in range(20)]
        wait_for(lambda: upstream.asked[f"/files/{one.filename}"], what="the file is asked for")
        upstream.gate.set()
        bodies = [answer.result().body for answer in waiting]
    assert all(body == one.data for body in bodies)
    assert upstream.asked[f"/files/{one.filename}"] == 1
    assert upstream.asked["/simple/popular/"] == 1


def test_what_was_fetched_outlives_the_index(server: Server, mirror: Clients, upstream: FakeUpstream, tmp_path: Path) -> None:
    one = wheel("lasting", "1.0")
    upstream.offer(one)
    assert fetch(server, mirror, "lasting", one.filename).body == one.data
    upstream.stop()
    assert page(server, mirror, "lasting").json()["versions"] == ["1.0"]
    assert mirror.pip_install("lasting", tmp_path / "site").returncode == 0


def test_an_unreachable_index_is_named(server: Server, mirror: Clients, upstream: FakeUpstream) -> None:
    upstream.stop()
    answer = page(server, mirror, "unseen")
    assert answer.status == 502
    assert f"127.0.0.1:{upstream.port}" in answer.text


def test_a_wrong_digest_is_thrown_away(server: Server, mirror: Clients, upstream: FakeUpstream) -> None:
    one = wheel("liar", "1.0")
    upstream.offer(one, sha256="0" * 64)
    answer = fetch(server, mirror, "liar", one.filename)
    assert answer.status == 502
    assert "announced" in answer.text
    assert stored(server, mirror) == []


def test_a_large_lie_breaks_off_in_time(server: Server, mirror: Clients, upstream: FakeUpstream) -> None:
    one = sdist("liar", "1.0", extra=hashlib.shake_256(b"lie").digest(3_000_000))
    upstream.offer(one, sha256="0" * 64)
    with pytest.raises((OSError, http.client.HTTPException)):
        fetch(server, mirror, "liar", one.filename)
    assert stored(server, mirror) == []


def test_large_files_stream_through_whole(server: Server, mirror: Clients, upstream: FakeUpstream) -> None:
    one = sdist("large", "1.0", extra=hashlib.shake_256(b"truth").digest(5_000_000))
    upstream.offer(one)
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: fetch(server, mirror, "large", one.filename), range(6)))
    assert all(answer.body == one.data for answer in answers)
    assert upstream.asked[f"/files/{one.filename}"] == 1


def test_pip_refuses_what_the_index_lied_about(mirror: Clients, upstream: FakeUpstream, tmp_path: Path) -> None:
    upstream.offer(wheel("liar", "1.0"), sha256="0" * 64)
    assert mirror.pip_install("liar", tmp_path / "site").returncode != 0
    assert not (tmp_path / "site" / "liar.py").exists()


def test_a_short_file_is_thrown_away(server: Server, mirror: Clients, upstream: FakeUpstream) -> None:
    one = wheel("short", "1.0")
    upstream.offer(one)
    upstream.answers[f"/files/{one.filename}"] = (200, "application/octet-stream", one.data[:-10])
    assert fetch(server, mirror, "short", one.filename, Range="bytes=0-").status == 502
    assert stored(server, mirror) == []


def test_an_endless_file_is_cut_off(server: Server, mirror: Clients, upstream: FakeUpstream) -> None:
    one = wheel("endless", "1.0")
    upstream.offer(one)
    upstream.answers[f"/files/{one.filename}"] = (200, "application/octet-stream", one.data + bytes(10_000_000))
    assert fetch(server, mirror, "endless", one.filename, Range="bytes=0-").status == 502
    assert stored(server, mirror) == []


def test_a_login_page_is_no_project(server: Server, mirror: Clients, upstream: FakeUpstream) -> None:
    login = b"<!doctype html><html><body><a href='/login'>Please log in</a></body></html>"
    for kind in ("text/html", JSON, "application/json"):
        name = f"portal-{kind[-4:].strip('+')}".replace("/", "")
        upstream.answers[f"/simple/{name}/"] = (200, kind, login)
        assert page(server, mirror, name).status == 502, kind


def test_old_indexes_in_html_are_read(server: Server, mirror: Clients, upstream: FakeUpstream) -> None:
    one = wheel("classic", "1.0")
    text = (
        f'<html><body><a href="../../files/{one.filename}#sha256={one.sha256}" data-requires-python="&gt;=3.7" data-yanked="old">'
        f"{one.filename}</a><a href='http://elsewhere.example/evil-9.9.tar.gz'>evil</a></body></html>"
    )
    upstream.answers["/simple/classic/"] = (200, "text/html", text.encode())
    upstream.answers[f"/files/{one.filename}"] = (200, "application/octet-stream", one.data)
    [file] = page(server, mirror, "classic").json()["files"]
    assert (file["filename"], file["requires-python"], file["yanked"]) == (one.filename, ">=3.7", "old")
    assert server.call("GET", file["url"]).body == one.data


def test_metadata_comes_through_when_offered(server: Server, mirror: Clients, upstream: FakeUpstream) -> None:
    one, text = wheel("described", "1.0"), metadata("described", "1.0").encode()
    upstream.offer(one, **{"core-metadata": True})
    upstream.answers[f"/files/{one.filename}.metadata"] = (200, "text/plain", text)
    assert fetch(server, mirror, "described", f"{one.filename}.metadata").body == text
    assert upstream.asked[f"/files/{one.filename}"] == 0
    upstream.offer(wheel("silent", "1.0"))
    assert page(server, mirror, "silent").json()["files"][0]["core-metadata"] is False


def test_metadata_with_a_wrong_digest_is_refused(server: Server, mirror: Clients, upstream: FakeUpstream) -> None:
    one = wheel("described", "1.0")
    upstream.offer(one, **{"core-metadata": {"sha256": "0" * 64}})
    upstream.answers[f"/files/{one.filename}.metadata"] = (200, "text/plain", b"Name: evil\n")
    answer = fetch(server, mirror, "described", f"{one.filename}.metadata")
    assert answer.status >= 400
    assert "evil" not in answer.text


def test_published_names_are_never_looked_for_outside(server: Server, mirror: Clients, upstream: FakeUpstream, tmp_path: Path) -> None:
    ours, theirs = wheel("ours", "1.0", "whose = 'ours'\n"), wheel("ours", "99.0", "whose = 'theirs'\n")
    upstream.offer(theirs)
    headers, body = form(ours)
    assert server.call("POST", f"/pypi/default/{mirror.repository}/", headers=headers, body=body).status == 200
    assert page(server, mirror, "ours").json()["versions"] == ["1.0"]
    assert fetch(server, mirror, "ours", theirs.filename).status == 404
    assert mirror.pip_install("ours", tmp_path / "site").returncode == 0
    assert (tmp_path / "site" / "ours.py").read_text() == "whose = 'ours'\n"
    assert upstream.asked["/simple/ours/"] == 0


def test_names_from_outside_cannot_be_published(server: Server, mirror: Clients, upstream: FakeUpstream) -> None:
    theirs = wheel("theirs", "1.0")
    upstream.offer(theirs)
    assert fetch(server, mirror, "theirs", theirs.filename).status == 200
    headers, body = form(wheel("theirs", "2.0"))
    answer = server.call("POST", f"/pypi/default/{mirror.repository}/", headers=headers, body=body)
    assert answer.status == 403
    path = f"/api/v1/registry/default/{mirror.repository}/packages/pypi/theirs/origins"
    assert server.call("PUT", path, {"publish": "ALLOW", "upstream": "ALLOW"}).status == 200
    assert server.call("POST", f"/pypi/default/{mirror.repository}/", headers=headers, body=body).status == 200
    assert page(server, mirror, "theirs").json()["versions"] == ["1.0", "2.0"]


def test_connections_of_upstream_repositories_serve_too(server: Server, mirror: Clients, upstream: FakeUpstream) -> None:
    below = create_repository(server, upstreams=[mirror.repository])
    one = wheel("deep", "1.0")
    upstream.offer(one)
    assert server.call("GET", f"/pypi/default/{below}/files/deep/{one.filename}").body == one.data
    for name in (below, mirror.repository):
        items = server.call("GET", f"/api/v1/registry/default/{name}/packages").json()["items"]
        assert [item["name"] for item in items] == ["deep"], name


def test_a_client_that_leaves_stops_nothing(server: Server, mirror: Clients, upstream: FakeUpstream) -> None:
    one = wheel("left", "1.0")
    upstream.offer(one)
    upstream.gate.clear()

    def leave() -> None:
        try:
            server.call("GET", f"/pypi/default/{mirror.repository}/files/left/{one.filename}", seconds=0.5)
        except OSError:
            pass

    impatient = threading.Thread(target=leave)
    impatient.start()
    wait_for(lambda: upstream.asked[f"/files/{one.filename}"], what="the file is asked for")
    impatient.join()
    upstream.gate.set()
    wait_for(lambda: stored(server, mirror) == ["left"], what="the file is kept")
    assert upstream.asked[f"/files/{one.filename}"] == 1


def test_an_index_cannot_send_us_to_local_files(server: Server, mirror: Clients, upstream: FakeUpstream) -> None:
    entry = {"filename": "spy-1.0.tar.gz", "url": "file:///etc/passwd", "hashes": {}}
    body = {"meta": {"api-version": "1.0"}, "name": "spy", "files": [entry]}
    upstream.answers["/simple/spy/"] = (200, JSON, json.dumps(body).encode())
    assert fetch(server, mirror, "spy", "spy-1.0.tar.gz").status == 502
