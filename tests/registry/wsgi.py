"""WSGI applications called as a server calls them, without one."""

import io
from dataclasses import dataclass
from typing import Any

from service.guard import FileWrapper


@dataclass(frozen=True)
class Told:
    """An answer as a WSGI server gets it."""

    status: str
    headers: list[tuple[str, str]]
    body: bytes


def ask(application: Any, method: str, path: str, body: bytes = b"", **more: str) -> Told:
    """The whole answer; `more` goes into the environment as it is named."""
    path, _, query = path.partition("?")
    environ = {
        "REQUEST_METHOD": method, "PATH_INFO": path, "QUERY_STRING": query, "SCRIPT_NAME": "", "SERVER_NAME": "127.0.0.1", "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1", "HTTP_HOST": "packages.test", "REMOTE_ADDR": "127.0.0.1", "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(body), "wsgi.errors": io.StringIO(), "wsgi.version": (1, 0), "wsgi.multithread": True,
        "wsgi.multiprocess": True, "wsgi.run_once": False, "wsgi.file_wrapper": FileWrapper, **more,
    }
    told: list[tuple[str, list[tuple[str, str]]]] = []
    parts = application(environ, lambda status, given, _exc_info=None: told.append((status, given)))
    try:
        content = b"".join(parts)
    finally:
        if hasattr(parts, "close"):
            parts.close()
    [(status, given)] = told
    return Told(status, given, content)
