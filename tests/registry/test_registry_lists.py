"""Lists and descriptions of package repositories, packages, versions, assets and groups, filtered and a page at a time."""

import secrets
from typing import Any

from tests.lockgate_server import Server
from tests.registry.clients import Clients
from tests.registry.conftest import Upload, create_repository
from tests.registry.fake_upstream import FakeUpstream
from tests.registry.made import npm_document, npm_tarball, sdist, wheel


def listed(server: Server, path: str, key: str = "name") -> list[Any]:
    """Every page, one item at a time."""
    found, cursor, mark = [], "", "&" if "?" in path else "?"
    while True:
        page = server.call("GET", f"{path}{mark}limit=1&cursor={cursor}").json()
        found += [item[key] for item in page["items"]]
        if page["next"] is None:
            return found
        assert len(page["items"]) == 1
        cursor = str(page["next"]).replace(" ", "%20").replace("+", "%2B")


def publish_npm(server: Server, where: str, name: str, version: str = "1.0.0", **manifest: Any) -> None:
    document = npm_document(name, version, npm_tarball(name, version))
    document["versions"][version] |= manifest
    assert server.call("PUT", f"/npm/default/{where}/{name.replace('/', '%2f')}", document).status == 201


def test_packages_are_listed_by_what_they_are(server: Server, clients: Clients, upload: Upload) -> None:
    for name in ("@types/react", "@types-old/react", "@team/ui", "path"):
        publish_npm(server, clients.repository, name)
    for name in ("path-tools", "pa_th"):
        upload(wheel(name, "1.0"))
    path = f"/api/v1/registry/default/{clients.repository}/packages"
    assert listed(server, path) == ["pa_th", "path", "path-tools", "@types/react", "@types-old/react", "@team/ui"]
    assert listed(server, f"{path}?format=npm&namespace=types") == ["@types/react", "@types-old/react"]
    assert listed(server, f"{path}?format=npm&namespace=@team") == ["@team/ui"]
    assert listed(server, f"{path}?prefix=path") == ["path", "path-tools"]
    assert listed(server, f"{path}?prefix=pa_") == []
    server.call("PUT", f"{path}/npm/path/origins", {"publish": "BLOCK", "upstream": "ALLOW"})
    assert listed(server, f"{path}?publish=BLOCK") == listed(server, f"{path}?upstream=ALLOW&format=npm") == ["path"]
    assert server.call("GET", f"{path}?format=npm&namespace=types").json()["items"][0]["namespace"] == "types"
    for wrong in ("namespace=types", "publish=MAYBE", "cursor=x", "limit=0"):
        assert server.call("GET", f"{path}?{wrong}").status in (400, 422), wrong


def test_versions_are_listed_by_origin_and_time(server: Server, mirror: Clients, upstream: FakeUpstream, upload: Upload) -> None:
    upstream.offer(wheel("both", "1.0"))
    assert server.call("GET", f"/pypi/default/{mirror.repository}/files/both/both-1.0-py3-none-any.whl").status == 200
    api = f"/api/v1/registry/default/{mirror.repository}"
    server.call("PUT", f"{api}/packages/pypi/both/origins", {"publish": "ALLOW", "upstream": "ALLOW"})
    for version in ("2.0", "1.5"):
        assert upload(wheel("both", version), repository=mirror.repository).status == 200
    path = f"{api}/versions?format=pypi&package=both"
    assert listed(server, path, "version") == ["2.0", "1.5", "1.0"]
    assert listed(server, f"{path}&order=published", "version")[:2] == ["1.5", "2.0"]
    assert listed(server, f"{path}&origin=external", "version") == ["1.0"]
    told = server.call("GET", path).json()
    assert (told["format"], told["namespace"], told["package"], told["default_version"]) == ("pypi", None, "both", "1.5")
    outside = server.call("GET", f"{api}/packages/pypi/both/versions/1.0").json()
    assert outside["entry_point"] == {"repository": mirror.repository, "connection": f"{upstream.url}/simple/"}
    for wrong in ("origin=mars", "order=size", "status=Gone", "cursor=9.9"):
        assert server.call("GET", f"{path}&{wrong}").status == 400, wrong


def test_a_version_is_described(server: Server, clients: Clients, upload: Upload) -> None:
    publish_npm(
        server, clients.repository, "@team/ui", description="Buttons.", homepage="https://ui.example/", license="MIT",
        repository={"type": "git", "url": "git+https://git.example/ui.git"}, dependencies={"@team/base": "^1.0.0"}, devDependencies={"tap": "1"},
    )
    path = f"/api/v1/registry/default/{clients.repository}/packages/npm/@team/ui/versions/1.0.0"
    told = server.call("GET", path).json()
    assert {key: told[key] for key in ("format", "namespace", "package", "display_name", "summary", "home_page", "source_repository", "licences")} == {
        "format": "npm", "namespace": "team", "package": "ui", "display_name": "@team/ui", "summary": "Buttons.", "home_page": "https://ui.example/",
        "source_repository": "https://git.example/ui.git", "licences": ["MIT"],
    }
    needed = server.call("GET", f"{path}/dependencies").json()
    assert needed["revision"] == told["revision"]
    assert [(one["namespace"], one["package"], one["version_requirement"], one["kind"]) for one in needed["items"]] == [
        ("team", "base", "^1.0.0", "regular"), (None, "tap", "1", "dev"),
    ]
    event = server.call("GET", f"/api/v1/registry/default/{clients.repository}/events").json()["items"][0]
    assert (event["namespace"], event["package"], event["sequence"]) == ("team", "@team/ui", 1)
    upload(wheel("told", "1.0", Project_URL="Source, https://git.example/told", License_Expression="MIT", Home_page="https://told.example/"))
    python = server.call("GET", f"/api/v1/registry/default/{clients.repository}/packages/pypi/told/versions/1.0").json()
    assert (python["licences"], python["source_repository"], python["home_page"]) == (["MIT"], "https://git.example/told", "https://told.example/")


