"""What filling the registry costs: CPU of the whole server (web processes, worker, supervisor), as the operating system counts it.

`python -m benchmarks.registry_writes` prints it as a Markdown table. Files that only have to be there already are published through
the registry's own store, in this process and beside the server; what is measured goes over HTTP, one request after another on one
connection that is kept alive.
"""

import argparse
import http.client
import secrets
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import orjson
import psutil

from benchmarks.registry_reads import JSON, publish_to_visible
from registry import catalog, store
from registry.names import pypi_name
from service import start
from service.kernel.blobs import Blob
from service.kernel.site import Site
from tests.lockgate_server import Server
from tests.registry.conftest import create_repository
from tests.registry.made import form, npm_document, npm_tarball, wheel

UPLOADS, PUBLICATIONS, WARMING = 200, 90, 10
FILLED = (0, 10_000, 100_000)
FILES_A_VERSION, VERSIONS_A_PACKAGE = 20, 50
NPM_VERSIONS = (1, 100, 1000)
PAGE_FILES = 1000


@dataclass(frozen=True)
class Spent:
    """CPU seconds by the server's processes: those that answer, and the others."""

    web: float
    others: float

    def each(self, before: "Spent", count: int) -> str:
        """Milliseconds of one request."""
        web, others = (self.web - before.web) / count * 1000, (self.others - before.others) / count * 1000
        return f"{web + others:.1f} ms CPU (web {web:.1f})"


def fill(site: Site, repository: str, begin: int, end: int) -> None:
    """Publishes files number `begin` up to `end`, twenty a version and a thousand a package, without bytes in the blob store."""
    with site.db.read() as session:
        where = catalog.place(session, "default", repository)
    for first in range(begin, end, FILES_A_VERSION):
        package, version = divmod(first // FILES_A_VERSION, VERSIONS_A_PACKAGE)
        name, number = f"filled-{package}", f"1.{version}"
        assets = tuple(_asset(f"filled_{package}-{number}-py3-none-any{n}.whl") for n in range(min(FILES_A_VERSION, end - first)))
        store.publish(site, where, store.Publication(pypi_name(name), name, number, {"name": name, "version": number}, assets), "benchmark")


def upload(server: Server, repository: str) -> str:
    """What one upload of a wheel of 10 KB takes, the mean of two hundred."""
    name = f"up-{secrets.token_hex(4)}"
    made = (form(wheel(name, f"1.{number}", code=secrets.token_hex(5000))) for number in range(UPLOADS + WARMING))
    return _measured(server, [("POST", f"/pypi/default/{repository}/", headers, body) for headers, body in made], WARMING)


def publish(server: Server, repository: str, name: str, begin: int, count: int) -> str:
    """What one npm publication takes, the mean of `count` versions from 1.`begin`.0 on."""
    versions = [f"1.{begin + number}.0" for number in range(count)]
    bodies = [orjson.dumps(npm_document(name, version, npm_tarball(name, version))) for version in versions]
    return _measured(server, [("PUT", f"/npm/default/{repository}/{name}", {"Content-Type": "application/json"}, body) for body in bodies])


def first_page(server: Server, repository: str, name: str, kind: str) -> float:
    """CPU seconds of the first answer after a start of the server, a project page; its imports and first connections included."""
    server.stop()
    server.start()
    before = _web_nanoseconds(server)
    answer = server.call("GET", f"/pypi/default/{repository}/simple/{name}/", headers={"Accept": kind})
    assert answer.status == 200, answer.text
    return (_web_nanoseconds(server) - before) / 1e9


def cpu(server: Server) -> Spent:
    """CPU, user and system, of the server's processes so far."""
    assert server.process is not None
    top = psutil.Process(server.process.pid)
    everything = sum(sum(process.cpu_times()[:2]) for process in [top, *top.children(recursive=True)])
    web = sum(sum(process.cpu_times()[:2]) for process in server.children("web"))
    return Spent(web, everything - web)


def rows(folder: Path, filled: tuple[int, ...]) -> Iterator[tuple[str, str, str]]:
    """What was measured, the number, and the target."""
    server = Server(folder / "registry").start()
    site = start.open_site(server.settings)
    try:
        repository = create_repository(server)
        there = 0
        for count in filled:
            fill(site, repository, there, count)
            there = count
            yield f"upload of a wheel of 10 KB, {count:,} files in the repository", upload(server, repository), "≤ 3 ms"
        published = 0
        for count in NPM_VERSIONS:
            publish(server, repository, "many", published, count - published)
            spent = publish(server, repository, "many", count, PUBLICATIONS)
            published = count + PUBLICATIONS
            yield f"npm publication, {count:,} versions before it", spent, "≤ 3 ms"
        seen = publish_to_visible(server, repository)
        told = f"{seen[len(seen) // 2] * 1000:.0f} / {seen[len(seen) * 99 // 100] * 1000:.0f} ms"
        yield f"publication to visible in any process, 50th / 99th percentile of {len(seen)}", told, "≤ 100 ms"
        fill(site, page := create_repository(server), 0, PAGE_FILES)
        for kind, name in ((JSON, "JSON"), ("text/html", "HTML")):
            yield f"first page of a cold process, {PAGE_FILES:,} files, {name}", _ms(first_page(server, page, "filled-0", kind)), "≤ 15 ms"
    finally:
        site.db.close()
        server.stop()


def _web_nanoseconds(server: Server) -> int:
    """CPU of the web processes; the clock ticks of `cpu` are as long as the one answer that is measured."""
    tasks = (task for process in server.children("web") for task in Path(f"/proc/{process.pid}/task").iterdir())
    return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks)


def _asset(filename: str) -> store.NewAsset:
    digest = secrets.token_hex(32)
    details = {"filetype": "bdist_wheel", "python": "py3", "requires_python": ">=3.9", "core_metadata": secrets.token_hex(32)}
    hashes = {"md5": secrets.token_hex(16), "sha256": digest, "blake2b_256": secrets.token_hex(32)}
    return store.NewAsset(filename, Blob(digest, 10_000), hashes, details)


def _measured(server: Server, requests: list[tuple[str, str, dict[str, str], bytes]], warming: int = 0) -> str:
    """What one of the requests takes; the first few do not count."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    _send(connection, server.token, requests[:warming])
    before = cpu(server)
    _send(connection, server.token, requests[warming:])
    return cpu(server).each(before, len(requests) - warming)


def _send(connection: http.client.HTTPConnection, token: str, requests: Iterable[tuple[str, str, dict[str, str], bytes]]) -> None:
    for method, path, headers, body in requests:
        connection.request(method, path, body, {**headers, "Authorization": f"Bearer {token}"})
        answer = connection.getresponse()
        told = answer.read()
        assert answer.status in (200, 201), told


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.1f} ms CPU"


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser("python -m benchmarks.registry_writes")
    parser.add_argument("--files-max", type=int, default=FILLED[-1], help="leave out the steps beyond so many files")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="lockgate-bench-") as place:
        print("| what | measured | target |\n|---|---|---|")
        for row in rows(Path(place), tuple(count for count in FILLED if count <= options.files_max)):
            print("| " + " | ".join(row) + " |", flush=True)


if __name__ == "__main__":
    main()
