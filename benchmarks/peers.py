"""Other registries, installed from the configured indexes into a throw-away folder and run on the loopback beside us."""

import base64
import hashlib
import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import Any, ClassVar

import psutil

from benchmarks.npm_tree import Packument
from tests.lockgate_server import free_port

START_SECONDS_MAX = 90
INSTALL_SECONDS_MAX = 240


class Peer:
    """One of them: `install`, then `with`. Without a token check, since they read anonymously."""

    name: ClassVar[str]
    headers: ClassVar[dict[str, str]] = {}

    def __init__(self, folder: Path, files: Path, upstream: str) -> None:
        self.folder, self.files, self.upstream = folder / self.name, files, upstream
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.folder.mkdir(parents=True)
        self.python = self.folder / "venv" / "bin" / "python"

    def install(self) -> None:
        """Into its folder. Raises CalledProcessError with what the installer said."""

    def command(self) -> list[str]:
        """What runs it in the foreground."""
        raise NotImplementedError

    def ready_path(self) -> str:
        """What it answers once it works."""
        return "/"

    def prepare(self) -> None:
        """What is to be done once it runs."""

    def page(self, project: str) -> str:
        """The path of an index page."""
        raise NotImplementedError

    def __enter__(self) -> "Peer":
        environment = os.environ | self.environment() | {"NO_PROXY": "*", "no_proxy": "*"}
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(self.command(), stdout=log, stderr=log, stdin=subprocess.DEVNULL, cwd=self.folder, env=environment)
        try:
            self._wait()
            self.prepare()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        doomed = self.children("web")
        for process in doomed:
            process.terminate()
        for process in psutil.wait_procs(doomed, 10)[1]:
            process.kill()
        self._process.wait(10)

    def environment(self) -> dict[str, str]:
        """Its own variables."""
        return {}

    def children(self, _role: str) -> list[psutil.Process]:
        """Its processes."""
        top = psutil.Process(self._process.pid)
        return [top, *top.children(recursive=True)]

    def fetch(self, path: str, method: str = "GET", data: Any = None, **headers: str) -> bytes:
        """One request."""
        body = None if data is None else json.dumps(data).encode()
        sent = {k.replace("_", "-"): v for k, v in headers.items()} | ({"Content-Type": "application/json"} if body else {})
        request = urllib.request.Request(self.url + path, data=body, method=method, headers=sent)
        try:
            with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=60) as answer:
                return bytes(answer.read())
        except urllib.error.HTTPError as error:
            raise OSError(f"{method} {self.url}{path} gave {error.code}: {error.read(500)!r}") from None

    def _wait(self) -> None:
        deadline = time.monotonic() + START_SECONDS_MAX
        while True:
            try:
                self.fetch(self.ready_path())
                return
            except OSError as error:
                said = (self.folder / "log").read_text(errors="replace")[-2000:]
                if self._process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError(f"{self.name} does not start: {error}\n{said}") from None
                time.sleep(0.2)

    def _pip(self, *requirements: str) -> None:
        uv = str(Path(sys.executable).parent / "uv")
        run([uv, "venv", "--quiet", "--python", sys.executable, str(self.python.parent.parent)])
        run([uv, "pip", "install", "--quiet", "--python", str(self.python), *requirements])


class Pypiserver(Peer):
    """Serves a folder; no JSON."""

    name = "pypiserver"

    def install(self) -> None:
        self._pip("pypiserver[cache]", "gunicorn", "setuptools<80")

    def command(self) -> list[str]:
        server = str(self.python.parent / "pypi-server")
        return [server, "run", "-i", "127.0.0.1", "-p", str(self.port), "-P", ".", "-a", ".", "--server", "gunicorn", str(self.files)]

    def page(self, project: str) -> str:
        return f"/simple/{project}/"


