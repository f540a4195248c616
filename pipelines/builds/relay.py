"""The one way out of a build with the network `registry`: a Unix socket that leads to package paths of this server.

Each connection carries one request. Its head is read, a path outside the package registries is refused here, and the
rest is passed on byte for byte, no longer than the head said, so nothing can ride behind an allowed request.
"""

import contextlib
import os
import re
import socket
import ssl
import threading
from collections import deque
from pathlib import Path
from typing import BinaryIO
from urllib.parse import unquote, urlsplit

ALLOWED = ("/pypi/", "/npm/", "/maven/", "/nuget/", "/generic/")
CONNECTIONS_MAX = 64
HEAD_BYTES_MAX = 64 * 1024
CHUNK_BYTES = 64 * 1024
WAIT_SECONDS_MAX = 300.0
REFUSALS_KEPT = 20

_HOP = ("connection", "keep-alive", "proxy-connection", "upgrade", "host", "te", "trailer")


class _Refused(Exception):
    """The request is not passed on; status line and text for the client."""

    def __init__(self, status: str, text: str) -> None:
        super().__init__(text)
        self.status, self.text = status, text


class Relay:
    """Listens on `control`/relay.sock until closed. `refusals` tells what was asked for in vain."""

    def __init__(self, control: Path, base_url: str) -> None:
        self._target = urlsplit(base_url)
        self._slots = threading.BoundedSemaphore(CONNECTIONS_MAX)
        self._open: set[socket.socket] = set()
        self._closed = False
        self.refusals: deque[str] = deque(maxlen=REFUSALS_KEPT)
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        folder = os.open(control, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            # The path of a Unix socket has 107 characters at most; through the descriptor any folder is short enough.
            self._listener.bind(f"/proc/self/fd/{folder}/relay.sock")
        finally:
            os.close(folder)
        (control / "relay.sock").chmod(0o666)
        self._listener.listen(CONNECTIONS_MAX)
        self._thread = threading.Thread(target=self._accept, name="build-relay", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Ends every connection."""
        self._closed = True
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for one in list(self._open):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        self._thread.join()

    def _accept(self) -> None:
        while not self._closed:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self._slots.acquire()
            threading.Thread(target=self._serve, args=(client,), name="build-relay-one", daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        self._open.add(client)
        try:
            client.settimeout(WAIT_SECONDS_MAX)
            with client, client.makefile("rb") as sent:
                try:
                    self._pass_on(client, sent)
                except _Refused as refusal:
                    body = refusal.text.encode() + b"\n"
                    head = f"HTTP/1.1 {refusal.status}\r\nContent-Type: text/plain\r\nContent-Length: {len(body)}\r\n"
                    client.sendall(head.encode() + b"Connection: close\r\n\r\n" + body)
        except OSError:
            pass  # either side went away; the client of the build reports it in its own words
        finally:
            self._open.discard(client)
            self._slots.release()

    def _pass_on(self, client: socket.socket, sent: BinaryIO) -> None:
        head = read_head(sent)
        if not head:
            return
        try:
            request, length, chunked = check_head(head, self._target.netloc.rpartition("@")[2])
        except _Refused as refusal:
            self.refusals.append(refusal.text)
            raise
        try:
            upstream = self._connect()
        except OSError as error:
            raise _Refused("502 Bad Gateway", f"the Lockgate server did not answer: {error}") from None
        self._open.add(upstream)
        try:
            with upstream:
                upstream.sendall(request)
                body = threading.Thread(target=_send_body, args=(sent, upstream, length, chunked), daemon=True)
                body.start()
                while data := upstream.recv(CHUNK_BYTES):
                    client.sendall(data)
                client.shutdown(socket.SHUT_RDWR)  # ends the body's thread, should the client still be sending
                body.join()
        finally:
            self._open.discard(upstream)

    def _connect(self) -> socket.socket:
        host = self._target.hostname or "127.0.0.1"
        secure = self._target.scheme == "https"
        plain = socket.create_connection((host, self._target.port or (443 if secure else 80)), timeout=30)
        plain.settimeout(WAIT_SECONDS_MAX)
        return ssl.create_default_context().wrap_socket(plain, server_hostname=host) if secure else plain


def read_head(sent: BinaryIO) -> list[bytes]:
    """The lines of a request head, without their ends; [] when the client closed. Raises a refusal for one too long."""
    lines: list[bytes] = []
    total = 0
    while line := sent.readline(HEAD_BYTES_MAX):
        total += len(line)
        if total > HEAD_BYTES_MAX or not line.endswith(b"\n"):
            raise _Refused("431 Request Header Fields Too Large", "the request head is too large")
        line = line.rstrip(b"\r\n")
        if not line and lines:
            return lines
        if line:
            lines.append(line)
    return []


def check_head(lines: list[bytes], host: str) -> tuple[bytes, int, bool]:
    """The head to send on, the length of the body and whether it is chunked. Raises a refusal."""
    words = lines[0].split(b" ")
    if len(words) != 3 or not words[2].startswith(b"HTTP/1."):
        raise _Refused("400 Bad Request", "this is no HTTP/1.1 request")
    target = words[1].decode("latin-1")
    if not allowed(target):
        raise _Refused("403 Forbidden", f"a build reaches package registries only, not {target[:200]}")
    kept = [b" ".join((words[0], words[1], b"HTTP/1.1")), b"Host: " + host.encode(), b"Connection: close"]
    length: int | None = None
    chunked = False
    for line in lines[1:]:
        name, colon, value = line.partition(b":")
        lower = name.decode("latin-1").lower()
        if not colon or not re.fullmatch(r"[!#$%&'*+.^_`|~0-9a-z-]+", lower):
            raise _Refused("400 Bad Request", "a header line is not well formed")
        if lower in _HOP:
            continue
        if lower == "content-length":
            if length is not None or not re.fullmatch(rb"[0-9]{1,15}", value.strip()):
                raise _Refused("400 Bad Request", "the Content-Length is not one number")
            length = int(value)
        elif lower == "transfer-encoding":
            if value.strip().lower() != b"chunked" or chunked:
                raise _Refused("501 Not Implemented", "the transfer encoding must be chunked")
            chunked = True
        kept.append(line)
    if chunked and length is not None:
        raise _Refused("400 Bad Request", "a request has a Content-Length or is chunked, not both")
    return b"\r\n".join(kept) + b"\r\n\r\n", length or 0, chunked


def allowed(target: str) -> bool:
    """Whether a request target lies under a package registry, however it is written."""
    path = target.partition("?")[0]
    for _round in range(3):  # a server may decode once; a second layer could hide a way up
        if not path.startswith(ALLOWED) or ".." in path.split("/") or "\\" in path or "//" in path:
            return False
        path = unquote(path)
    return True


def _send_body(sent: BinaryIO, upstream: socket.socket, length: int, chunked: bool) -> None:
    with contextlib.suppress(OSError):
        try:
            if chunked:
                _send_chunks(sent, upstream)
            else:
                _send(sent, upstream, length)
        except ValueError:
            upstream.shutdown(socket.SHUT_RDWR)  # cut short or broken: the server must not take it for complete


def _send_chunks(sent: BinaryIO, upstream: socket.socket) -> None:
    while True:
        line = sent.readline(1024)
        size = int(line.partition(b";")[0], 16)
        if size < 0 or not line.endswith(b"\n"):
            raise ValueError("not a chunk")
        upstream.sendall(b"%x\r\n" % size)
        if not size:
            break
        _send(sent, upstream, size)
        if sent.readline(2).strip(b"\r\n"):
            raise ValueError("a chunk is longer than it says")
        upstream.sendall(b"\r\n")
    while (line := sent.readline(HEAD_BYTES_MAX)) not in (b"\r\n", b"\n", b""):
        pass  # trailers are dropped
    upstream.sendall(b"\r\n")


def _send(sent: BinaryIO, upstream: socket.socket, length: int) -> None:
    while length:
        data = sent.read(min(length, CHUNK_BYTES))
        if not data:
            raise ValueError("the body is shorter than it says")
        upstream.sendall(data)
        length -= len(data)
