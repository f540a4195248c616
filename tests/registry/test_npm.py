"""npm packages with the real npm, and what a publication can have wrong."""

import base64
import json
from pathlib import Path

import pytest

from tests.lockgate_server import Answer, Server
from tests.registry.clients import Clients
from tests.registry.made import npm_document, npm_tarball, tar_gz

SHORT = {"Accept": "application/vnd.npm.install-v1+json; q=1.0, application/json; q=0.8, */*"}


def project(folder: Path, name: str, version: str, code: str = "module.exports = 42\n", **more: object) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "package.json").write_text(json.dumps({"name": name, "version": version, "description": "for tests", **more}))
    (folder / "index.js").write_text(code)
    (folder / "README.md").write_text("# For tests\n")
    return folder


def put(server: Server, clients: Clients, name: str, document: object, token: str | None = "") -> Answer:
    return server.call("PUT", f"/npm/default/{clients.repository}/{name}", document, token=token)


def packument(server: Server, clients: Clients, name: str, **headers: str) -> Answer:
    return server.call("GET", f"/npm/default/{clients.repository}/{name}", headers=headers)


def test_npm_installs_what_npm_published(clients: Clients, tmp_path: Path) -> None:
    sent = clients.npm("publish", cwd=project(tmp_path / "p", "hello-reg", "1.0.0"))
    assert sent.returncode == 0, sent.stderr
    done = clients.npm("install", "hello-reg", cwd=project(tmp_path / "user", "user", "1.0.0"))
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "user/node_modules/hello-reg/index.js").read_text() == "module.exports = 42\n"
    lock = json.loads((tmp_path / "user/package-lock.json").read_text())
    assert lock["packages"]["node_modules/hello-reg"]["integrity"].startswith("sha512-")


def test_scoped_packages_work_in_every_spelling(clients: Clients, tmp_path: Path, server: Server) -> None:
    sent = clients.npm("publish", "--access", "public", cwd=project(tmp_path / "p", "@team/hello", "1.0.0"))
    assert sent.returncode == 0, sent.stderr
    for spelling in ("@team/hello", "@team%2fhello", "@team%2Fhello", "%40team%2fhello"):
        answer = packument(server, clients, spelling)
        assert (answer.status, answer.json()["name"]) == (200, "@team/hello"), spelling
    assert clients.npm("install", "@team/hello", cwd=project(tmp_path / "user", "user", "1.0.0")).returncode == 0
    assert (tmp_path / "user/node_modules/@team/hello/index.js").exists()


def test_npm_commands_are_answered(clients: Clients, tmp_path: Path) -> None:
    folder = project(tmp_path / "p", "tools", "1.0.0")
    assert clients.npm("publish", cwd=folder).returncode == 0
    assert clients.npm("whoami").stdout.strip() == "admin"
    assert clients.npm("ping").returncode == 0
    assert clients.npm("dist-tag", "add", "tools@1.0.0", "beta").returncode == 0
    assert "beta: 1.0.0" in clients.npm("dist-tag", "ls", "tools").stdout
    assert clients.npm("dist-tag", "rm", "tools", "beta").returncode == 0
    assert clients.npm("deprecate", "tools@1.0.0", "use another").returncode == 0
    assert clients.npm("view", "tools", "deprecated").stdout.strip() == "use another"
    assert "tools" in clients.npm("search", "tools").stdout


def test_an_audit_never_says_zero(clients: Clients, tmp_path: Path) -> None:
    assert clients.npm("publish", cwd=project(tmp_path / "p", "audited", "1.0.0")).returncode == 0
    user = project(tmp_path / "user", "user", "1.0.0")
    assert clients.npm("install", "audited", cwd=user).returncode == 0
    audit = clients.npm("audit", cwd=user)
    assert audit.returncode != 0
    assert "no vulnerability data" in audit.stdout + audit.stderr


def test_the_same_tarball_again_is_a_success(server: Server, clients: Clients) -> None:
    document = npm_document("twice", "1.0.0", npm_tarball("twice", "1.0.0"))
    assert put(server, clients, "twice", document).status == 201
    assert put(server, clients, "twice", document).status == 200


def test_another_tarball_is_a_conflict(server: Server, clients: Clients) -> None:
    assert put(server, clients, "other", npm_document("other", "1.0.0", npm_tarball("other", "1.0.0"))).status == 201
    again = put(server, clients, "other", npm_document("other", "1.0.0", npm_tarball("other", "1.0.0", "changed")))
    assert again.status == 409
    assert "already exists" in again.json()["error"]


def test_npm_says_that_a_version_exists(clients: Clients, tmp_path: Path) -> None:
    assert clients.npm("publish", cwd=project(tmp_path / "p", "again", "1.0.0")).returncode == 0
    again = clients.npm("publish", cwd=project(tmp_path / "p", "again", "1.0.0", "changed"))
    assert again.returncode != 0
    assert "previously published" in again.stderr