class Proxpi(Peer):
    """A caching mirror; its index is the nginx beside it."""

    name = "proxpi"

    def install(self) -> None:
        self._pip("proxpi", "gunicorn")

    def command(self) -> list[str]:
        bind = f"127.0.0.1:{self.port}"
        return [str(self.python), "-m", "gunicorn", "-w", "2", "--threads", "4", "-b", bind, "--log-level", "error", "proxpi.server:app"]

    def environment(self) -> dict[str, str]:
        return {"PROXPI_INDEX_URL": self.upstream, "PROXPI_CACHE_DIR": str(self.folder / "cache"), "PROXPI_DOWNLOAD_TIMEOUT": "30"}

    def page(self, project: str) -> str:
        return f"/index/{project}/"


class Devpi(Peer):
    """As a mirror of the nginx beside it: loading its hosted index takes a second a file."""

    name = "devpi"

    def install(self) -> None:
        self._pip("devpi-server", "setuptools<80")
        run([str(self.python.parent / "devpi-init"), "--serverdir", str(self.folder / "data"), "--no-root-pypi"])

    def command(self) -> list[str]:
        return [str(self.python.parent / "devpi-server"), "--serverdir", str(self.folder / "data"), "--host", "127.0.0.1", "--port", str(self.port)]

    def ready_path(self) -> str:
        return "/+api"

    def prepare(self) -> None:
        secret = json.loads(self.fetch("/+login", "POST", {"user": "root", "password": ""}))["result"]["password"]
        sign = base64.b64encode(f"root:{secret}".encode()).decode()
        self.fetch("/root/mirror", "PUT", {"type": "mirror", "mirror_url": self.upstream}, X_Devpi_Auth=sign)

    def page(self, project: str) -> str:
        return f"/root/mirror/+simple/{project}/"


class Verdaccio(Peer):
    """With packages put into its storage, and read by anybody: cheaper for it than its token check."""

    name = "verdaccio"

    def install(self) -> None:
        # Its newest release names a node-fetch that the index does not have.
        manifest = {"name": "peer", "version": "1.0.0", "dependencies": {"verdaccio": "6"}, "overrides": {"node-fetch": "2.7.0"}}
        (self.folder / "package.json").write_text(json.dumps(manifest))
        run(["npm", "install", "--no-audit", "--no-fund", "--silent", "--cache", str(self.folder / "cache")], cwd=self.folder)
        (self.folder / "config.yaml").write_text(
            "storage: ./storage\nauth: {htpasswd: {file: ./htpasswd}}\nuplinks: {}\nweb: {enable: false}\nmax_body_size: 100mb\n"
            "packages: {'**': {access: $all, publish: $authenticated}}\nlog: {type: stdout, format: json, level: error}\n"
        )

    def store(self, packuments: list[Packument]) -> None:
        """Puts packages where it looks for them."""
        for one in packuments:
            place = self.folder / "storage" / one.name
            place.mkdir(parents=True)
            kept = {f"{one.base}-{v}.tgz": {"shasum": hashlib.sha1(tarball).hexdigest(), "version": v} for v, tarball in one.tarballs.items()}
            document = one.document(self.url) | {"_attachments": kept, "_distfiles": {}, "_uplinks": {}, "_rev": "1-1", "readme": ""}
            (place / "package.json").write_text(json.dumps(document))
            for version, tarball in one.tarballs.items():
                (place / f"{one.base}-{version}.tgz").write_bytes(tarball)

    def command(self) -> list[str]:
        return ["node", "node_modules/verdaccio/bin/verdaccio", "--config", "config.yaml", "--listen", f"127.0.0.1:{self.port}"]

    def ready_path(self) -> str:
        return "/-/ping"

    def page(self, project: str) -> str:
        return f"/{project.replace('/', '%2f')}"


def run(command: list[str], **more: Any) -> None:
    """Runs a client or installer. Raises RuntimeError with what it said."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=INSTALL_SECONDS_MAX, stdin=subprocess.DEVNULL, **more)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)[:200]} ended with {done.returncode}:\n{(done.stdout + done.stderr)[-2000:]}")
