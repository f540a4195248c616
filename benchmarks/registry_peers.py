"""The same packages and the same load through other registries, nginx and us: CPU per request, requests a second, installations.

`python -m benchmarks.registry_peers [--only pypiserver,verdaccio]` prints a Markdown table; some ten minutes with all of them, a
third of it installing. Peers answer anybody; we check a token. wrk gives the load where it is installed.
"""

import argparse
import base64
import os
import random
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.parse
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import orjson

from benchmarks import load, peers
from benchmarks.nginx import Nginx
from benchmarks.npm_tree import Packument, many, tree
from benchmarks.peers import run
from benchmarks.registry_reads import JSON, LARGE_FILES, NPM_VERSIONS, huge_file, loaded_server, one_speed, post
from tests.lockgate_server import Server
from tests.registry.made import Distribution, form, wheel

SHORT = "application/vnd.npm.install-v1+json"
HTML = "application/vnd.pypi.simple.v1+html, text/html;q=0.1"
INSTALLED = 20
PEER_REQUESTS_BEFORE = 20
"""One after the other, so that each process of a peer has the file: proxpi fails when several clients are the first to ask for one."""


@dataclass
class Column:
    """A server and where it has what is asked for; a question it cannot answer is absent."""

    name: str
    server: load.Target
    headers: dict[str, str] = field(default_factory=dict)
    paths: dict[str, str] = field(default_factory=dict)
    index: str = ""
    registry: str = ""
    token: str = ""


@dataclass(frozen=True)
class Data:
    """The packages, and the folder that a registry of plain files serves."""

    repository: str
    wheels: list[Distribution]
    npm: list[Packument]
    files: Path
    large: int
    """Files of the large project."""

    def page(self, project: str) -> str:
        return f"/pypi/default/{self.repository}/simple/{project}/"

    def file(self, project: str, filename: str) -> str:
        return f"/pypi/default/{self.repository}/files/{project}/{filename}"

    @property
    def registry(self) -> str:
        return f"/npm/default/{self.repository}"


def fill(server: Server, repository: str, folder: Path, files: int, versions: int) -> Data:
    """Uploads what is installed, and copies every Python file into a folder."""
    dice = random.Random(11)
    wheels = [wheel(f"bench-{n:02d}", f"1.{v}", code=f"data = '{dice.randbytes(4500).hex()}'\n") for n in range(INSTALLED) for v in range(2)]
    for one in wheels:
        post(server, repository, *form(one))
    data = Data(repository, wheels, [*tree(), many(versions)], folder / "files", files)
    for package in data.npm[:-1]:
        _publish(server, data, package)
    data.files.mkdir()
    huge = huge_file(server, repository)
    names = [("small", f"small-1.{n}-py3-none-any.whl") for n in range(5)] + [("huge", huge.rpartition("/")[2])]
    for project, filename in names:
        (data.files / filename).write_bytes(server.call("GET", data.file(project, filename)).body)
    for one in [*wheels, *(wheel("large", f"1.{n}", code=f"n = {n}\n") for n in range(files))]:
        (data.files / one.filename).write_bytes(one.data)
    return data


def as_files(server: Server, data: Data, nginx: Nginx) -> None:
    """Our pages and packuments, with nginx's addresses in them, as files at the same paths."""
    here, there = server.url.encode(), f"http://127.0.0.1:{nginx.port}".encode()

    def put(path: str, body: bytes) -> None:
        place = nginx.files / path.lstrip("/")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(body)

    for project in ("small", "large", "huge", *dict.fromkeys(one.name for one in data.wheels)):
        for ending, kind in (("index.html", HTML), ("page.json", JSON)):
            put(data.page(project) + ending, server.call("GET", data.page(project), headers={"Accept": kind}).body.replace(here, there))
    root = data.page("x")[:-2]
    put(root + "index.html", server.call("GET", root, headers={"Accept": HTML}).body.replace(here, there))
    for file in data.files.iterdir():
        project = file.name.partition("-")[0].replace("_", "-")
        put(data.file(project, file.name), file.read_bytes())
    for one in data.wheels:
        put(data.file(one.name, f"{one.filename}.metadata"), server.call("GET", data.file(one.name, f"{one.filename}.metadata")).body)
    for package in data.npm:
        base = f"{data.registry}/{package.name}"
        put(f"{base}/packument.json", orjson.dumps(package.document(there.decode() + data.registry)))
        put(f"{base}/packument.short.json", server.call("GET", base, headers={"Accept": SHORT}).body.replace(here, there))
        for version, tarball in package.tarballs.items():
            put(f"{base}/-/{package.base}-{version}.tgz", tarball)


