"""How long the steps between a push and a build take."""

import time
from datetime import datetime
from pathlib import Path
from types import ModuleType
from typing import Any

from tests.lockgate_server import Server, wait_for
from tests.service.test_git import git

PUSHES = 5


def push_to_findings(folder: Path, sample: ModuleType) -> list[float]:
    """Seconds from the start of `git push` of the sample to its findings in the API, on a warm server."""
    server = Server(folder / "push").start()
    times = []
    for number in range(PUSHES + 1):
        work = _project(server, folder / f"push-{number}", f"sample{number}", sample)
        sample.commit_one(work)
        commit = _commit(work)
        began = time.monotonic()
        git("push", "-q", "origin", "main", cwd=work)
        _review(server, f"sample{number}", commit)
        times.append(time.monotonic() - began)
    server.stop()
    return times[1:]  # the first warms the analysers up, as any earlier push would have


def gate_to_first_command(folder: Path, sample: ModuleType) -> list[float]:
    """Seconds from the gate's decision to the first line that the build's first command printed."""
    server = Server(folder / "gate").start()
    times = []
    for number in range(PUSHES):
        name = f"gate{number}"
        work = _project(server, folder / f"gate-{number}", name, sample)
        (work / "buildspec.yml").write_text("version: 0.2\nphases:\n  build:\n    commands:\n      - date +first=%s.%N\n")
        (work / "pipeline.yml").write_text(
            f"name: {name}\nstages:\n  - name: A\n    actions: [{{name: gate, kind: gate}}]\n  - name: B\n    actions: [{{name: build, kind: build}}]\n")
        commit = _commit(work)
        server.call("POST", "/api/v1/pipelines", {"name": name, "project": name, "repository": name, "domain": "default", "package_repository": "main"})
        git("push", "-q", "origin", "main", cwd=work)
        review = _review(server, name, commit)
        assert review["verdict"] == "passed", review
        text = wait_for(lambda name=name: _log(server, name), 30, "the build's first line")
        first = float(next(word for word in text.split() if word.startswith("first=") and "%" not in word).removeprefix("first="))
        passed = datetime.fromisoformat(review["finished_at"]).timestamp()
        times.append(first - passed)
    server.stop()
    return times


def _project(server: Server, work: Path, name: str, sample: ModuleType) -> Path:
    assert server.call("POST", "/api/v1/repositories", {"name": name}).status == 201
    sample.lay_out(work)
    git("init", "-q", "-b", "main", cwd=work)
    git("remote", "add", "origin", server.git_url(name), cwd=work)
    return work


def _commit(work: Path) -> str:
    git("add", "-A", cwd=work)
    git("commit", "-q", "-m", "measure", cwd=work)
    return git("rev-parse", "HEAD", cwd=work).stdout.strip()


def _review(server: Server, repository: str, commit: str) -> Any:
    def done() -> Any:
        items = server.call("GET", f"/api/v1/reviews?repository={repository}&commit={commit}").json()["items"]
        return items[0] if items and items[0]["state"] in ("passed", "blocked", "failed") else None

    return wait_for(done, 60, "the review")


def _log(server: Server, pipeline: str) -> str:
    items = server.call("GET", f"/api/v1/executions?pipeline={pipeline}").json()["items"]
    if not items:
        return ""
    execution = server.call("GET", f"/api/v1/executions/{items[0]['id']}").json()
    for stage in execution["stages"]:
        for action in stage["actions"]:
            for attempt in action.get("attempts", []):
                text = server.call("GET", f"/api/v1/attempts/{attempt['id']}/log?from=0&wait=0").text
                if any(word.startswith("first=") and "%" not in word for word in text.split()):
                    return text
    return ""
