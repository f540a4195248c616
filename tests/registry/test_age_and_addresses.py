"""What an external index may not do: bring what is too young, lead inside, drip, or hold up who has a copy."""

import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from registry.catalog import Connection
from registry.upstream import addresses, documents, http
from registry.upstream.documents import Said
from registry.upstream.http import LeadsInside, UpstreamDown
from service.kernel.site import Settings, Site
from service.migrate import migrate
from service.start import open_site
from tests.lockgate_server import Server
from tests.registry.conftest import account, create_repository
from tests.registry.fake_upstream import FakeUpstream
from tests.registry.made import form, npm_tarball, wheel

JSON = "application/vnd.pypi.simple.v1+json"


def versions(server: Server, repository: str, name: str) -> list[str]:
    return server.call("GET", f"/pypi/default/{repository}/simple/{name}/", headers={"Accept": JSON}).json()["versions"]


@pytest.fixture
def guarded(server: Server, upstream: FakeUpstream) -> str:
    """A repository whose versions from outside must be two days old."""
    connections = [{"format": "pypi", "url": f"{upstream.url}/simple/"}, {"format": "npm", "url": f"{upstream.url}/npm/"}]
    return create_repository(server, connections, minimum_age_hours=48)


def test_young_versions_are_held_back_on_page_and_file(server: Server, guarded: str, upstream: FakeUpstream) -> None:
    young, file = wheel("fresh", "1.0"), f"/pypi/default/{guarded}/files/fresh/fresh-1.0-py3-none-any.whl"
    upstream.offer(young, **{"upload-time": datetime.now(UTC).isoformat()})
    assert versions(server, guarded, "fresh") == []
    answer = server.call("GET", file)
    assert answer.status == 403
    assert "48 h" in answer.text
    assert upstream.asked["/files/fresh-1.0-py3-none-any.whl"] == 0
    package = f"/api/v1/registry/default/{guarded}/packages/pypi/fresh/age-exception"
    assert server.call("POST", package, {"version": "1.0", "reason": ""}).status in (400, 422)
    assert server.call("POST", package, {"version": "1.0.0", "reason": "fixes our outage"}).status == 200
    assert (versions(server, guarded, "fresh"), server.call("GET", file).status) == (["1.0"], 200)
    assert "fixes our outage" in server.call("GET", "/audit", headers={"Accept": "text/html"}).text
    assert server.call("POST", f"{package}/withdraw", {}).json() == {"withdrawn": 1}
    assert (versions(server, guarded, "fresh"), server.call("GET", file).status) == ([], 403)


def test_old_versions_pass_and_undated_ones_do_not(server: Server, guarded: str, upstream: FakeUpstream) -> None:
    upstream.offer(wheel("old", "1.0"))
    upstream.offer(wheel("undated", "1.0"), **{"upload-time": None})
    assert versions(server, guarded, "old") == ["1.0"]
    assert versions(server, guarded, "undated") == []
    assert server.call("GET", f"/pypi/default/{guarded}/files/undated/undated-1.0-py3-none-any.whl").status == 403


def test_a_version_from_outside_is_not_published_again(server: Server, upstream: FakeUpstream) -> None:
    repository = create_repository(server, [{"format": "pypi", "url": f"{upstream.url}/simple/"}])
    theirs = wheel("mixed", "1.0")
    upstream.offer(theirs, wheel("mixed", "1.1"))
    assert server.call("GET", f"/pypi/default/{repository}/files/mixed/{theirs.filename}").status == 200
    path = f"/api/v1/registry/default/{repository}/packages/pypi/mixed/origins"
    assert server.call("PUT", path, {"publish": "ALLOW", "upstream": "ALLOW"}).status == 200
    sent = {}
    for version in ("1.1.0", "2.0"):
        headers, body = form(wheel("mixed", version))
        sent[version] = server.call("POST", f"/pypi/default/{repository}/", headers=headers, body=body)
    assert (sent["1.1.0"].status, sent["2.0"].status) == (409, 200)
    assert "already exists in an external index" in sent["1.1.0"].text


def test_npm_holds_young_versions_back_too(server: Server, guarded: str, upstream: FakeUpstream) -> None:
    upstream.offer_npm("aged", "1.0.0", npm_tarball("aged", "1.0.0"))
    assert set(server.call("GET", f"/npm/default/{guarded}/aged").json()["versions"]) == {"1.0.0"}
    server.call("PATCH", f"/api/v1/registry/default/{guarded}", {"minimum_age_hours": 24 * 366})
    upstream.offer_npm("young", "1.0.0", npm_tarball("young", "1.0.0"))
    status, kind, body = upstream.answers["/npm/young"]
    upstream.answers["/npm/young"] = (status, kind, body.replace(b"2024-05-06", datetime.now(UTC).date().isoformat().encode()))
    packument = server.call("GET", f"/npm/default/{guarded}/young")
    assert not packument.json().get("versions"), packument.text
    assert server.call("GET", f"/npm/default/{guarded}/young/-/young-1.0.0.tgz").status == 403