def columns(server: Server, data: Data, nginx: Nginx, others: list[peers.Peer]) -> list[Column]:
    """Who is asked what."""
    large_file = next(data.files.glob("huge-*")).name
    same = {
        "small": data.page("small"), "small json": data.page("small"), "large": data.page("large"), "large json": data.page("large"),
        "file": data.file("small", "small-1.0-py3-none-any.whl"), "huge": data.file("huge", large_file),
        "packument": f"{data.registry}/bench-tree-001", "many": f"{data.registry}/many", "many short": f"{data.registry}/many",
        "tarball": f"{data.registry}/bench-tree-001/-/bench-tree-001-1.0.0.tgz",
    }
    plain = same | {"small json": data.page("small") + "page.json", "large json": data.page("large") + "page.json",
                    "many short": f"{data.registry}/many/packument.short.json"}
    address = f"http://127.0.0.1:{nginx.port}"
    ours = Column("Lockgate", server, {"Authorization": f"Bearer {server.token}"}, same, token=server.token, registry=server.url + data.registry,
                  index=f"http://bench:{server.token}@127.0.0.1:{server.port}{data.page('x')[:-2]}")
    found = [ours, Column("nginx", nginx, {}, plain, index=address + data.page("x")[:-2], registry=address + data.registry)]
    for peer in others:
        try:
            found.append(_npm_column(peer) if isinstance(peer, peers.Verdaccio) else _pypi_column(peer, large_file))
        except OSError as error:
            print(f"{peer.name} is left out: {error}", file=sys.stderr, flush=True)
    return found


def rows(columns: list[Column], data: Data, seconds: float, rounds: int) -> Iterator[list[str]]:
    """One row a question: what was asked, then a cell for each column."""
    asked: list[tuple[str, str, dict[str, str], int]] = [
        ("page of 5 files, HTML", "small", {"Accept": HTML}, 16), ("the same, JSON", "small json", {"Accept": JSON}, 16),
        (f"page of {data.large} files, HTML", "large", {"Accept": HTML}, 4), ("the same, JSON", "large json", {"Accept": JSON}, 4),
        ("file of 10 KB", "file", {}, 16), ("packument of 1 version", "packument", {}, 16),
        (f"packument of {len(data.npm[-1].tarballs)} versions, full", "many", {}, 4), ("the same, abbreviated", "many short", {"Accept": SHORT}, 4),
        ("tarball of 10 KB", "tarball", {}, 16),
    ]
    for what, key, headers, connections in asked:
        yield [f"{what}: CPU µs · requests/s", *_each(columns, partial(_load, key, headers, seconds, connections))]
    yield ["file of 100 MB to one client, MB/s", *_each(columns, lambda c: f"{_huge(c):.0f}" if "huge" in c.paths else "")]
    yield [f"`uv pip install` of {INSTALLED}, s", *_each(columns, lambda c: _median(rounds, lambda: _uv(c)) if c.index else "")]
    yield ["`npm install` of 101, s", *_each(columns, lambda c: _median(rounds, lambda: _npm(c)) if c.registry else "")]


def _each(columns: list[Column], ask: Callable[[Column], str]) -> list[str]:
    cells = []
    for column in columns:
        try:
            cells.append(ask(column))
        except (AssertionError, OSError, RuntimeError) as error:
            print(f"{column.name}: {error}", file=sys.stderr, flush=True)
            cells.append("failed")
    return cells


def _load(key: str, headers: dict[str, str], seconds: float, connections: int, column: Column) -> str:
    if key not in column.paths:
        return ""
    got = load.read(column.server, column.paths[key], seconds, column.headers | headers, connections)
    return f"{got.cpu_us:.0f} · {1e6 / got.wall_us:.0f}"


def _huge(column: Column) -> float:
    one_speed(column.server, column.paths["huge"], column.token)
    return statistics.median(one_speed(column.server, column.paths["huge"], column.token) for _ in range(3))


def _median(rounds: int, work: Callable[[], float]) -> str:
    return f"{statistics.median(work() for _ in range(rounds)):.2f}"


def _uv(column: Column) -> float:
    names = [f"bench-{n:02d}" for n in range(INSTALLED)]
    uv = str(Path(sys.executable).parent / "uv")
    with tempfile.TemporaryDirectory(prefix="lockgate-bench-") as place:
        command = [uv, "pip", "install", "--quiet", "--no-cache", "--python", sys.executable, "--target", place, "--index-url", column.index, *names]
        began = time.monotonic()
        run(command, env=_environment({"UV_NO_CONFIG": "1"}))
        seconds = time.monotonic() - began
        assert len(list(Path(place).glob("bench_*.dist-info"))) == INSTALLED, "not everything was installed"
    return seconds


def _npm(column: Column) -> float:
    with tempfile.TemporaryDirectory(prefix="lockgate-bench-") as name:
        place = Path(name)
        manifest = {"name": "t", "version": "1.0.0", "dependencies": {one.name: "1.0.0" for one in tree()}}
        (place / "package.json").write_bytes(orjson.dumps(manifest))
        lines = [f"registry={column.registry}/", "audit=false", "fund=false", "update-notifier=false"]
        if column.token:
            lines.append(f"{column.registry.partition(':')[2]}/:_authToken={column.token}")
        (place / ".npmrc").write_text("\n".join(lines))
        began = time.monotonic()
        run(["npm", "install", "--silent"], cwd=place, env=_environment({
            "HOME": name, "npm_config_cache": f"{name}/cache", "npm_config_userconfig": os.devnull, "npm_config_globalconfig": f"{name}/none"}))
        seconds = time.monotonic() - began
        assert sum(1 for _ in (place / "node_modules").glob("**/package.json")) == len(tree()), "not everything was installed"
    return seconds


