"""Load on one server over kept-alive connections: from wrk where it is installed, else from threads of our own, which reach less."""

import re
import shutil
import socket
import subprocess
import threading
import time
from dataclasses import dataclass
from typing import Protocol

import psutil

CONNECTIONS = 16
ANSWER_SECONDS_MAX = 30


class Target(Protocol):
    """A server under load."""

    @property
    def port(self) -> int:
        """On the loopback."""

    def children(self, role: str, /) -> list[psutil.Process]:
        """The processes whose CPU counts."""


@dataclass(frozen=True)
class Measured:
    """CPU microseconds and seconds on the clock, each per request."""

    cpu_us: float
    wall_us: float


def read(server: Target, path: str, seconds: float, headers: dict[str, str], connections: int = CONNECTIONS) -> Measured:
    """Asks for one path for a while, after a second of warming up. Every answer must be good."""
    sent = {"Host": f"127.0.0.1:{server.port}"} | headers
    _ask(server.port, path, sent, 1, connections)
    before, began = cpu_seconds(server), time.monotonic()
    count = _ask(server.port, path, sent, seconds, connections)
    assert count, f"no request for {path} was answered"
    return Measured((cpu_seconds(server) - before) / count * 1e6, (time.monotonic() - began) / count * 1e6)


def cpu_seconds(server: Target) -> float:
    """User and system time of the server's living processes so far."""
    return float(sum(sum(process.cpu_times()[:2]) for process in server.children("web")))


def read_answer(connection: socket.socket, buffer: bytearray) -> int:
    """Reads one answer; its size. It must be a good one that tells its length."""
    got = b""
    while b"\r\n\r\n" not in got:
        more = connection.recv(65536)
        assert more, "the connection was closed"
        got += more
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


def _ask(port: int, path: str, headers: dict[str, str], seconds: float, connections: int) -> int:
    if shutil.which("wrk"):
        return _with_wrk(port, path, headers, seconds, connections)
    request = (f"GET {path} HTTP/1.1\r\n" + "".join(f"{k}: {v}\r\n" for k, v in headers.items()) + "\r\n").encode()
    return _with_threads(port, request, seconds, connections)


def _with_wrk(port: int, path: str, headers: dict[str, str], seconds: float, connections: int) -> int:
    command = ["wrk", "-t1", f"-c{connections}", f"-d{max(1, round(seconds))}s", "--timeout", f"{ANSWER_SECONDS_MAX}s"]
    for name, value in headers.items():
        command += ["-H", f"{name}: {value}"]
    said = subprocess.run([*command, f"http://127.0.0.1:{port}{path}"], capture_output=True, text=True, check=True).stdout
    return counted(said)


def counted(said: str) -> int:
    """How many answers wrk says it got, all of them good."""
    found = re.search(r"(\d+) requests in", said)
    assert found, said
    assert "Non-2xx" not in said, f"not every answer was good: {said}"
    return int(found[1])


def _with_threads(port: int, request: bytes, seconds: float, connections: int) -> int:
    counts = [0] * connections
    deadline = time.monotonic() + seconds

    def client(number: int) -> None:
        with socket.create_connection(("127.0.0.1", port), ANSWER_SECONDS_MAX) as connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            buffer = bytearray(1 << 20)
            while time.monotonic() < deadline:
                connection.sendall(request)
                read_answer(connection, buffer)
                counts[number] += 1

    threads = [threading.Thread(target=client, args=(n,)) for n in range(connections)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    return sum(counts)