def test_an_asset_is_downloaded_without_a_client(server: Server, clients: Clients, upload: Upload) -> None:
    one, other = wheel("loaded", "1.0"), sdist("loaded", "1.0")
    for file in (one, other, wheel("loaded", "2.0")):
        upload(file)
    package = f"/api/v1/registry/default/{clients.repository}/packages/pypi/loaded"
    assert listed(server, f"{package}/versions/1.0/assets") == [one.filename, other.filename]
    got = server.call("GET", f"{package}/versions/1.0/assets/{one.filename}")
    assert got.body == one.data
    assert got.headers["X-Package-Version-Revision"] == server.call("GET", f"{package}/versions/1.0").json()["revision"]
    for missing in ("versions/2.0/assets/" + one.filename, "versions/1.0/assets/none.whl"):
        assert server.call("GET", f"{package}/{missing}").status == 404
    below = create_repository(server, upstreams=[clients.repository])
    assert server.call("GET", f"/api/v1/registry/default/{below}/packages/pypi/loaded/versions/1.0/assets/{one.filename}").status == 404
    server.call("PUT", f"{package}/project-status", {"status": "quarantined"})
    withheld = server.call("GET", f"{package}/versions/1.0/assets/{one.filename}")
    assert withheld.status == 403
    assert "quarantined" in withheld.text
    server.call("PUT", f"{package}/project-status", {"status": "active"})
    server.call("POST", f"{package}/status", {"status": "Archived", "versions": ["1.0"]})
    assert server.call("GET", f"{package}/versions/1.0/assets/{one.filename}").status == 404


def test_repositories_are_listed_with_their_endpoints(server: Server) -> None:
    domain = f"d{secrets.token_hex(4)}"
    for name in ("app", "app-next", "base"):
        server.call("POST", "/api/v1/registry", {"domain": domain, "name": name})
    assert listed(server, f"/api/v1/registry?domain={domain}") == ["app", "app-next", "base"]
    assert listed(server, f"/api/v1/registry?domain={domain}&prefix=app") == ["app", "app-next"]
    told = server.call("GET", f"/api/v1/registry/{domain}/app").json()["endpoints"]
    assert told["npm"] == f"{server.url}/npm/{domain}/app/"
    assert server.call("GET", f"{told['pypi']}simple/").status == 200


def test_groups_are_listed_below_another(server: Server) -> None:
    domain = f"d{secrets.token_hex(4)}"
    for name in ("one", "two"):
        server.call("POST", "/api/v1/registry", {"domain": domain, "name": name})
    path = f"/api/v1/domains/{domain}/groups"
    for pattern in ("/npm/*", "/npm/team/*", "/npm/team/ui~", "/pypi/*"):
        assert server.call("POST", path, {"pattern": pattern}).json()["pattern"] == pattern
    assert listed(server, path, "pattern") == ["/*", "/npm/*", "/npm/team/*", "/npm/team/ui~", "/pypi/*"]
    assert listed(server, f"{path}?prefix=/npm/team", "pattern") == ["/npm/team/*", "/npm/team/ui~"]
    assert listed(server, f"{path}?within=/*", "pattern") == ["/npm/*", "/pypi/*"]
    assert server.call("GET", f"{path}/described?pattern=/npm/team/ui~").json()["parent"] == "/npm/team/*"
    assert server.call("GET", f"{path}/described?pattern=/maven/*").status == 404
    grow = {"pattern": "/npm/*", "add_repositories": {"PUBLISH": ["one", "two"]}}
    refused = server.call("PATCH", path, grow)
    assert refused.status == 400
    assert "ALLOW_SPECIFIC_REPOSITORIES first" in refused.text
    server.call("PATCH", path, {"pattern": "/npm/*", "restrictions": {"PUBLISH": {"mode": "ALLOW_SPECIFIC_REPOSITORIES"}}})
    assert server.call("PATCH", path, grow).json()["restrictions"]["PUBLISH"]["repositories"] == ["one", "two"]
    shrink = {"pattern": "/npm/*", "remove_repositories": {"PUBLISH": ["one"]}}
    assert server.call("PATCH", path, shrink).json()["restrictions"]["PUBLISH"]["repositories"] == ["two"]
    assert server.call("PATCH", path, {"pattern": "/npm/*", "add_repositories": {"PUBLISH": ["nowhere"]}}).status == 400
