"""nginx beside us: the same bytes as plain files, as the limit of what serving them can cost."""

import subprocess
import time
from pathlib import Path
from types import TracebackType

import psutil

from tests.lockgate_server import free_port

CONFIGURATION = """
worker_processes 2;
daemon off;
pid {folder}/pid;
error_log {folder}/error.log;
events {{ worker_connections 512; }}
http {{
  access_log {folder}/access.log;
  sendfile on;
  tcp_nopush on;
  keepalive_requests 1000000000;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  types {{ text/html html; application/json json; }}
  default_type application/octet-stream;
  server {{ listen 127.0.0.1:{port}; root {folder}/files; location / {{ try_files $uri $uri/index.html $uri/packument.json =404; }} }}
}}
"""


class Nginx:
    """Serves `files` on a free port, with an access log as we write one."""

    def __init__(self, folder: Path) -> None:
        self.files, self.port = folder / "files", free_port()
        self.files.mkdir(parents=True)
        folder.chmod(0o755)
        (folder / "nginx.conf").write_text(CONFIGURATION.format(folder=folder, port=self.port))
        self._command = ["nginx", "-p", str(folder), "-c", str(folder / "nginx.conf"), "-g", f"user {psutil.Process().username()};"]

    def __enter__(self) -> "Nginx":
        self._process = subprocess.Popen(self._command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while not any(c.laddr.port == self.port for c in psutil.Process(self._process.pid).net_connections() if c.laddr):
            assert self._process.poll() is None, "nginx ended"
            time.sleep(0.05)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._process.terminate()
        self._process.wait(10)

    def children(self, _role: str) -> list[psutil.Process]:
        """Its processes."""
        top = psutil.Process(self._process.pid)
        return [top, *top.children(recursive=True)]
