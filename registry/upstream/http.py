"""Talking to other indexes: proxies and certificates of the environment, limits on everything, nothing believed."""

import os
import ssl
import threading
import time
from dataclasses import dataclass
from functools import cache
from http.client import HTTPMessage
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urljoin, urlsplit, urlunsplit
from urllib.request import getproxies, proxy_bypass

import urllib3
from urllib3.exceptions import HTTPError

from registry.catalog import Connection
from registry.upstream import addresses
from registry.upstream.addresses import PrivateAddress, Unsafe
from service.kernel.blobs import CHUNK_BYTES
from service.kernel.errors import Problem

REDIRECTS_MAX = 5
CONNECT_SECONDS = 10.0
READ_SECONDS = 30.0
DOCUMENT_SECONDS = 60.0
"""For a whole page or packument: an index that sends a byte now and then must not hold its readers."""
FILE_SECONDS = 3600.0
USER_AGENT = "lockgate-registry"
_CA_VARIABLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "PIP_CERT", "NODE_EXTRA_CA_CERTS")
_lock = threading.Lock()


class UpstreamDown(Problem):
    """The external index gave no answer that could be used, and there is no copy of an earlier one."""

    status = 502
    says = "the external index {host} cannot be used now: {why}"
    todo = "What was fetched from it before is still served; try again later."


class Unreachable(UpstreamDown):
    """No answer at all: what holds for one package holds for all of that index."""


class LeadsInside(UpstreamDown):
    """The index, or a link or redirect of it, leads to an internal address; nothing was sent there."""

    says = "the external index {host} leads to an internal address, where this connection may not go"
    todo = "Have an administrator (admin:ConnectPrivate on admin/upstreams) connect the index again."


@dataclass
class Remote:
    """An answer whose body is read in pieces; close it."""

    status: int
    headers: Any
    url: str
    _body: Any
    _deadline: float

    def read(self, size: int, /) -> bytes:
        """At most `size` bytes of the body, decoded. Raises UpstreamDown when the connection breaks or takes too long."""
        if time.monotonic() > self._deadline:
            raise UpstreamDown(host=host_of(self.url), why="its answer took too long")
        try:
            # read1 answers what has come; read would wait for all of `size`, however slowly it drips.
            data: bytes = self._body.read1(size)
        except (HTTPError, OSError) as error:
            raise UpstreamDown(host=host_of(self.url), why=f"the connection broke ({type(error).__name__})") from None
        return data

    def close(self) -> None:
        """Gives the connection up; one whose body was not read to the end is not used again."""
        self._body.close()

    def __enter__(self) -> "Remote":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def host_of(url: str) -> str:
    """Where a URL leads, without the password it may hold."""
    parts = urlsplit(url)
    return (parts.netloc.rpartition("@")[2] or parts.path)[:200]


