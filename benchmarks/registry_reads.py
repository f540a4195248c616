"""What reading and filling the registry costs: CPU of all web processes per request, as the operating system counts it.

`python -m benchmarks.registry_reads` prints it as a Markdown table; where nginx is installed, its cost for the same bytes beside it.
"""

import secrets
import shutil
import socket
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import orjson

from benchmarks import load
from benchmarks.load import Measured, cpu_seconds, read_answer
from benchmarks.nginx import Nginx
from tests.lockgate_server import Server
from tests.registry.conftest import create_repository
from tests.registry.made import form, npm_document, npm_tarball, wheel

JSON = "application/vnd.pypi.simple.v1+json"
LARGE_FILES = 2000
NPM_VERSIONS = 1000
UPLOADS = 100
HUGE_BYTES = 100 * 1024 * 1024


@contextmanager
def loaded_server(folder: Path, files: int = LARGE_FILES, versions: int = NPM_VERSIONS) -> Iterator[tuple[Server, str]]:
    """A server with the packages that are asked for, and the name of its repository."""
    server = Server(folder / "registry").start()
    repository = create_repository(server)
    for number in range(5):
        _upload(server, repository, wheel("small", f"1.{number}", code=secrets.token_hex(5000)))
    in_threads(4, files, lambda n: _upload(server, repository, wheel("large", f"1.{n}", code=f"n = {n}\n")))
    in_threads(4, versions, lambda n: _publish(server, repository, "many", f"1.{n}.0"))
    try:
        yield server, repository
    finally:
        server.stop()


def read(server: Server | Nginx, path: str, seconds: float = 3.0, **headers: str) -> Measured:
    """Asks with the administrator's token; nginx asks for none."""
    sent = {k.replace("_", "-"): v for k, v in headers.items()}
    if isinstance(server, Server):
        sent["Authorization"] = f"Bearer {server.token}"
    return load.read(server, path, seconds, sent)


def etag(server: Server, path: str, **headers: str) -> str:
    """The page's ETag."""
    return str(server.call("GET", path, headers={k.replace("_", "-"): v for k, v in headers.items()}).headers["ETag"])


def upload(server: Server, repository: str) -> Measured:
    """Uploads wheels of 10 KB from four clients."""
    batch = [form(wheel("up", f"1.{secrets.randbelow(10**9)}", code=secrets.token_hex(5000))) for _ in range(UPLOADS)]
    _upload(server, repository, wheel("up", "0.1"))
    before, began = cpu_seconds(server), time.monotonic()
    in_threads(4, UPLOADS, lambda n: post(server, repository, *batch[n]))
    return Measured((cpu_seconds(server) - before) / UPLOADS * 1e6, (time.monotonic() - began) / UPLOADS * 1e6)


def huge_file(server: Server, repository: str) -> str:
    """Uploads a file of 100 MB; its path."""
    one = wheel("huge", "1.0", members={"huge.bin": ""})
    # A zip archive is read from its end, so a wheel may have anything before it.
    _upload(server, repository, type(one)(one.filename, secrets.token_bytes(HUGE_BYTES) + one.data, one.name, one.version))
    return f"/pypi/default/{repository}/files/huge/{one.filename}"


def speed(server: Server | Nginx, path: str) -> float:
    """MB/s of a file as one client gets it over the loopback; the median of seven."""
    token = server.token if isinstance(server, Server) else ""
    return statistics.median(one_speed(server, path, token) for _ in range(7))


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


def one_speed(server: load.Target, path: str, token: str) -> float:
    """The same, once."""
    sent = f"Authorization: Bearer {token}\r\n" if token else ""
    request = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n{sent}\r\n".encode()
    with socket.create_connection(("127.0.0.1", server.port), load.ANSWER_SECONDS_MAX) as connection:
        began = time.monotonic()
        connection.sendall(request)
        return read_answer(connection, bytearray(1 << 20)) / 1e6 / (time.monotonic() - began)


def _upload(server: Server, repository: str, one: object) -> None:
    post(server, repository, *form(one))  # type: ignore[arg-type]


def post(server: Server, repository: str, headers: dict[str, str], body: bytes) -> None:
    answer = server.call("POST", f"/pypi/default/{repository}/", headers=headers, body=body)
    assert answer.status == 200, answer.text


