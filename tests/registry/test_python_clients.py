"""Python's clients after `lockgate login`: each publishes, publishes again, and installs, also when what is behind is down.

Nothing may leave for a public index, least of all a package.
"""

import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.lockgate_server import Server
from tests.registry.clients import Clients
from tests.registry.conftest import log_in_until_revoked
from tests.registry.fake_upstream import FakeUpstream
from tests.registry.fence import Fence
from tests.registry.made import Distribution, wheel

pytestmark = pytest.mark.anydb  # the server's part is tested on every database beside the protocol

PUBLISH = {
    "poetry": ("publish", "--no-interaction", "--repository", "lockgate"),
    "pdm": ("publish", "--no-build", "--repository", "lockgate"),
    "hatch": ("publish", "--no-prompt"), "twine": ("upload", "--non-interactive", "--disable-progress-bar", "--repository", "lockgate"),
    "uv": ("publish", "--no-cache", "--index", "lockgate"),
}
SAYS = {"poetry": "already exists", "uv": "do not match"}
"""What a client shows of a refusal: the words, or only the name of the status."""
INSTALL = {
    "poetry": ("install", "--no-interaction"), "pdm": ("install", "--no-self"),
    "pip": ("install", "--no-cache-dir", "--disable-pip-version-check", "--no-deps", "--target", "site", "outside"),
    "uv": ("pip", "install", "--no-cache", "--target", "site", "outside"),
}


def project(folder: Path, client: str, index: str = "", needs: str = "") -> Path:
    """A project with a pyproject.toml and an empty dist."""
    (folder / "dist").mkdir(parents=True)
    text = f'[project]\nname = "inner-{client}"\nversion = "1.0"\nrequires-python = ">=3.11"\ndependencies = [{needs}]\n'
    if client == "poetry":
        source = f'[[tool.poetry.source]]\nname = "lockgate"\nurl = "{index}"\npriority = "primary"\n' if index else ""
        text += f"[tool.poetry]\npackage-mode = {'false' if index else 'true'}\n{source}"
    if client == "pdm":
        text += "[tool.pdm]\ndistribution = false\n"
    (folder / "pyproject.toml").write_text(text)
    return folder


@dataclass
class Publisher:
    """A project whose one wheel a client publishes."""

    clients: Clients
    client: str
    folder: Path

    def put(self, one: Distribution) -> None:
        (self.folder / "dist" / one.filename).write_bytes(one.data)

    def __call__(self) -> tuple[bool, str]:
        files = [str(path) for path in (self.folder / "dist").iterdir()] if self.client in ("twine", "uv") else []
        done = self.clients.tool(self.client, *PUBLISH[self.client], *files, cwd=self.folder)
        return done.returncode == 0, done.stdout + done.stderr


@pytest.fixture
def publisher(fenced: Clients, client: str, tmp_path: Path) -> Publisher:
    return Publisher(fenced, client, project(tmp_path / "publisher", client))


@pytest.mark.parametrize("client", sorted(PUBLISH))
def test_a_client_publishes_here_and_nowhere_else(server: Server, fence: Fence, publisher: Publisher, client: str) -> None:
    one = wheel(f"inner-{client}", "1.0", Requires_Dist="outside")
    publisher.put(one)
    path = f"/api/v1/registry/default/{publisher.clients.repository}/packages/pypi/inner-{client}/versions/1.0"
    log_in_until_revoked(server, publisher.clients, client)
    went, told = publisher()
    assert not went, told
    assert server.call("GET", path).status == 404
    publisher.clients.log_in(client)
    for _ in range(2):
        went, told = publisher()
        assert went, told
    assert server.call("GET", path).json()["assets"][0]["hashes"]["sha256"] == one.sha256
    publisher.put(wheel(f"inner-{client}", "1.0", "answer = 43\n", Requires_Dist="outside"))
    went, told = publisher()
    assert not went
    assert SAYS.get(client, "409 Conflict") in told
    assert fence.wanted == []


@pytest.mark.parametrize("client", sorted(INSTALL))
def test_a_client_installs_what_comes_through(server: Server, fence: Fence, fenced: Clients, upstream: FakeUpstream, client: str, tmp_path: Path) -> None:
    upstream.offer(wheel("outside", "1.0"), wheel("outside", "1.1"))
    for version in ("1.0", "1.1"):
        assert server.call("GET", fenced.url("pypi", f"files/outside/outside-{version}-py3-none-any.whl")).status == 200
    fenced.log_in(client)
    folder = project(tmp_path / "user", client, fenced.url("pypi", "simple/"), '"outside"')
    assert installed(fenced, client, folder) == "1.1"
    api = f"/api/v1/registry/default/{fenced.repository}/packages/pypi/outside/versions/1.1"
    assert server.call("PUT", f"{api}/yank", {"reason": "it burns"}).status == 200
    upstream.stop()
    for left in ("site", ".venv", ".cache", "__pypackages__", "poetry.lock", "pdm.lock", ".pdm-python"):
        for place in (folder, fenced.home):
            shutil.rmtree(place / left, ignore_errors=True)
            if (place / left).is_file():
                (place / left).unlink()
    assert installed(fenced, client, folder) == "1.0"
    assert fence.wanted == []


def installed(clients: Clients, client: str, folder: Path) -> str:
    """The version of `outside` that the client puts into the project's environment."""
    done = clients.tool(client, *INSTALL[client], cwd=folder)
    assert done.returncode == 0, done.stdout + done.stderr
    [found] = folder.rglob("outside-*.dist-info")
    return found.name.removeprefix("outside-").removesuffix(".dist-info")