def shown(url: str) -> str:
    """The URL without user name and password."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def get(
    connection: Connection, url: str, headers: dict[str, str] | None = None, *, decode: bool = True, seconds: float = DOCUMENT_SECONDS
) -> Remote:
    """Asks for a URL of (or named by) an external connection, following redirects. Raises UpstreamDown.

    The body must have come within `seconds`. No redirect and no link leads to internal addresses unless the connection may go there.
    Credentials go only to the connection's own host; an https index cannot send us to plain http, nor any to a local file.
    """
    deadline = time.monotonic() + seconds
    for _ in range(REDIRECTS_MAX + 1):
        scheme = urlsplit(url).scheme
        home = urlsplit(connection.url).scheme
        if scheme == "file" and home == "file":
            return _get_file(connection, url, deadline)
        if scheme not in ("http", "https") or home == "file" or (home == "https" and scheme != "https"):
            raise UpstreamDown(host=host_of(connection.url), why=f"it refers to {scheme}://{host_of(url)}, which is not followed")
        remote = _get_once(connection, url, headers or {}, decode, deadline)
        if remote.status not in (301, 302, 303, 307, 308):
            return remote
        remote.close()
        url = urljoin(url, remote.headers.get("Location", ""))
    raise UpstreamDown(host=host_of(connection.url), why=f"more than {REDIRECTS_MAX} redirects")


def read_whole(remote: Remote, limit_bytes: int) -> bytes:
    """The body, if it stays within a limit; an endless one raises UpstreamDown."""
    parts, size = [], 0
    while chunk := remote.read(CHUNK_BYTES):
        size += len(chunk)
        if size > limit_bytes:
            raise UpstreamDown(host=host_of(remote.url), why=f"its answer is larger than {limit_bytes} bytes")
        parts.append(chunk)
    return b"".join(parts)


def _get_once(connection: Connection, url: str, headers: dict[str, str], decode: bool, deadline: float) -> Remote:
    parts = urlsplit(url)
    sent = {"User-Agent": USER_AGENT, "Accept-Encoding": "gzip" if decode else "identity", **headers}
    home = urlsplit(connection.url)
    if home.username is not None and (parts.scheme, parts.hostname, parts.port) == (home.scheme, home.hostname, home.port):
        sent |= urllib3.make_headers(basic_auth=f"{unquote(home.username)}:{unquote(home.password or '')}")
    try:
        addresses.check_literal(url, private=connection.private)
    except PrivateAddress:
        raise LeadsInside(host=host_of(url)) from None
    plain = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2], fragment=""))
    try:
        answer = _pool(connection, _proxy_for(parts.scheme, parts.hostname or "")).request(
            "GET", plain, headers=sent, redirect=False, preload_content=False, decode_content=decode,
            retries=urllib3.Retry(total=1, redirect=False, status=0),
            timeout=urllib3.Timeout(connect=CONNECT_SECONDS, read=READ_SECONDS),
        )
    except Unsafe:
        raise LeadsInside(host=host_of(url)) from None
    except (HTTPError, OSError) as error:
        why = getattr(error, "reason", None) or error
        raise Unreachable(host=host_of(url), why=f"{type(why).__name__}") from None
    return Remote(answer.status, answer.headers, plain, answer, deadline)


def _get_file(connection: Connection, url: str, deadline: float) -> Remote:
    # An index on disk keeps its files beside its pages, so its links may climb one folder above it, and no further.
    root = Path(unquote(urlsplit(connection.url).path)).resolve().parent
    path = Path(unquote(urlsplit(url).path)).resolve()
    if not path.is_relative_to(root):
        raise UpstreamDown(host=host_of(connection.url), why="it refers to a file outside of its folder")
    if path.is_dir():
        path = path / "index.html"
    headers = HTTPMessage()
    try:
        file = path.open("rb")
    except OSError:
        return Remote(404, headers, url, _Nothing(), deadline)
    stat = os.fstat(file.fileno())
    headers["Content-Type"] = "text/html" if path.suffix == ".html" else "application/octet-stream"
    headers["Content-Length"] = str(stat.st_size)
    headers["ETag"] = f'"{stat.st_mtime_ns}-{stat.st_size}"'
    return Remote(200, headers, url, file, deadline)


class _Nothing:
    def read1(self, _size: int) -> bytes:
        return b""

    def close(self) -> None:
        """Nothing to close."""


def _proxy_for(scheme: str, host: str) -> str:
    return "" if proxy_bypass(host) else getproxies().get(scheme, "")


def _pool(connection: Connection, proxy: str) -> urllib3.PoolManager:
    with _lock:
        return _make_pool(connection.ca_file, proxy, connection.private)


@cache
def _make_pool(ca_file: str, proxy: str, private: bool) -> urllib3.PoolManager:
    context = ssl.create_default_context()
    for file in (ca_file, *(os.environ.get(name, "") for name in _CA_VARIABLES)):
        if file and Path(file).is_file():
            context.load_verify_locations(cafile=file)
    options: dict[str, Any] = {"num_pools": 20, "maxsize": 16, "block": False, "ssl_context": context}
    return urllib3.ProxyManager(proxy, **options) if proxy else addresses.guarded_pool(private, **options)
