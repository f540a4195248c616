"""`make bench`: the numbers of docs/benchmarks.md, measured on this machine, printed as a Markdown table."""

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import psutil

from benchmarks import registry_reads
from benchmarks.release_path import gate_to_first_command, push_to_findings
from service.demo import sample
from tests.lockgate_server import Server

ROUNDS = 7
PAGES = ("/", "/repositories", "/packages", "/reviews", "/pipelines")


def start_to_ready(folder: Path) -> list[float]:
    """Seconds from `lockgate serve` to 200 on /readyz, after the first start."""
    server = Server(folder / "start").start()
    server.stop()
    times = []
    for _ in range(ROUNDS):
        began = time.monotonic()
        server.start()
        times.append(time.monotonic() - began)
        server.stop()
    return times


def resident_megabytes(folder: Path) -> list[tuple[str, float, float]]:
    """What was done, megabytes with shared pages counted once, the same with them counted in every process."""
    server = Server(folder / "memory").start()
    rows = [("when ready", *_resident(server))]
    for _ in range(50):
        server.call("GET", "/api/v1/repositories")
    rows.append(("after 50 API requests", *_resident(server)))
    for page in PAGES * 10:
        server.call("GET", page, headers={"Accept": "text/html"})
    rows.append((f"after 50 requests for {len(PAGES)} pages", *_resident(server)))
    server.stop()
    return rows


def _resident(server: Server) -> tuple[float, float]:
    assert server.process is not None
    top = psutil.Process(server.process.pid)
    everything = [top, *top.children(recursive=True)]
    return sum(p.memory_full_info().pss for p in everything) / 1e6, sum(p.memory_info().rss for p in everything) / 1e6


def demo_seconds(folder: Path) -> float:
    """The whole demonstration with --exit."""
    began = time.monotonic()
    subprocess.run([sys.executable, "-m", "service.cli.main", "demo", "--exit", "--data", str(folder / "demo")], check=True, stdout=subprocess.DEVNULL)
    return time.monotonic() - began


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser("make bench")
    parser.add_argument("--no-demo", action="store_true", help="leave out the minute-long demonstration")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="lockgate-bench-") as place:
        folder = Path(place)
        _row("what", "measured", "target")
        _row("---", "---", "---")
        _measure("serve to ready, after the first start", lambda: start_to_ready(folder), "≤ 2 s")
        for when, once, each in resident_megabytes(folder):
            _row(f"resident {when}, two web workers, job worker and supervisor, shared pages counted once", f"{once:.0f} MB", "≤ 200 MB")
            _row("the same, shared pages counted in every process", f"{each:.0f} MB", "")
        _measure("push of the sample to findings stored", lambda: push_to_findings(folder, sample), "≤ 1 s")
        _measure("gate passed to first build command", lambda: gate_to_first_command(folder, sample), "≤ 1 s")
        for row in registry_reads.rows(folder):
            _row(*row)
        if not options.no_demo:
            _row("whole demonstration after set-up", f"{demo_seconds(folder):.0f} s", "≤ 90 s")


def _measure(what: str, work: Callable[[], list[float]], target: str) -> None:
    times = work()
    _row(what, f"{statistics.median(times):.2f} s (of {len(times)}, slowest {max(times):.2f} s)", target)


def _row(*cells: str) -> None:
    print("| " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
