"""The simple repository API as installers read it: forms, redirects, ETags, metadata, ranges."""

import hashlib
import re

from tests.lockgate_server import Answer, Server
from tests.registry.clients import Clients
from tests.registry.conftest import Upload, create_repository
from tests.registry.made import sdist, wheel

JSON = "application/vnd.pypi.simple.v1+json"
PIP = f"{JSON}, application/vnd.pypi.simple.v1+html; q=0.1, text/html; q=0.01"


def get(server: Server, clients: Clients, rest: str, **headers: str) -> Answer:
    return server.call("GET", f"/pypi/default/{clients.repository}/{rest}", headers={k.replace("_", "-"): v for k, v in headers.items()})


def test_html_is_for_who_says_nothing(server: Server, clients: Clients, upload: Upload) -> None:
    one = wheel("forms", "1.0", Requires_Python=">=3.8")
    upload(one)
    page = get(server, clients, "simple/forms/")
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "Accept" in page.headers["Vary"]
    assert f"#sha256={one.sha256}" in page.text
    assert 'data-requires-python="&gt;=3.8"' in page.text
    assert '<meta name="pypi:repository-version" content="1.' in page.text


def test_json_tells_all_about_a_file(server: Server, clients: Clients, upload: Upload) -> None:
    one = wheel("forms", "1.0", Requires_Python=">=3.8")
    upload(one)
    page = get(server, clients, "simple/forms/", Accept=PIP)
    assert page.headers["Content-Type"] == JSON
    [file] = page.json()["files"]
    assert (file["filename"], file["hashes"], file["size"]) == (one.filename, {"sha256": one.sha256}, len(one.data))
    assert file["requires-python"] == ">=3.8"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", file["upload-time"])
    assert file["core-metadata"] == file["data-dist-info-metadata"]
    assert page.json()["versions"] == ["1.0"]
    assert page.json()["meta"]["api-version"].startswith("1.")


def test_names_are_redirected_to_their_normal_form(server: Server, clients: Clients, upload: Upload) -> None:
    upload(wheel("two-words", "1.0"))
    answer = get(server, clients, "simple/Two_Words/")
    assert answer.status == 301
    assert answer.headers["Location"].endswith("/simple/two-words/")


def test_an_unchanged_page_is_not_sent_again(server: Server, clients: Clients, upload: Upload) -> None:
    upload(wheel("etag", "1.0"))
    etag = get(server, clients, "simple/etag/").headers["ETag"]
    assert get(server, clients, "simple/etag/", If_None_Match=etag).status == 304
    upload(wheel("etag", "1.1"))
    assert get(server, clients, "simple/etag/", If_None_Match=etag).status == 200


def test_the_root_lists_every_project(server: Server, clients: Clients, upload: Upload) -> None:
    upload(wheel("first", "1.0"))
    upload(wheel("second", "1.0"))
    names = [p["name"] for p in get(server, clients, "simple/", Accept=PIP).json()["projects"]]
    assert names == ["first", "second"]
    assert 'href="first/"' in get(server, clients, "simple/").text


def test_metadata_is_served_as_advertised(server: Server, clients: Clients, upload: Upload) -> None:
    one = wheel("meta", "1.0")
    upload(one)
    upload(sdist("meta", "1.0"))
    wheel_file, source = get(server, clients, "simple/meta/", Accept=PIP).json()["files"]
    text = server.call("GET", wheel_file["url"] + ".metadata")
    assert text.status == 200
    assert hashlib.sha256(text.body).hexdigest() == wheel_file["core-metadata"]["sha256"]
    assert "Name: meta" in text.text
    assert source["core-metadata"] is False
    assert server.call("GET", source["url"] + ".metadata").status == 404


def test_metadata_is_read_out_of_the_wheel(server: Server, clients: Clients, upload: Upload) -> None:
    one = wheel("inside", "1.0")
    upload(one)
    [listed] = get(server, clients, "simple/inside/", Accept=PIP).json()["files"]
    url, digest = f"{listed['url']}.metadata", listed["core-metadata"]["sha256"]
    assert not (server.data / "blobs" / digest[:2] / digest[2:4] / digest).exists()
    whole = server.call("GET", url)
    assert whole.headers["ETag"] == f'"{digest}"'
    assert server.call("HEAD", url).headers["Content-Length"] == str(len(whole.body))
    part = server.call("GET", url, headers={"Range": "bytes=-10"})
    assert (part.status, part.body) == (206, whole.body[-10:])
    assert server.call("GET", url, headers={"If-None-Match": f'"{digest}"'}).status == 304


