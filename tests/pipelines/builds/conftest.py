"""A build in one call, and a small package index of somebody else's to build against."""

import base64
import http.server
import io
import json
import tarfile
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from pipelines.builds import cgroups
from pipelines.builds.request import BuildRequest, BuildResult
from pipelines.builds.runner import run_build


@dataclass
class Built:
    """What came of a build, and its log."""

    result: BuildResult
    log: str
    work: Path
    seconds: float

    def files(self, name: str = "primary") -> dict[str, str]:
        with tarfile.open(self.result.artifacts[name]) as tar:
            return {
                member.name: tar.extractfile(member).read().decode() if member.isfile() else f"-> {member.linkname}"
                for member in tar
            }

    def names(self, name: str = "primary") -> list[str]:
        with tarfile.open(self.result.artifacts[name]) as tar:
            return tar.getnames()

    def output(self) -> list[str]:
        """Lines that the build printed, without Lockgate's own."""
        return [line for line in self.log.splitlines() if not line.startswith("##[")]

    def lines(self, kind: str) -> list[str]:
        """Lines of Lockgate's own of one kind."""
        return [line.partition("] ")[2] for line in self.log.splitlines() if line.startswith((f"##[{kind}]", f"##[{kind} "))]


@pytest.fixture
def build(tmp_path: Path) -> Callable[..., Built]:
    """`build(spec, files={...}, **request)`; without a network unless the test says otherwise."""
    count = 0

    def run(spec, files=None, *, stop=lambda: False, find_hierarchy=cgroups.detect, **more) -> Built:
        nonlocal count
        count += 1
        source = tmp_path / f"source{count}"
        source.mkdir()
        for name, text in (files or {}).items():
            path = source / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        work, log = tmp_path / "work" / f"build{count}", tmp_path / f"log{count}"
        spec_text = spec.encode() if isinstance(spec, str) else spec
        request = BuildRequest(f"test-{count}", source, work, spec_text, **{"network": "none"} | more)
        started = time.monotonic()
        result = run_build(request, log=log, should_stop=stop, find_hierarchy=find_hierarchy)
        return Built(result, log.read_text(), work, time.monotonic() - started)

    return run


def commands(*lines: str, **phases: list[str]) -> str:
    """A buildspec whose build phase has these commands."""
    return json.dumps({"version": "0.2", "phases": {"build": {"commands": list(lines)}, **{k: {"commands": v} for k, v in phases.items()}}})


@dataclass
class Index:
    """A PyPI and npm index with one package each, and what was asked of it."""

    url: str
    asked: list[tuple[str, str, str]] = field(default_factory=list)
    """Method, path and token of each request."""
    bodies: list[bytes] = field(default_factory=list)


@pytest.fixture
def index() -> Iterator[Index]:
    """A package index on loopback."""
    wheel, tarball = _wheel(), _tarball()

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._note()
            path = self.path.partition("?")[0]
            if path.endswith("/simple/greeting/"):
                self._answer(b'<a href="../../files/greeting-1.0-py3-none-any.whl">greeting-1.0-py3-none-any.whl</a>', "text/html")
            elif path.endswith(".whl"):
                self._answer(wheel, "application/zip")
            elif path.endswith("/npm/acme/main/greeting"):
                tarball_url = "http://elsewhere.example/npm/acme/main/greeting/-/greeting-1.0.0.tgz"
                version = {"name": "greeting", "version": "1.0.0", "dist": {"tarball": tarball_url}}
                packument = {"name": "greeting", "dist-tags": {"latest": "1.0.0"}, "versions": {"1.0.0": version}}
                self._answer(json.dumps(packument).encode(), "application/json")
            elif path.endswith(".tgz"):
                self._answer(tarball, "application/octet-stream")
            else:
                self._answer(b"no", "text/plain", 404)

        def do_POST(self) -> None:
            self._note()
            if self.headers.get("Transfer-Encoding") == "chunked":
                body = b""
                while size := int(self.rfile.readline(), 16):
                    body += self.rfile.read(size)
                    self.rfile.readline()
                self.rfile.readline()
            else:
                body = self.rfile.read(int(self.headers["Content-Length"]))
            held.bodies.append(body)
            self._answer(b"ok", "text/plain")

        do_PUT = do_POST  # noqa: N815  the standard library's name

        def _note(self) -> None:
            kind, _, rest = self.headers.get("Authorization", "").partition(" ")
            token = base64.b64decode(rest).decode().partition(":")[2] if kind == "Basic" else rest
            held.asked.append((self.command, self.path, token))

        def _answer(self, body: bytes, kind: str, status: int = 200) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_args: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    held = Index(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield held
    server.shutdown()
    thread.join()
    server.server_close()


def _wheel() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("greeting.py", "print('hello from the wheel')\n")
        archive.writestr("greeting-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: greeting\nVersion: 1.0\n")
        archive.writestr("greeting-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr("greeting-1.0.dist-info/RECORD", "greeting.py,,\n")
    return file.getvalue()


def _tarball() -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as tar:
        for name, text in (("package.json", '{"name":"greeting","version":"1.0.0"}'), ("index.js", "console.log('hello from npm')")):
            info = tarfile.TarInfo(f"package/{name}")
            info.size = len(text)
            tar.addfile(info, io.BytesIO(text.encode()))
    return file.getvalue()
