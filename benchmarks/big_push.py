"""`python -m benchmarks.big_push`: how long a push of five changed files into a tree of 460,000 lines waits for its findings.

A real server, the real git, installed packages as the tree. The first push is analysed whole, which takes minutes; then five files
at a time get another function each, and the wait is from the start of `git push` until the API tells the verdict.
"""

import argparse
import random
import shutil
import statistics
import sysconfig
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import psutil

from benchmarks.analyzers import PACKAGES
from tests.lockgate_server import Server, wait_for
from tests.service.test_git import git

PUSHES = 6
FILES = 5
FIRST_SECONDS_MAX = 3600


def measured(folder: Path, root: Path, names: Sequence[str]) -> tuple[int, float, list[float], list[float]]:
    """Lines, seconds of the first push, and for each later push its seconds and the CPU seconds of all processes of the server."""
    work = folder / "work"
    for name in names:
        shutil.copytree(root / name, work / name, ignore=shutil.ignore_patterns("__pycache__", "*.so"))
    server = Server(folder / "data").start()
    assert server.call("POST", "/api/v1/repositories", {"name": "big"}).status == 201
    git("init", "-q", "-b", "main", cwd=work)
    git("remote", "add", "origin", server.git_url("big"), cwd=work)
    files = sorted(work.rglob("*.py"))
    lines = sum(file.read_bytes().count(b"\n") for file in files)
    first = _pushed(server, work, FIRST_SECONDS_MAX)
    chance, times, costs = random.Random(5), [], []
    for number in range(PUSHES):
        for file in chance.sample(files, FILES):
            file.write_text(f"{file.read_text()}\n\ndef added_{number}(name):\n    return eval(name)\n")
        before = _cpu_seconds(server)
        times.append(_pushed(server, work, 600))
        costs.append(_cpu_seconds(server) - before)
    server.stop()
    return lines, first, times[1:], costs[1:]


def _pushed(server: Server, work: Path, seconds_max: float) -> float:
    git("add", "-A", cwd=work)
    git("commit", "-q", "-m", "Measure", cwd=work)
    commit = git("rev-parse", "HEAD", cwd=work).stdout.strip()
    began = time.monotonic()
    git("push", "-q", "origin", "main", cwd=work)
    path = f"/api/v1/gate/big/{commit}"

    def decided() -> bool:
        answer = server.call("GET", path)
        return answer.status == 200 and bool(answer.json()["verdict"])

    wait_for(decided, seconds_max, "the verdict")
    return time.monotonic() - began


def _cpu_seconds(server: Server) -> float:
    assert server.process is not None
    top = psutil.Process(server.process.pid)
    spent = [one.cpu_times() for one in (top, *top.children(recursive=True))]
    return sum(one.user + one.system + one.children_user + one.children_system for one in spent)


def main() -> None:
    """Prints a Markdown table."""
    parser = argparse.ArgumentParser("python -m benchmarks.big_push")
    parser.add_argument("--root", type=Path, default=Path(sysconfig.get_path("purelib")), help="folder that holds the packages")
    parser.add_argument("packages", nargs="*", default=PACKAGES)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="lockgate-bench-") as place:
        lines, first, times, costs = measured(Path(place), arguments.root, arguments.packages)
    print("| what | measured |\n|---|---|")
    print(f"| first push of {lines:,} lines to its verdict | {first:.0f} s |")
    print(f"| push of {FILES} changed files to its verdict, median of {len(times)} (slowest) | {statistics.median(times):.2f} s ({max(times):.2f}) |")
    print(f"| the same in CPU seconds of the server | {statistics.median(costs):.2f} ({max(costs):.2f}) |")


if __name__ == "__main__":
    main()