def test_parts_of_a_file_can_be_had(server: Server, clients: Clients, upload: Upload) -> None:
    one = wheel("parts", "1.0")
    upload(one)
    path, size = f"files/parts/{one.filename}", len(one.data)
    whole = get(server, clients, path)
    assert (whole.status, whole.body, whole.headers["Accept-Ranges"]) == (200, one.data, "bytes")
    assert "immutable" in whole.headers["Cache-Control"]
    middle = get(server, clients, path, Range="bytes=10-19")
    assert (middle.status, middle.body, middle.headers["Content-Range"]) == (206, one.data[10:20], f"bytes 10-19/{size}")
    assert get(server, clients, path, Range="bytes=-5").body == one.data[-5:]
    assert get(server, clients, path, Range=f"bytes=-{size + 100}").body == one.data
    assert get(server, clients, path, Range=f"bytes={size - 1}-{size + 50}").body == one.data[-1:]
    assert get(server, clients, path, Range=f"bytes={size}-").status == 416
    assert get(server, clients, path, Range="bytes=0-0,5-6").body == one.data
    assert get(server, clients, path, Range="bytes=0-4", If_Range='"other"').body == one.data
    assert get(server, clients, path, If_None_Match=whole.headers["ETag"]).status == 304


def test_a_head_request_tells_the_size(server: Server, clients: Clients, upload: Upload) -> None:
    one = wheel("head", "1.0")
    upload(one)
    answer = server.call("HEAD", f"/pypi/default/{clients.repository}/files/head/{one.filename}")
    assert (answer.status, answer.headers["Content-Length"], answer.body) == (200, str(len(one.data)), b"")


def test_links_lead_to_the_asked_host(server: Server, clients: Clients, upload: Upload) -> None:
    upload(wheel("host", "1.0"))
    page = get(server, clients, "simple/host/", Host="packages.example:8000", Accept=JSON).json()
    assert page["files"][0]["url"].startswith(f"http://packages.example:8000/pypi/default/{clients.repository}/files/host/")


def test_unknown_projects_are_missing(server: Server, clients: Clients) -> None:
    for name in ("nothing", "..%2F..%2Fetc", "-bad-"):
        assert get(server, clients, f"simple/{name}/").status in (400, 404)
    assert get(server, clients, "files/nothing/nothing-1.0.tar.gz").status == 404


def test_pip_passes_a_yanked_version_by(server: Server, clients: Clients, upload: Upload, tmp_path) -> None:
    upload(wheel("yank", "1.0", "version = 1\n"))
    upload(wheel("yank", "1.1", "version = 2\n"))
    path = f"/api/v1/registry/default/{clients.repository}/packages/pypi/yank/versions/1.1/yank"
    assert server.call("PUT", path, {"reason": "broken"}).json()["yanked"] is True
    assert clients.pip_install("yank", tmp_path / "site").returncode == 0
    assert (tmp_path / "site" / "yank.py").read_text() == "version = 1\n"
    assert 'data-yanked="broken"' in get(server, clients, "simple/yank/").text
    server.call("DELETE", path)
    assert clients.pip_install("yank", tmp_path / "again").returncode == 0
    assert (tmp_path / "again" / "yank.py").read_text() == "version = 2\n"


def test_deleted_file_names_stay_spent(server: Server, clients: Clients, upload: Upload) -> None:
    upload(wheel("gone", "1.0"))
    path = f"/api/v1/registry/default/{clients.repository}/packages/pypi/gone/versions/1.0"
    assert server.call("DELETE", path).status == 200
    assert get(server, clients, "simple/gone/", Accept=JSON).json()["files"] == []
    answer = upload(wheel("gone", "1.0"))
    assert answer.status == 400
    assert "previously used" in answer.text


def test_upstream_repositories_are_searched_too(server: Server, clients: Clients, upload: Upload) -> None:
    below = create_repository(server, upstreams=[clients.repository])
    one = wheel("shared", "1.0")
    upload(one)
    page = server.call("GET", f"/pypi/default/{below}/simple/shared/", headers={"Accept": JSON}).json()
    assert server.call("GET", page["files"][0]["url"]).body == one.data
    assert f"/{below}/" in page["files"][0]["url"]


def test_pages_of_other_origins_may_read_the_index(server: Server, clients: Clients, upload: Upload) -> None:
    upload(wheel("crossed", "1.0"))
    base = f"/pypi/default/{clients.repository}"
    for path in (f"{base}/simple/", f"{base}/simple/crossed/", f"{base}/pypi/crossed/json"):
        asked = server.call("OPTIONS", path, token=None, headers={"Origin": "https://elsewhere.example", "Access-Control-Request-Method": "GET"})
        assert asked.status == 204, path
        assert "Authorization" in asked.headers["Access-Control-Allow-Headers"]
        answer = server.call("GET", path)
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        assert "Access-Control-Allow-Credentials" not in answer.headers
        same = server.call("GET", path, headers={"If-None-Match": answer.headers["ETag"]})
        assert (same.status, same.headers["X-PyPI-Last-Serial"]) == (304, answer.headers["X-PyPI-Last-Serial"])
        before = int(answer.headers["X-PyPI-Last-Serial"])
        upload(wheel("crossed", f"1.0.{before}", path))
        assert int(server.call("GET", path).headers["X-PyPI-Last-Serial"]) > before
    assert "Access-Control-Allow-Origin" not in server.call("GET", f"/packages/default/{clients.repository}").headers
