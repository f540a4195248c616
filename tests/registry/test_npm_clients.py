"""npm, pnpm, yarn and yarn 1 after `lockgate login`: each publishes, installs, and tells of a deprecation, also when what is behind is down.

Nothing may leave for a public registry, least of all a package.
"""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.lockgate_server import Server
from tests.registry.clients import Clients
from tests.registry.conftest import log_in_until_revoked
from tests.registry.fake_upstream import FakeUpstream
from tests.registry.fence import Fence
from tests.registry.made import npm_document, npm_tarball

pytestmark = pytest.mark.anydb  # the server's part is tested on every database beside the protocol

NAMES = ["npm", "pnpm", "yarn", "yarn-classic"]
PUBLISH = {
    "npm": ("publish",), "pnpm": ("publish", "--no-git-checks"), "yarn": ("npm", "publish"),
    "yarn-classic": ("publish", "--non-interactive", "--no-git-tag-version"),
}
INSTALL = {
    "npm": ("install", "--no-audit", "--no-fund", "--fetch-retries=0"), "pnpm": ("install", "--no-frozen-lockfile"),
    "yarn": ("install", "--no-immutable"), "yarn-classic": ("install", "--no-progress", "--non-interactive"),
}
DEPRECATION = {"pnpm": "deprecated @team/inner@1.0.0"}
"""What a client shows of it: the reason, or only that there is one."""
LEFT = ("node_modules", "package-lock.json", "pnpm-lock.yaml", "yarn.lock", ".yarn", ".npm", ".cache", ".local/share/pnpm")


def project(folder: Path, name: str, **more: Any) -> Path:
    folder.mkdir()
    (folder / "package.json").write_text(json.dumps({"name": name, "version": "1.0.0", **more}))
    (folder / "index.js").write_text("module.exports = 42\n")
    (folder / "yarn.lock").write_text("")  # yarn looks no further up for a project
    (folder / ".npmrc").write_text("fetch-retries=0\nupdate-notifier=false\n")
    return folder


def close_yarn(clients: Clients, fence: Fence) -> None:
    """yarn heeds no exceptions from a proxy, so it is told which hosts to seek through the fence."""
    settings = "".join(f"  '*.{host}': {{httpProxy: {fence.url}, httpsProxy: {fence.url}}}\n" for host in ("npmjs.org", "yarnpkg.com"))
    linker = "nodeLinker: node-modules\nenableGlobalCache: false\n"
    (clients.home / ".yarnrc.yml").write_text(f"{linker}networkSettings:\n{settings}")


def log_in(clients: Clients, client: str) -> None:
    """For all packages, and for the scope whose fresh packages pnpm and yarn would otherwise hold back for a day."""
    clients.log_in(client)
    if client in ("pnpm", "yarn"):
        clients.log_in(client, "--scope", "@team")


@pytest.mark.parametrize("client", NAMES)
def test_a_client_publishes_here_and_nowhere_else(server: Server, fence: Fence, fenced: Clients, client: str, tmp_path: Path) -> None:
    folder, path = project(tmp_path / "publisher", "@team/inner"), fenced.url("npm", "@team%2finner")
    close_yarn(fenced, fence)
    more = ("--scope", "@team") if client in ("pnpm", "yarn") else ()
    log_in_until_revoked(server, fenced, client, *more)
    if client == "yarn":
        assert fenced.tool(client, *INSTALL[client], cwd=folder).returncode == 0
    refused = fenced.tool(client, *PUBLISH[client], cwd=folder)
    assert refused.returncode != 0, refused.stdout
    assert server.call("GET", path).status == 404
    log_in(fenced, client)
    done = fenced.tool(client, *PUBLISH[client], cwd=folder)
    assert done.returncode == 0, done.stdout + done.stderr
    assert list(server.call("GET", path).json()["versions"]) == ["1.0.0"]
    (folder / "index.js").write_text("module.exports = 43\n")
    fenced.tool(client, *PUBLISH[client], cwd=folder)
    tarball = server.call("GET", path).json()["versions"]["1.0.0"]["dist"]["tarball"]
    assert len(server.call("GET", f"/api/v1/registry/default/{fenced.repository}/events").json()["items"]) == 1
    assert server.call("GET", tarball).status == 200
    assert fence.wanted == []


@pytest.mark.parametrize("client", NAMES)
def test_a_client_installs_what_comes_through(
    server: Server, fence: Fence, fenced: Clients, upstream: FakeUpstream, client: str, tmp_path: Path
) -> None:
    upstream.offer_npm("outside", "1.0.0", npm_tarball("outside", "1.0.0"))
    for version in ("1.0.0", "1.1.0"):
        document = npm_document("@team/inner", version, npm_tarball("@team/inner", version))
        document["versions"][version]["deprecated"] = "the newer one is better" if version == "1.0.0" else ""
        assert server.call("PUT", fenced.url("npm", "@team%2finner"), document).status == 201
    close_yarn(fenced, fence)
    log_in(fenced, client)
    folder = project(tmp_path / "user", "user", dependencies={"@team/inner": "^1.0.0", "outside": "^1.0.0"})
    found, told = installed(fenced, client, folder)
    assert (found, "newer one" in told) == (("1.1.0", "1.0.0"), False)
    path = f"/api/v1/registry/default/{fenced.repository}/packages/npm/@team/inner"
    told = server.call("POST", f"{path}/status", {"versions": ["1.1.0"], "status": "Archived"})
    assert told.json()["failed"] == {}
    upstream.stop()
    for name in LEFT:
        for place in (folder, fenced.home):
            shutil.rmtree(place / name, ignore_errors=True)
            if (place / name).is_file():
                (place / name).unlink()
    (folder / "yarn.lock").write_text("")
    found, told = installed(fenced, client, folder)
    if client == "yarn":  # it warns of nothing while it installs
        told = fenced.tool(client, "npm", "info", "@team/inner@1.0.0", "--fields", "deprecated", cwd=folder).stdout
    assert (found, DEPRECATION.get(client, "the newer one is better") in told) == (("1.0.0", "1.0.0"), True), told
    assert fence.wanted == []


def installed(clients: Clients, client: str, folder: Path) -> tuple[tuple[str, ...], str]:
    """The versions of `@team/inner` and `outside` that the client puts into the project, and what it says."""
    done = clients.tool(client, *INSTALL[client], cwd=folder)
    assert done.returncode == 0, done.stdout + done.stderr
    manifests = (folder / "node_modules" / name / "package.json" for name in ("@team/inner", "outside"))
    return tuple(json.loads(one.read_text())["version"] for one in manifests), done.stdout + done.stderr


def test_who_is_not_logged_in_would_leave(fence: Fence, fenced: Clients, tmp_path: Path) -> None:
    done = fenced.tool("npm", "view", "outside", cwd=project(tmp_path / "user", "user"))
    assert done.returncode != 0
    assert fence.wanted