def test_only_administrators_connect_internal_addresses(server: Server, upstream: FakeUpstream) -> None:
    _, owner = account(server, {"Effect": "Allow", "Action": ["registry:*"], "Resource": ["*"]})
    for url in (f"{upstream.url}/simple/", "http://169.254.169.254/", "http://[::1]/", "http://localhost:1/"):
        body = {"name": f"ssrf-{upstream.port}", "connections": [{"format": "pypi", "url": url}]}
        answer = server.call("POST", "/api/v1/registry", body, token=owner)
        assert answer.status == 403, url
        assert "internal address" in answer.text
    body["connections"][0]["url"] = "http://169.254.169.254/latest/"
    assert server.call("POST", "/api/v1/registry", body).status == 403
    name = create_repository(server, [{"format": "pypi", "url": f"{upstream.url}/simple/"}])
    assert server.call("GET", f"/api/v1/registry/default/{name}").json()["connections"][0]["private"] is True


@pytest.mark.anydb
def test_a_public_connection_sends_nothing_inside(upstream: FakeUpstream) -> None:
    upstream.offer(wheel("inner", "1.0"))
    for host in ("127.0.0.1", "localhost"):
        url = f"http://{host}:{upstream.port}/simple/"
        with pytest.raises(LeadsInside):
            http.get(Connection("pypi", url), f"{url}inner/")
    assert not upstream.asked


@pytest.mark.anydb
def test_no_redirect_leads_to_cloud_credentials(upstream: FakeUpstream) -> None:
    upstream.redirects["/simple/x/"] = "http://169.254.169.254/latest/meta-data/"
    url = f"{upstream.url}/simple/"
    with pytest.raises(LeadsInside):
        http.get(Connection("pypi", url, private=True), f"{url}x/")


@pytest.mark.anydb
@pytest.mark.parametrize(("address", "public", "private"), [
    ("10.1.2.3", False, True), ("192.168.0.1", False, True), ("127.0.0.1", False, True), ("fd00::1", False, True), ("::1", False, True),
    ("169.254.169.254", False, False), ("fe80::1%eth0", False, False), ("0.0.0.0", False, False), ("224.0.0.1", False, False),
    ("::ffff:10.0.0.1", False, True), ("::ffff:169.254.169.254", False, False), ("93.184.216.34", True, True), ("100.64.0.1", False, True),
])
def test_addresses_are_public_private_or_neither(address: str, public: bool, private: bool) -> None:
    assert addresses.allowed(address, private=False) is public
    assert addresses.allowed(address, private=True) is private


@pytest.mark.anydb
def test_a_dripping_index_is_given_up(upstream: FakeUpstream) -> None:
    upstream.offer(wheel("slow", "1.0"))
    upstream.drips = True
    began = time.monotonic()
    remote = http.get(Connection("pypi", upstream.url, private=True), f"{upstream.url}/simple/slow/", seconds=0.3)
    with remote, pytest.raises(UpstreamDown):
        http.read_whole(remote, 10**9)
    assert time.monotonic() - began < 5


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    (tmp_path / "run").mkdir()
    opened = open_site(Settings(data=tmp_path))
    migrate(opened.db.writer)
    yield opened
    opened.db.close()


@pytest.mark.anydb
def test_a_slow_index_never_blocks_what_is_here(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documents, "PATIENCE_SECONDS", 0.1)
    connection, release, asked = Connection("pypi", "http://slow.example/"), threading.Event(), threading.Event()
    first = documents.get(site, connection, "x", lambda _: Said({"n": 1}))

    def slow(_etag: str) -> Said:
        asked.set()
        release.wait(30)
        return Said({"n": 2})

    for _ in range(3):
        kept = documents.get(site, connection, "x", slow, fresh_seconds=0)
        assert kept == first
        assert kept is not None
        assert kept.load(site) == {"n": 1}
    assert asked.is_set()
    release.set()
    monkeypatch.setattr(documents, "PATIENCE_SECONDS", 20.0)
    newer = documents.get(site, connection, "x", slow, fresh_seconds=0)
    assert newer is not None
    assert newer.load(site) == {"n": 2}


@pytest.mark.anydb
def test_a_first_answer_is_kept_for_who_comes_later(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documents, "FIRST_PATIENCE_SECONDS", 0.1)
    connection, release = Connection("pypi", "http://late.example/"), threading.Event()
    calls: list[str] = []

    def late(etag: str) -> Said:
        calls.append(etag)
        release.wait(30)
        return Said({"n": 1})

    for _ in range(2):
        with pytest.raises(UpstreamDown, match=r"late\.example"):
            documents.get(site, connection, "x", late)
    release.set()
    monkeypatch.setattr(documents, "FIRST_PATIENCE_SECONDS", 20.0)
    came = documents.get(site, connection, "x", late)
    assert came is not None
    assert came.load(site) == {"n": 1}
    assert calls == [""]
