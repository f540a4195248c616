"""A server that keeps what profilers send, and programs to be profiled."""

import os
import shutil
import subprocess
import sys
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from profiler import wire
from profiler.aggregate import merge
from profiler.tree import Tree

AGENT = Path(__file__).parents[2] / "profiler" / "agent"


class Receiver:
    """Listens on a free port; answers `status` with `answer`."""

    def __init__(self) -> None:
        self.status, self.answer = 201, b'{"id": 1, "agent": {"enabled": true, "interval_seconds": null}}'
        self.sent: list[tuple[dict[str, str], bytes]] = []
        self.asked: list[str] = []
        self.authorization: list[str | None] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def instances(self) -> set[str]:
        return {query["instance"] for query, _ in self.sent}

    def tree(self, instance: str = "") -> Tree:
        """Everything that came, merged."""
        bodies = [body for query, body in self.sent if instance in ("", query["instance"])]
        return merge(wire.decode(body).tree for body in bodies)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        owner = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                owner.authorization.append(self.headers["Authorization"])
                if owner.status == 201:
                    owner.sent.append((dict(parse_qsl(urlsplit(self.path).query)), body))
                self._answer()

            def do_GET(self) -> None:
                owner.asked.append(self.path)
                self._answer()

            def _answer(self) -> None:
                self.send_response(owner.status)
                self.send_header("Content-Length", str(len(owner.answer)))
                self.end_headers()
                self.wfile.write(owner.answer)

            def log_message(self, *_: Any) -> None:
                return

        return Handler


def shares(tree: Tree, metric: str) -> dict[str, float]:
    """Function → share of the metric, with all that it called; recursion counts once per node."""
    sums: Counter[str] = Counter()
    inclusive = tree.inclusive(metric)
    for node in range(1, len(tree)):
        sums[tree.function(node).name] += inclusive[node]
    whole = tree.total(metric) or 1
    return {name: value / whole for name, value in sums.items()}


def environment(url: str, spool: Path, **more: str) -> dict[str, str]:
    """What a profiled program finds in its environment."""
    base = {k: v for k, v in os.environ.items() if not k.startswith(("LOCKGATE_", "PYTHON"))}
    told = {
        "SERVER": url, "TOKEN": "secret", "GROUP": "tests", "SPOOL": str(spool), "FIRST_SECONDS": "0.5",
        "INTERVAL_SECONDS": "1", "HERTZ": "50", "OFF_FILE": str(spool / "off"),
    }
    return {**base, "PYTHONPATH": str(AGENT), **{f"LOCKGATE_PROFILE_{k}": v for k, v in told.items()}, **more}


def run(source: str, env: dict[str, str], python: str = sys.executable, seconds: float = 60) -> subprocess.CompletedProcess[str]:
    """Runs a program to its end."""
    return subprocess.run([python, "-c", source], env=env, capture_output=True, text=True, timeout=seconds)


def pythons() -> list[str]:
    """The Pythons from 3.9 to 3.13 that this machine has, and the one that runs."""
    root = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    found = {"running": sys.executable}
    for minor in range(9, 14):
        places = [str(p) for p in root.glob(f"3.{minor}.*/bin/python")] + [shutil.which(f"python3.{minor}") or ""]
        for place in filter(None, places):
            told = subprocess.run([place, "-c", "import sys; print(sys.version_info[1])"], capture_output=True, text=True)
            if told.stdout.strip() == str(minor):
                found[str(minor)] = place
                break
    return list(found.values())