def _publish(server: Server, repository: str, name: str, version: str) -> None:
    document = npm_document(name, version, npm_tarball(name, version))
    answer = server.call("PUT", f"/npm/default/{repository}/{name}", body=orjson.dumps(document), headers={"Content-Type": "application/json"})
    assert answer.status == 201, answer.text


def in_threads(threads: int, count: int, work: Callable[[int], None]) -> None:
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


def rows(folder: Path) -> Iterator[tuple[str, str, str]]:
    """What was measured, the number, and the target."""
    with loaded_server(folder) as (server, repository):
        pypi, npm = f"/pypi/default/{repository}", f"/npm/default/{repository}"
        small, large = f"{pypi}/simple/small/", f"{pypi}/simple/large/"
        short = {"Accept": "application/vnd.npm.install-v1+json"}
        before = sum(p.memory_full_info().pss for p in server.children("web"))
        reads: list[tuple[str, str, dict[str, str], str]] = [
            ("page of 5 files, HTML", small, {}, "≤ 60 µs"), ("the same, JSON", small, {"Accept": JSON}, "≤ 60 µs"),
            ("the same, not modified", small, {"If_None_Match": etag(server, small)}, "≤ 60 µs"),
            (f"page of {LARGE_FILES} files, not modified", large, {"Accept": JSON, "If_None_Match": etag(server, large, Accept=JSON)}, "≤ 60 µs"),
            (f"page of {LARGE_FILES} files, JSON", large, {"Accept": JSON}, "≤ 700 µs"),
            ("the same, gzip", large, {"Accept": JSON, "Accept_Encoding": "gzip"}, ""),
            (f"page of {LARGE_FILES} files, HTML", large, {}, "≤ 1200 µs"),
            (f"packument of {NPM_VERSIONS} versions, full", f"{npm}/many", {}, "≤ 500 µs"),
            ("the same, abbreviated", f"{npm}/many", short, "≤ 500 µs"),
            ("file of 10 KB", f"{pypi}/files/small/small-1.0-py3-none-any.whl", {}, "≤ 80 µs"),
            ("100 bytes of it", f"{pypi}/files/small/small-1.0-py3-none-any.whl", {"Range": "bytes=0-99"}, ""),
        ]
        huge = huge_file(server, repository)
        with _nginx(folder, server, [(path, headers) for _, path, headers, _ in reads] + [(huge, {})]) as peer:
            for at, (what, path, headers, target) in enumerate(reads):
                beside = f"; nginx {read(peer, f'/{at}', **headers).cpu_us:.0f}" if peer and "If_None_Match" not in headers else ""
                yield f"{what}, CPU a request", f"{read(server, path, **headers).cpu_us:.0f} µs{beside}", target
            beside = f"; nginx {speed(peer, f'/{len(reads)}'):.0f}" if peer else ""
            yield "file of 100 MB to one client", f"{speed(server, huge):.0f} MB/s{beside}", "≥ 0.9 × nginx"
        grown = (sum(p.memory_full_info().pss for p in server.children("web")) - before) / 1e6
        yield "growth of both web processes over these reads", f"{grown:.0f} MB", ""
        yield "upload of a wheel of 10 KB, CPU", f"{upload(server, repository).cpu_us / 1000:.1f} ms", "≤ 3 ms"
        seen = publish_to_visible(server, repository)
        yield f"publication to visible in any process, 99th percentile of {len(seen)}", f"{seen[len(seen) * 99 // 100] * 1000:.0f} ms", "≤ 100 ms"


@contextmanager
def _nginx(folder: Path, server: Server, asked: list[tuple[str, dict[str, str]]]) -> Iterator[Nginx | None]:
    """An nginx with the whole bodies of these answers as files named by their number; None where it is not installed."""
    if shutil.which("nginx") is None:
        yield None
        return
    with Nginx(folder / "nginx") as peer:
        for at, (path, headers) in enumerate(asked):
            told = {k.replace("_", "-"): v for k, v in headers.items() if k not in ("Range", "If_None_Match")}
            (peer.files / str(at)).write_bytes(server.call("GET", path, headers=told).body)
        yield peer


def main() -> None:
    """Prints the table."""
    with tempfile.TemporaryDirectory(prefix="lockgate-bench-") as place:
        print("| what | measured | target |\n|---|---|---|")
        for row in rows(Path(place)):
            print("| " + " | ".join(row) + " |", flush=True)


if __name__ == "__main__":
    main()
