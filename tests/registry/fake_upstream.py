"""An index on the other side, under the test's control: it counts, lies, lingers and goes down as told."""

import hashlib
import json
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.registry.made import Distribution, npm_document

JSON = "application/vnd.pypi.simple.v1+json"


class FakeUpstream:
    """A small HTTP server with Python project pages under /simple/, files under /files/, and npm under /npm/."""

    def __init__(self) -> None:
        self.answers: dict[str, tuple[int, str, bytes]] = {}
        self.asked: Counter[str] = Counter()
        self.revalidated = 0
        self.gate = threading.Event()
        """Files are held back until this is set."""
        self.gate.set()
        self._stopped = threading.Event()
        self.announced_length: int | None = None
        self.redirects: dict[str, str] = {}
        self.drips = False
        """Bodies come a byte at a time, for ever."""
        upstream = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                upstream._answer(self)

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def stop(self) -> None:
        self.gate.set()
        self._stopped.set()
        self._server.shutdown()
        self._server.server_close()

    def offer(self, *files: Distribution, sha256: str = "", **more: Any) -> None:
        """A project page of these files, and the files."""
        name = files[0].name
        entries = []
        for one in files:
            self.answers[f"/files/{one.filename}"] = (200, "application/octet-stream", one.data)
            entries.append({
                "filename": one.filename, "url": f"../../files/{one.filename}", "hashes": {"sha256": sha256 or one.sha256}, "size": len(one.data),
                "upload-time": "2024-05-06T07:08:09.000000Z", "yanked": False, **more,
            })
        page = {"meta": {"api-version": "1.1"}, "name": name, "versions": [f.version for f in files], "files": entries}
        self.answers[f"/simple/{name}/"] = (200, JSON, json.dumps(page).encode())

    def offer_npm(self, name: str, version: str, tarball: bytes, **dist: str) -> None:
        document = npm_document(name, version, tarball, **dist)
        document["versions"][version]["dist"]["tarball"] = f"{self.url}/files/{version}.tgz"
        document.pop("_attachments")
        document["time"] = {"created": "2024-05-06T07:08:09.000Z", version: "2024-05-06T07:08:09.000Z"}
        self.answers[f"/npm/{name}"] = (200, "application/json", json.dumps(document).encode())
        self.answers[f"/files/{version}.tgz"] = (200, "application/octet-stream", tarball)

    def _answer(self, request: BaseHTTPRequestHandler) -> None:
        path = request.path.replace("%2F", "/")
        self.asked[path] += 1
        if path.startswith("/files/"):
            self.gate.wait(30)
        if path in self.redirects:
            request.send_response(302)
            request.send_header("Location", self.redirects[path])
            request.send_header("Content-Length", "0")
            request.end_headers()
            return
        status, kind, body = self.answers.get(path, (404, "text/plain", b"no such thing"))
        etag = f'"{hashlib.md5(body).hexdigest()}"'
        if status == 200 and request.headers.get("If-None-Match") == etag:
            self.revalidated += 1
            status, body = 304, b""
        request.send_response(status)
        request.send_header("Content-Type", kind)
        request.send_header("ETag", etag)
        request.send_header("Content-Length", str(self.announced_length or (10**9 if self.drips else len(body))))
        request.end_headers()
        while self.drips and not self._stopped.wait(0.05):
            request.wfile.write(b" ")
        request.wfile.write(body)
