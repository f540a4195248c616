"""Managing the registry over the API, and its pages as a browser gets them."""

import re
from collections.abc import Callable

import pytest

from tests.lockgate_server import Answer, Server
from tests.registry.clients import Clients
from tests.registry.conftest import Upload, create_repository
from tests.registry.made import npm_document, npm_tarball, wheel

HTML = {"Accept": "text/html"}


@pytest.fixture
def browse(server: Server) -> Callable[[str], Answer]:
    return lambda path: server.call("GET", path, headers=HTML)


def test_a_first_start_offers_the_agent(server: Server) -> None:
    place = server.call("GET", "/api/v1/registry/default/main").json()
    assert {c["format"] for c in place["connections"]} >= {"pypi"}
    agent = server.call("GET", "/api/v1/registry/default/main/packages/pypi/lockgate-agent").json()
    assert agent["origins"] == {"publish": "ALLOW", "upstream": "BLOCK"}
    [version] = agent["versions"]
    assert version["origin"] == "internal"


def test_the_agent_installs_from_here(server: Server, clients: Clients, tmp_path) -> None:
    index = Clients(clients.home, server.url, "main", server.token)
    done = index.pip_install("lockgate-agent", tmp_path / "site")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "site" / "bin" / "lockgate-agent").exists()


def test_repositories_are_made_changed_and_listed(server: Server) -> None:
    first, second = create_repository(server), create_repository(server)
    path = f"/api/v1/registry/default/{second}"
    changed = server.call("PATCH", path, {"upstreams": [first], "description": "ours"}).json()
    assert (changed["upstreams"], changed["description"]) == ([first], "ours")
    assert {first, second} <= {item["name"] for item in server.call("GET", "/api/v1/registry").json()["items"]}
    assert server.call("POST", "/api/v1/registry", {"name": first}).status == 409
    assert server.call("PATCH", path, {"upstreams": ["nowhere"]}).status == 400
    assert server.call("POST", "/api/v1/registry", {"name": "../x"}).status == 400


def test_passwords_of_connections_stay_secret(server: Server) -> None:
    url = "http://user:hush@127.0.0.1:9/simple/"
    name = create_repository(server, [{"format": "pypi", "url": url}])
    assert "hush" not in server.call("GET", f"/api/v1/registry/default/{name}").text
    assert "hush" not in server.call("GET", f"/packages/default/{name}", headers=HTML).text
    assert "hush" not in server.call("GET", f"/pypi/default/{name}/simple/x/").text


def test_versions_and_assets_are_told(server: Server, clients: Clients, upload: Upload) -> None:
    one = wheel("told", "1.0")
    upload(one)
    path = f"/api/v1/registry/default/{clients.repository}/packages/pypi/told/versions/1.0.0"
    answer = server.call("GET", path).json()
    assert answer["assets"][0]["hashes"]["sha256"] == one.sha256
    assert answer["details"]["summary"] == "told for tests"
    document = npm_document("@team/told", "1.0.0", npm_tarball("@team/told", "1.0.0"))
    assert server.call("PUT", f"/npm/default/{clients.repository}/@team%2ftold", document).status == 201
    path = f"/api/v1/registry/default/{clients.repository}/packages/npm/@team/told"
    assert server.call("GET", path).json()["tags"] == {"latest": "1.0.0"}
    assert server.call("GET", f"{path}/versions/1.0.0").json()["version"] == "1.0.0"


def test_strangers_see_no_repository(server: Server, clients: Clients) -> None:
    nobody = server.new_account(f"nobody-{clients.repository}", [])
    assert server.call("GET", "/api/v1/registry", token=nobody).json()["items"] == []
    for path in (f"/api/v1/registry/default/{clients.repository}", f"/pypi/default/{clients.repository}/simple/"):
        assert server.call("GET", path, token=nobody).status == 403


def test_package_lists_go_on(server: Server, clients: Clients, upload: Upload, browse: Callable[[str], Answer]) -> None:
    for number in range(3):
        upload(wheel(f"many-{number}", "1.0"))
    listing = server.call("GET", f"/api/v1/registry/default/{clients.repository}/packages?q=many").json()
    assert [item["name"] for item in listing["items"]] == ["many-0", "many-1", "many-2"]
    page = browse(f"/packages?q=many-1&repository=default/{clients.repository}")
    assert "many-1" in page.text
    assert "many-2" not in page.text