def test_npm_shows_why_a_token_is_refused(clients: Clients, tmp_path: Path) -> None:
    folder = project(tmp_path / "p", "secret", "1.0.0")
    wrong = clients.npm("publish", cwd=folder, token="lgt_wrong")
    assert wrong.returncode != 0
    assert "E401" in wrong.stderr
    missing = clients.npm("publish", cwd=folder, token=None)
    assert missing.returncode != 0
    assert "ENEEDAUTH" in missing.stderr


def test_readers_may_not_publish_to_npm(server: Server, clients: Clients) -> None:
    policy = [{"Effect": "Allow", "Action": ["registry:Read"], "Resource": ["registry/*"]}]
    reader = server.new_account(f"npm-reader-{clients.repository}", policy)
    answer = put(server, clients, "x", npm_document("x", "1.0.0", npm_tarball("x", "1.0.0")), token=reader)
    assert answer.status == 403
    assert "registry:Publish" in answer.json()["error"]


@pytest.mark.parametrize("name", ["..%2Fevil", "@..%2Fevil", ".evil", "Evil", "node_modules", "@team%2f..%2fevil", "ev%20il"])
def test_bad_names_are_refused(server: Server, clients: Clients, name: str) -> None:
    answer = put(server, clients, name, npm_document("evil", "1.0.0", npm_tarball("evil", "1.0.0")))
    assert answer.status == 400, answer.text


def broken(change: str) -> dict[str, object]:
    tarball = npm_tarball("evil", "1.0.0")
    document = npm_document("evil", "1.0.0", tarball)
    [attachment] = document["_attachments"].values()
    dist = document["versions"]["1.0.0"]["dist"]
    if change == "shasum":
        dist["shasum"] = "0" * 40
    elif change == "integrity":
        dist["integrity"] = "sha512-" + base64.b64encode(bytes(64)).decode()
    elif change == "length":
        attachment["length"] += 1
    elif change == "base64":
        attachment["data"] = attachment["data"][:-7] + "!"
    elif change == "cut":
        cut = tarball[: len(tarball) // 2]
        document = npm_document("evil", "1.0.0", cut)
    elif change == "traversal":
        escaping = tar_gz({"package/package.json": b'{"name":"evil","version":"1.0.0"}', "package/../../x": b"x"})
        document = npm_document("evil", "1.0.0", escaping)
    elif change == "other package":
        document = npm_document("evil", "1.0.0", npm_tarball("good", "1.0.0"))
    elif change == "version":
        document = npm_document("evil", "1.0", npm_tarball("evil", "1.0"))
    elif change == "tag":
        document["dist-tags"] = {"1.2.3": "1.0.0"}
    return document


@pytest.mark.parametrize(
    "change", ["shasum", "integrity", "length", "base64", "cut", "traversal", "other package", "version", "tag"]
)
def test_lying_publications_are_refused(server: Server, clients: Clients, change: str) -> None:
    answer = put(server, clients, "evil", broken(change))
    assert answer.status == 400, answer.text
    assert answer.json()["error"]
    assert packument(server, clients, "evil").status == 404


def test_the_short_form_keeps_publication_times(server: Server, clients: Clients) -> None:
    put(server, clients, "short", npm_document("short", "1.0.0", npm_tarball("short", "1.0.0")))
    short = packument(server, clients, "short", **SHORT)
    assert short.headers["Content-Type"] == "application/vnd.npm.install-v1+json"
    assert set(short.json()["time"]) == {"created", "modified", "1.0.0"}
    assert "description" not in short.json()["versions"]["1.0.0"]
    assert packument(server, clients, "short", If_None_Match="x").json()["versions"]["1.0.0"]["description"] == "for tests"
    assert packument(server, clients, "short", **{**SHORT, "If-None-Match": short.headers["ETag"]}).status == 304


def test_tarballs_can_be_had_in_parts(server: Server, clients: Clients) -> None:
    tarball = npm_tarball("parts", "1.0.0")
    put(server, clients, "parts", npm_document("parts", "1.0.0", tarball))
    url = packument(server, clients, "parts").json()["versions"]["1.0.0"]["dist"]["tarball"]
    assert server.call("GET", url).body == tarball
    assert server.call("GET", url, headers={"Range": "bytes=5-9"}).body == tarball[5:10]
    assert server.call("GET", url.replace("1.0.0", "2.0.0")).status == 404


def test_unknown_endpoints_answer_in_json(server: Server, clients: Clients) -> None:
    for rest in ("-/npm/v1/nothing", "-/team/x/y", "-/package/x/access", "-/nothing", "nothing", "nothing/-/nothing-1.0.0.tgz"):
        answer = server.call("GET", f"/npm/default/{clients.repository}/{rest}")
        assert answer.status == 404, rest
        assert answer.json()["error"]


def test_one_version_can_be_asked_for(server: Server, clients: Clients) -> None:
    put(server, clients, "single", npm_document("single", "1.0.0", npm_tarball("single", "1.0.0")))
    assert packument(server, clients, "single/1.0.0").json()["version"] == "1.0.0"
    assert packument(server, clients, "single/latest").json()["version"] == "1.0.0"
    assert packument(server, clients, "single/9.9.9").status == 404