def _environment(more: dict[str, str]) -> dict[str, str]:
    """Without what the machine tells its clients."""
    kept = {k: v for k, v in os.environ.items() if not k.lower().startswith(("pip_", "uv_", "npm_config"))}
    return kept | {"NO_PROXY": "*", "no_proxy": "*"} | more


def _pypi_column(peer: peers.Peer, large_file: str) -> Column:
    small, large = peer.page("small"), peer.page("large")
    paths = {"small": small, "large": large, "file": _href(peer, "small", "small-1.0-py3-none-any.whl"), "huge": _href(peer, "huge", large_file)}
    if not isinstance(peer, peers.Pypiserver):
        paths |= {"small json": small, "large json": large}
    peer.fetch(large, Accept=HTML)
    for _ in range(PEER_REQUESTS_BEFORE):
        peer.fetch(paths["file"])
    return Column(peer.name, peer, {}, paths, index=peer.url + peer.page("x")[:-2])


def _npm_column(peer: peers.Peer) -> Column:
    paths = {"packument": "/bench-tree-001", "many": "/many", "many short": "/many", "tarball": "/bench-tree-001/-/bench-tree-001-1.0.0.tgz"}
    return Column(peer.name, peer, {}, paths, registry=peer.url)


def _href(peer: peers.Peer, project: str, filename: str) -> str:
    """Where its own page says that the file is."""
    page = peer.fetch(peer.page(project), Accept=HTML).decode()
    links = (part.partition('"')[0].partition("#")[0] for part in page.split('href="')[1:])
    found = next(link for link in links if link.endswith(filename))
    return urllib.parse.urlsplit(urllib.parse.urljoin(peer.url + peer.page(project), found)).path


def _publish(server: Server, data: Data, package: Packument) -> None:
    document = package.document(server.url)
    [(version, tarball)] = package.tarballs.items()
    kept = {"content_type": "application/octet-stream", "data": base64.b64encode(tarball).decode(), "length": len(tarball)}
    body = orjson.dumps(document | {"_attachments": {f"{package.base}-{version}.tgz": kept}})
    answer = server.call("PUT", f"{data.registry}/{package.name.replace('/', '%2f')}", body=body, headers={"Content-Type": "application/json"})
    assert answer.status == 201, answer.text


def _started(stack: ExitStack, kinds: list[type[peers.Peer]], folder: Path, data: Data, upstream: str) -> list[peers.Peer]:
    """Those that could be installed and started; why the others could not is said."""
    running = []
    for kind in kinds:
        try:
            peer = kind(folder, data.files, upstream)
            peer.install()
            if isinstance(peer, peers.Verdaccio):
                peer.store(data.npm)
            running.append(stack.enter_context(peer))
        except (OSError, RuntimeError, subprocess.TimeoutExpired) as error:
            print(f"{kind.name} is left out: {error}", file=sys.stderr, flush=True)
    return running


def main() -> None:
    """Prints the table."""
    kinds: list[type[peers.Peer]] = [peers.Pypiserver, peers.Devpi, peers.Proxpi, peers.Verdaccio]
    parser = argparse.ArgumentParser("python -m benchmarks.registry_peers")
    parser.add_argument("--only", default=",".join(kind.name for kind in kinds), help="peers beside nginx and Lockgate, separated by commas")
    parser.add_argument("--seconds", type=float, default=2, help="of load for each cell")
    parser.add_argument("--files", type=int, default=LARGE_FILES, help="of the large project; few make a quick try")
    parser.add_argument("--versions", type=int, default=NPM_VERSIONS, help="of the large npm package")
    parser.add_argument("--rounds", type=int, default=3, help="installations, of which the median counts")
    options = parser.parse_args()
    wanted = options.only.split(",")
    unknown = set(filter(None, wanted)) - {kind.name for kind in kinds}
    if unknown or not shutil.which("nginx"):
        parser.error(f"no such peer: {', '.join(sorted(unknown))}" if unknown else "nginx is not installed")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped"))  # so that no server stays behind
    with tempfile.TemporaryDirectory(prefix="lockgate-bench-") as place, ExitStack() as stack:
        folder = Path(place)
        server, repository = stack.enter_context(loaded_server(folder, options.files, options.versions))
        data = fill(server, repository, folder, options.files, options.versions)
        nginx = stack.enter_context(Nginx(folder / "nginx"))
        as_files(server, data, nginx)
        upstream = f"http://127.0.0.1:{nginx.port}{data.page('x')[:-2]}"
        others = _started(stack, [kind for kind in kinds if kind.name in wanted], folder / "peers", data, upstream)
        asked = columns(server, data, nginx, others)
        print("| what | " + " | ".join(column.name for column in asked) + " |\n|---" + "|---" * len(asked) + "|", flush=True)
        for row in rows(asked, data, options.seconds, options.rounds):
            print("| " + " | ".join(row) + " |", flush=True)


if __name__ == "__main__":
    main()