def test_the_package_page_says_how_to_install(server: Server, clients: Clients, upload: Upload, browse: Callable[[str], Answer]) -> None:
    one = wheel("shown", "1.0", Requires_Dist="iniconfig>=2")
    upload(one)
    page = browse(f"/packages/default/{clients.repository}/pypi/shown")
    assert page.status == 200
    for text in ("pip install shown==1.0", f"127.0.0.1:{server.port}", clients.repository, "iniconfig&gt;=2", one.sha256[:16], "shown for tests"):
        assert text in page.text, text
    assert server.token not in page.text
    [link] = re.findall(r'href="(/packages/[^"]+\.whl)"', page.text)
    assert server.call("GET", link).body == one.data


def test_the_package_page_lists_versions_by_status(server: Server, clients: Clients, upload: Upload, browse: Callable[[str], Answer]) -> None:
    for number in range(52):  # one page holds fifty
        upload(wheel("counted", f"1.{number}"))
    page = f"/packages/default/{clients.repository}/pypi/counted"
    first = browse(page).text
    [onward] = re.findall(r'rel="next" href="([^"]+)"', first)
    rest = browse(onward.replace("&amp;", "&").partition("#")[0]).text
    assert f'href="{page}?version=1.1"' in rest
    assert f'href="{page}?version=1.51"' not in rest.partition('id="versions"')[2]
    path = f"/api/v1/registry/default/{clients.repository}/packages/pypi/counted/status"
    server.call("POST", path, {"versions": ["1.7"], "status": "Unlisted"})
    listed = browse(f"{page}?status=Unlisted").text.partition('id="versions"')[2]
    assert f'href="{page}?version=1.7"' in listed
    assert f'href="{page}?version=1.8"' not in listed
    assert browse(f"{page}?status=Gone").status == 400


def test_readmes_cannot_run_scripts(server: Server, clients: Clients, upload: Upload, browse: Callable[[str], Answer]) -> None:
    evil = "<script>alert(1)</script><img src=x onerror=alert(1)>[x](javascript:alert(1))"
    upload(wheel("evil-readme", "1.0", Description_Content_Type="text/markdown", Description=evil))
    answer = browse(f"/packages/default/{clients.repository}/pypi/evil-readme")
    assert answer.status == 200
    page = answer.text
    assert "<script>alert" not in page
    assert "onerror" not in re.sub(r"&lt;.*?&gt;", "", page)
    assert 'href="javascript' not in page


def test_the_npm_page_knows_scopes(server: Server, clients: Clients, browse: Callable[[str], Answer]) -> None:
    document = npm_document("@team/shown", "1.0.0", npm_tarball("@team/shown", "1.0.0"))
    document["readme"] = "# A heading of mine"
    assert server.call("PUT", f"/npm/default/{clients.repository}/@team%2fshown", document).status == 201
    page = browse(f"/packages/default/{clients.repository}/npm/@team/shown")
    for text in ("npm install @team/shown@1.0.0", "A heading of mine", "@team:registry="):
        assert text in page.text, text


def test_the_repository_page_explains_names(clients: Clients, browse: Callable[[str], Answer]) -> None:
    page = browse(f"/packages/default/{clients.repository}").text
    assert "twine upload --repository lockgate" in page
    assert "dependency confusion" in page


def test_missing_packages_are_a_page(clients: Clients, browse: Callable[[str], Answer]) -> None:
    assert browse(f"/packages/default/{clients.repository}/pypi/nothing").status == 404
    assert browse(f"/packages/default/{clients.repository}/cobol/nothing").status == 404
    assert browse("/packages/default/nowhere").status == 404


def test_publishing_is_on_record(server: Server, clients: Clients, upload: Upload) -> None:
    upload(wheel("recorded", "1.0"))
    page = server.call("GET", "/audit", headers=HTML)
    assert page.status == 200
    assert clients.repository in page.text
