"""Whether the registry stays as it was: memory over a million reads of many pages and files, and a crowd that asks for one cold file.

`python -m benchmarks.registry_endurance [--requests 1000000] [--minutes 10]` prints Markdown tables and fails where memory grows or a crowd
is not one fetch. When the minutes are over, fewer reads than wanted are judged, and it says so.
"""

import argparse
import secrets
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from benchmarks import load
from benchmarks.registry_reads import JSON, in_threads, post
from tests.lockgate_server import Server
from tests.registry.conftest import create_repository
from tests.registry.fake_upstream import FakeUpstream
from tests.registry.made import form, wheel

PROJECTS = 400
FILES = 3
SAMPLES = 10
WARM_SAMPLES = 3
"""Until then the caches fill: what is kept is bounded by bytes, and each of the processes has its own."""
GROWTH_MAX = 0.05
CLIENTS = 100
COLD_ROUNDS = 5
COLD_BYTES = 5 * 1024 * 1024
REQUESTS_SECONDS_MAX = 900
_SCRIPT = """
local paths = {{}}
for line in io.lines("{list}") do paths[#paths + 1] = line end
math.randomseed({seed})
request = function()
  local accept = math.random(3) == 1 and "text/html" or "{accept}"
  return wrk.format("GET", paths[math.random(#paths)], {{["Authorization"] = "Bearer {token}", ["Accept"] = accept}})
end
"""


def memory(folder: Path, requests: int, projects: int, seconds_max: float) -> Iterator[tuple[int, float, float]]:
    """(reads so far, proportional, resident MB of the web processes), a row each tenth of the reads; the first before any.

    Ends before that when `seconds_max` are over.
    """
    server = Server(folder / "endurance").start()
    try:
        repository = create_repository(server)
        files = [wheel(f"many-{n // FILES:03d}", f"1.{n % FILES}", code=secrets.token_hex(5000)) for n in range(projects * FILES)]
        in_threads(4, len(files), lambda n: post(server, repository, *form(files[n])))
        base = f"/pypi/default/{repository}"
        paths = [f"{base}/simple/{name}/" for name in dict.fromkeys(one.name for one in files)]
        paths += [f"{base}/files/{one.name}/{one.filename}" for one in files]
        done, ends = 0, time.monotonic() + seconds_max
        yield done, *_megabytes(server)
        while done < requests and time.monotonic() < ends:
            wanted = min(requests // SAMPLES, requests - done) or 1
            while wanted > 0 and time.monotonic() < ends:
                got = _read_any(folder, server, paths, wanted)
                done, wanted = done + got, wanted - got
            yield done, *_megabytes(server)
    finally:
        server.stop()


def crowd(folder: Path) -> list[int]:
    """How often the outside index was asked for a cold file that a hundred clients want at once, in each round. All bodies must be right."""
    server, upstream = Server(folder / "crowd").start(), FakeUpstream()
    try:
        repository = create_repository(server, [{"format": "pypi", "url": f"{upstream.url}/simple/"}])
        asked = []
        for number in range(COLD_ROUNDS):
            one = wheel(f"cold{number}", "1.0", code=f"data = '{secrets.token_hex(COLD_BYTES // 2)}'\n")
            upstream.offer(one)
            path, together = f"/pypi/default/{repository}/files/{one.name}/{one.filename}", threading.Barrier(CLIENTS)

            def client(_number: int, path: str = path, together: threading.Barrier = together) -> bytes:
                together.wait()
                answer = server.call("GET", path)
                assert answer.status == 200, answer.text
                return answer.body

            with ThreadPoolExecutor(CLIENTS) as pool:
                bodies = list(pool.map(client, range(CLIENTS)))
            assert all(body == one.data for body in bodies), "a client got something else"
            asked.append(upstream.asked[f"/files/{one.filename}"])
        return asked
    finally:
        upstream.stop()
        server.stop()


def _read_any(folder: Path, server: Server, paths: list[str], wanted: int) -> int:
    """Reads some of the paths in no order, about as often as wanted; how often. Every answer must be good."""
    if not shutil.which("wrk"):
        return _without_wrk(server, paths, wanted)
    listed, script = folder / "paths", folder / "reads.lua"
    listed.write_text("\n".join(paths))
    script.write_text(_SCRIPT.format(list=listed, seed=secrets.randbelow(10**9), accept=JSON, token=server.token))
    seconds = max(1, min(60, wanted // 10_000))
    said = subprocess.run(
        ["wrk", "-t1", f"-c{load.CONNECTIONS}", f"-d{seconds}s", "-s", str(script), server.url], capture_output=True, text=True, check=True,
        timeout=REQUESTS_SECONDS_MAX,
    ).stdout
    return load.counted(said)


def _without_wrk(server: Server, paths: list[str], wanted: int) -> int:
    def ask(number: int) -> None:
        answer = server.call("GET", paths[secrets.randbelow(len(paths))], headers={"Accept": JSON if number % 3 else "text/html"})
        assert answer.status == 200, answer.text

    in_threads(8, wanted, ask)
    return wanted


def _megabytes(server: Server) -> tuple[float, float]:
    memories = [process.memory_full_info() for process in server.children("web")]
    return sum(one.pss for one in memories) / 1e6, sum(one.rss for one in memories) / 1e6


def main() -> None:
    """Prints the tables."""
    parser = argparse.ArgumentParser("python -m benchmarks.registry_endurance")
    parser.add_argument("--requests", type=int, default=1_000_000, help="reads over which memory is watched")
    parser.add_argument("--minutes", type=float, default=20, help="after which no more reads are begun")
    parser.add_argument("--projects", type=int, default=PROJECTS, help=f"with {FILES} files each; few make a quick try")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped"))  # so that no server stays behind
    failed = []
    with tempfile.TemporaryDirectory(prefix="lockgate-bench-") as place:
        asked = crowd(Path(place))
        print(f"{CLIENTS} clients asking at once for one cold file of {COLD_BYTES // 2**20} MiB, {COLD_ROUNDS} times: "
              f"asked of the index {', '.join(map(str, asked))} times; every body right.\n", flush=True)
        if set(asked) != {1}:
            failed.append("a cold file was fetched more than once")
        print(f"Memory of the web processes, {options.projects} pages in two forms and {options.projects * FILES} files read in no order:\n")
        print("| reads | shared pages counted once, MB | counted in every process, MB |\n|---|---|---|")
        used = []
        for reads, pss, rss in memory(Path(place), options.requests, options.projects, options.minutes * 60):
            used.append(pss)
            print(f"| {reads} | {pss:.0f} | {rss:.0f} |", flush=True)
    if reads < options.requests:
        print(f"\nThe time was over after {reads} of {options.requests} reads.")
    if len(used) > WARM_SAMPLES + 1:
        warm, last = used[WARM_SAMPLES], statistics.median(used[-3:])
        print(f"\nFrom the warm state to the end: {last - warm:+.0f} MB ({(last / warm - 1) * 100:+.1f} %).")
        if last > warm * (1 + GROWTH_MAX):
            failed.append("memory grows")
    else:
        failed.append("memory was not watched for long enough to be judged")
    if failed:
        sys.exit("; ".join(failed))


if __name__ == "__main__":
    main()
