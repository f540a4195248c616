"""What reading and filling the registry costs: CPU of all web processes per request, as their operating system counts it."""

import secrets
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import orjson

from tests.lockgate_server import Server
from tests.registry.conftest import create_repository
from tests.registry.made import form, npm_document, npm_tarball, wheel

JSON = "application/vnd.pypi.simple.v1+json"
CONNECTIONS = 8
LARGE_FILES = 2000
NPM_VERSIONS = 1000
UPLOADS = 100
HUGE_BYTES = 100 * 1024 * 1024


@dataclass(frozen=True)
class Measured:
    """CPU microseconds and seconds on the clock, each per request."""

    cpu_us: float
    wall_us: float


@contextmanager
def loaded_server(folder: Path) -> Iterator[tuple[Server, str]]:
    """A server with the packages that are asked for, and the name of its repository."""
    server = Server(folder / "registry").start()
    repository = create_repository(server)
    for number in range(5):
        _upload(server, repository, wheel("small", f"1.{number}", code=secrets.token_hex(5000)))
    _in_threads(4, LARGE_FILES, lambda n: _upload(server, repository, wheel("large", f"1.{n}", code=f"n = {n}\n")))
    _in_threads(4, NPM_VERSIONS, lambda n: _publish(server, repository, "many", f"1.{n}.0"))
    try:
        yield server, repository
    finally:
        server.stop()


def read(server: Server, path: str, seconds: float = 3.0, **headers: str) -> Measured:
    """Asks over kept-alive connections for a while; the first second warms up."""
    sent = {"Host": f"127.0.0.1:{server.port}", "Authorization": f"Bearer {server.token}"} | {k.replace("_", "-"): v for k, v in headers.items()}
    request = (f"GET {path} HTTP/1.1\r\n" + "".join(f"{k}: {v}\r\n" for k, v in sent.items()) + "\r\n").encode()
    _hammer(server.port, request, 1.0)
    before, began = _cpu(server), time.monotonic()
    count = _hammer(server.port, request, seconds)
    return Measured((_cpu(server) - before) / count * 1e6, (time.monotonic() - began) / count * 1e6)


def etag(server: Server, path: str, **headers: str) -> str:
    """The page's ETag."""
    return str(server.call("GET", path, headers={k.replace("_", "-"): v for k, v in headers.items()}).headers["ETag"])


def upload(server: Server, repository: str) -> Measured:
    """Uploads wheels of 10 KB from four clients."""
    batch = [form(wheel("up", f"1.{secrets.randbelow(10**9)}", code=secrets.token_hex(5000))) for _ in range(UPLOADS)]
    _upload(server, repository, wheel("up", "0.1"))
    before, began = _cpu(server), time.monotonic()
    _in_threads(4, UPLOADS, lambda n: _post(server, repository, *batch[n]))
    return Measured((_cpu(server) - before) / UPLOADS * 1e6, (time.monotonic() - began) / UPLOADS * 1e6)


def huge_file(server: Server, repository: str) -> float:
    """MB/s of one file of 100 MB over the loopback, as one client reads it; the best of five."""
    one = wheel("huge", "1.0", members={"huge.bin": ""})
    path = f"/pypi/default/{repository}/files/huge/{one.filename}"
    padded = type(one)(one.filename, _padded(one.data), one.name, one.version)
    _upload(server, repository, padded)
    return max(_speed(server, path, len(padded.data)) for _ in range(5))


def publish_to_visible(server: Server, repository: str, rounds: int = 200) -> list[float]:
    """Seconds from the answer to an upload to its version on the page, asked of whatever web process answers; sorted."""
    times = []
    path = f"/pypi/default/{repository}/simple/seen/"
    for number in range(rounds):
        one = wheel("seen", f"1.{number}", code=f"n = {number}\n")
        _upload(server, repository, one)
        began = time.monotonic()
        while one.filename.encode() not in server.call("GET", path).body:
            pass
        times.append(time.monotonic() - began)
    return sorted(times)


def _hammer(port: int, request: bytes, seconds: float) -> int:
    counts = [0] * CONNECTIONS
    deadline = time.monotonic() + seconds

    def client(number: int) -> None:
        with socket.create_connection(("127.0.0.1", port)) as connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            buffer = bytearray(1 << 20)
            while time.monotonic() < deadline:
                connection.sendall(request)
                _answer(connection, buffer)
                counts[number] += 1

    threads = [threading.Thread(target=client, args=(n,)) for n in range(CONNECTIONS)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert sum(counts), "no request was answered"
    return sum(counts)


def _answer(connection: socket.socket, buffer: bytearray) -> int:
    """Reads one answer; its size. It must be a good one that tells its length."""
    got = b""
    while b"\r\n\r\n" not in got:
        got += connection.recv(65536)
        assert got, "the connection was closed"
    head, _, rest = got.partition(b"\r\n\r\n")
    status = int(head[9:12])
    assert status in (200, 206, 304), head
    length = 0 if status == 304 else int(next(line[15:] for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")))
    left = length - len(rest)
    while left > 0:
        received = connection.recv_into(buffer, min(left, len(buffer)))
        assert received, "the answer broke off"
        left -= received
    return length


def _speed(server: Server, path: str, size: int) -> float:
    request = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\nAuthorization: Bearer {server.token}\r\n\r\n".encode()
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        began = time.monotonic()
        connection.sendall(request)
        assert _answer(connection, bytearray(1 << 20)) == size
        return size / 1e6 / (time.monotonic() - began)


def _cpu(server: Server) -> float:
    return sum(sum(p.cpu_times()[:2]) for p in server.children("web"))


def _upload(server: Server, repository: str, one: object) -> None:
    _post(server, repository, *form(one))  # type: ignore[arg-type]


def _post(server: Server, repository: str, headers: dict[str, str], body: bytes) -> None:
    answer = server.call("POST", f"/pypi/default/{repository}/", headers=headers, body=body)
    assert answer.status == 200, answer.text


def _publish(server: Server, repository: str, name: str, version: str) -> None:
    document = npm_document(name, version, npm_tarball(name, version))
    answer = server.call("PUT", f"/npm/default/{repository}/{name}", body=orjson.dumps(document), headers={"Content-Type": "application/json"})
    assert answer.status == 201, answer.text


def _in_threads(threads: int, count: int, work: Callable[[int], None]) -> None:
    failed: list[Exception] = []

    def some(start: int) -> None:
        try:
            for number in range(start, count, threads):
                work(number)
        except Exception as error:  # noqa: BLE001  raised again by the caller
            failed.append(error)

    running = [threading.Thread(target=some, args=(n,)) for n in range(threads)]
    for one in running:
        one.start()
    for one in running:
        one.join()
    if failed:
        raise failed[0]


def _padded(archive: bytes) -> bytes:
    """The wheel with 100 MB before it: a zip archive is read from its end."""
    return secrets.token_bytes(HUGE_BYTES) + archive
