"""What holds for every package format: each format that exists is tested, and one without a driver fails."""

import pytest

from registry.formats import all_formats
from tests.lockgate_server import Server
from tests.registry.conftest import account, create_repository
from tests.registry.drivers import DRIVERS, Driver
from tests.registry.fake_upstream import FakeUpstream


@pytest.fixture(params=sorted(all_formats()))
def format_name(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def driver(format_name: str, server: Server) -> Driver:
    return DRIVERS[format_name](server, create_repository(server))


@pytest.fixture
def proxy(format_name: str, server: Server, upstream: FakeUpstream) -> Driver:
    url = f"{upstream.url}/{'simple' if format_name == 'pypi' else format_name}/"
    return DRIVERS[format_name](server, create_repository(server, [{"format": format_name, "url": url}]))


def test_what_is_published_is_seen_at_once(driver: Driver) -> None:
    for version in ("1.0.0", "1.1.0"):
        assert driver.publish("seen", version).status in (200, 201)
        assert version in driver.versions(driver.document("seen"))
        assert driver.file("seen", version).body == driver.content("seen", version)
    head = driver.file("seen", "1.0.0", method="HEAD")
    assert (head.status, int(head.headers["Content-Length"]), head.body) == (200, len(driver.content("seen", "1.0.0")), b"")


def test_a_version_never_changes(driver: Driver) -> None:
    assert driver.publish("fixed", "1.0.0").status in (200, 201)
    before = driver.document("fixed")
    assert driver.publish("fixed", "1.0.0").status == 200
    assert driver.document("fixed").body == before.body
    changed = driver.publish("fixed", "1.0.0", "2")
    assert changed.status in (400, 409)
    assert "already exists" in changed.text
    assert driver.file("fixed", "1.0.0").body == driver.content("fixed", "1.0.0")


def test_nobody_without_a_token_gets_anything(driver: Driver) -> None:
    driver.publish("private", "1.0.0")
    for token in (None, "lgt_wrong"):
        answers = [driver.document("private", token), driver.file("private", "1.0.0", token), driver.publish("private", "1.1.0", token=token)]
        assert [answer.status for answer in answers] == [401, 401, 401]
        assert all(answer.headers["WWW-Authenticate"] for answer in answers)
    assert driver.versions(driver.document("private")) == ["1.0.0"]


def test_a_reader_reads_and_does_not_publish(driver: Driver) -> None:
    driver.publish("private", "1.0.0")
    _, reader = account(driver.server, {"Effect": "Allow", "Action": ["registry:Read"], "Resource": [f"registry/default/{driver.repository}"]})
    _, stranger = account(driver.server, {"Effect": "Allow", "Action": ["registry:*"], "Resource": ["registry/default/other"]})
    assert driver.document("private", reader).status == driver.file("private", "1.0.0", reader).status == 200
    refused = driver.publish("private", "1.1.0", token=reader)
    assert refused.status == 403
    assert "registry:Publish" in refused.text
    assert driver.document("private", stranger).status == driver.file("private", "1.0.0", stranger).status == 403


def test_an_unchanged_document_is_not_sent_again(driver: Driver) -> None:
    driver.publish("etag", "1.0.0")
    first = driver.document("etag")
    assert "Accept" in first.headers["Vary"]
    for _ in range(2):
        same = driver.document("etag", **{"If-None-Match": first.headers["ETag"]})
        assert (same.status, same.body) == (304, b"")
    driver.publish("etag", "1.1.0")
    assert driver.document("etag", **{"If-None-Match": first.headers["ETag"]}).status == 200


def test_parts_of_a_file_are_sent(driver: Driver) -> None:
    driver.publish("parts", "1.0.0")
    data = driver.content("parts", "1.0.0")
    etag = driver.file("parts", "1.0.0").headers["ETag"]
    for asked, got in (("bytes=3-9", data[3:10]), ("bytes=-7", data[-7:]), (f"bytes={len(data) - 2}-", data[-2:])):
        for _ in range(2):
            part = driver.file("parts", "1.0.0", Range=asked)
            assert (part.status, part.body) == (206, got), asked
    assert driver.file("parts", "1.0.0", Range="bytes=3-9", **{"If-Range": etag}).status == 206
    assert driver.file("parts", "1.0.0", Range="bytes=3-9", **{"If-Range": '"other"'}).body == data
    assert driver.file("parts", "1.0.0", Range=f"bytes={len(data)}-").status == 416
    assert driver.file("parts", "1.0.0", **{"If-None-Match": etag}).status == 304


def test_a_yank_is_told_and_taken_back(driver: Driver) -> None:
    driver.publish("yanked", "1.0.0")
    assert driver.yanked(driver.document("yanked"), "1.0.0") == ""
    driver.api("PUT", "yanked", "1.0.0", "/yank", {"reason": "it burns"})
    assert "it burns" in driver.yanked(driver.document("yanked"), "1.0.0")
    assert driver.file("yanked", "1.0.0").status == 200
    driver.api("DELETE", "yanked", "1.0.0", "/yank")
    assert driver.yanked(driver.document("yanked"), "1.0.0") == ""


def test_what_was_deleted_never_comes_back(driver: Driver) -> None:
    driver.publish("gone", "1.0.0")
    driver.publish("gone", "1.1.0")
    assert driver.file("gone", "1.1.0").status == 200
    assert driver.api("DELETE", "gone", "1.1.0").status == 200
    assert driver.versions(driver.document("gone")) == ["1.0.0"]
    assert driver.file("gone", "1.1.0").status == 404
    for code in ("1", "2"):
        again = driver.publish("gone", "1.1.0", code)
        assert again.status == 400
        assert "previously used" in again.text


@pytest.mark.parametrize("name", ["..%2f..%2fetc%2fpasswd", "%2e%2e", "a%00b", "a%5cb", "%ff%fe", "a" * 300, "-", "a%0d%0aX-Evil:1"])
def test_odd_names_are_refused_politely(driver: Driver, name: str) -> None:
    for path in (driver.document_path(name), driver.path(f"files/{name}/x-1.0.tar.gz"), driver.path(f"{name}/-/x-1.0.0.tgz")):
        answer = driver.server.call("GET", path)
        assert 400 <= answer.status < 500, path
        assert "X-Evil" not in answer.headers


def test_an_index_behind_is_served_and_outlived(proxy: Driver, upstream: FakeUpstream) -> None:
    proxy.offer(upstream, "outside", "1.0.0")
    assert proxy.versions(proxy.document("outside")) == ["1.0.0"]
    assert proxy.file("outside", "1.0.0").body == proxy.content("outside", "1.0.0")
    upstream.stop()
    assert proxy.versions(proxy.document("outside")) == ["1.0.0"]
    assert proxy.file("outside", "1.0.0").body == proxy.content("outside", "1.0.0")


def test_repositories_upstream_are_searched(driver: Driver) -> None:
    below = type(driver)(driver.server, create_repository(driver.server, upstreams=[driver.repository]))
    driver.publish("shared", "1.0.0")
    assert below.versions(below.document("shared")) == ["1.0.0"]
    assert below.file("shared", "1.0.0").body == driver.content("shared", "1.0.0")


def test_every_format_tells_how_to_use_it(format_name: str, server: Server) -> None:
    driver = DRIVERS[format_name](server, create_repository(server))
    driver.publish("told", "1.0.0")
    answer = server.call("GET", f"/packages/default/{driver.repository}/{format_name}/told", headers={"Accept": "text/html"})
    assert answer.status == 200
    assert "lockgate login" in answer.text
    assert server.token not in answer.text
