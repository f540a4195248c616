"""The way out of this machine, closed: a proxy that notes who wanted to go where, and lets nobody through."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Fence:
    """Clients that are told to go through it reach this machine's own addresses and nothing else."""

    def __init__(self) -> None:
        self.wanted: list[str] = []
        fence = self

        class Handler(BaseHTTPRequestHandler):
            def refuse(self) -> None:
                fence.wanted.append(f"{self.command} {self.path}")
                self.send_error(403)

            do_CONNECT = do_GET = do_HEAD = do_POST = do_PUT = refuse  # noqa: N815  the names that the base class calls

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    @property
    def environment(self) -> dict[str, str]:
        """What every client takes its proxy from."""
        names = {f"{kind}_proxy": self.url for kind in ("http", "https", "all")}
        both = {**names, **{name.upper(): url for name, url in names.items()}}
        return {**both, "no_proxy": "127.0.0.1", "NO_PROXY": "127.0.0.1"}

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
