"""kill -9 of any process at any moment: nothing lost, nothing twice."""

from pathlib import Path
from typing import Any

import pytest

from tests.lockgate_server import Server, wait_for
from tests.service.test_git import git

PIPELINE = """name: {name}
stages:
  - name: Review
    actions: [{{name: gate, kind: gate}}]
  - name: Build
    actions: [{{name: build, kind: build, outputs: [build]}}]
  - name: Publish
    actions: [{{name: publish, kind: publish, inputs: [build]}}]
"""
BUILDSPEC = """version: 0.2
phases:
  build:
    commands:
      - echo building
      - sleep {seconds}
      - mkdir -p dist
      - python3 make.py
artifacts:
  files: [dist/*]
"""
MAKE = '''"""Writes a wheel by hand, so that the test needs no upstream."""
import zipfile

with zipfile.ZipFile("dist/crashy-1.0-py3-none-any.whl", "w") as wheel:
    wheel.writestr("crashy.py", "X = 1\\n")
    wheel.writestr("crashy-1.0.dist-info/METADATA", "Metadata-Version: 2.1\\nName: crashy\\nVersion: 1.0\\n")
    wheel.writestr("crashy-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\\nGenerator: t\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
    wheel.writestr("crashy-1.0.dist-info/RECORD", "")
'''


def project(server: Server, folder: Path, name: str, seconds: float = 0) -> Path:
    """A pushed-to-be project whose build takes `seconds`."""
    assert server.call("POST", "/api/v1/repositories", {"name": name}).status == 201
    body = {"name": name, "project": name, "repository": name, "domain": "default", "package_repository": "main"}
    assert server.call("POST", "/api/v1/pipelines", body).status == 201
    git("init", "-q", "-b", "main", str(folder))
    git("remote", "add", "origin", server.git_url(name), cwd=folder)
    for file, text in (("pipeline.yml", PIPELINE.format(name=name)), ("buildspec.yml", BUILDSPEC.format(seconds=seconds)), ("make.py", MAKE)):
        (folder / file).write_text(text)
    return folder


def push(folder: Path) -> str:
    git("add", "-A", cwd=folder)
    git("commit", "-q", "-m", "go", cwd=folder)
    git("push", "-q", "origin", "main", cwd=folder)
    return git("rev-parse", "HEAD", cwd=folder).stdout.strip()


def execution(server: Server, name: str) -> Any:
    items = server.call("GET", f"/api/v1/executions?pipeline={name}").json()["items"]
    return server.call("GET", f"/api/v1/executions/{items[0]['id']}").json() if items else None


def ended(server: Server, name: str) -> Any:
    found = execution(server, name)
    return found if found and found["state"] in ("passed", "failed", "blocked", "stopped") else None


def attempts(found: Any, action: str) -> list[str]:
    return [a["state"] for s in found["stages"] for x in s["actions"] if x["name"] == action for a in x.get("attempts", [])]


def log_of(server: Server, name: str) -> str:
    found = execution(server, name)
    ids = [a["id"] for s in found["stages"] for x in s["actions"] for a in x.get("attempts", [])] if found else []
    return "".join(server.call("GET", f"/api/v1/attempts/{i}/log?from=0&wait=0").text for i in ids)


@pytest.mark.slow
def test_a_build_whose_worker_dies_runs_again(fresh_server: Server, tmp_path: Path) -> None:
    server = fresh_server
    folder = project(server, tmp_path / "work", "crash-build", seconds=3)
    push(folder)
    wait_for(lambda: "building" in log_of(server, "crash-build"), 40, "the build runs")
    server.kill("worker")
    found = wait_for(lambda: ended(server, "crash-build"), 90, "the execution ends")
    assert found["state"] == "passed", found
    assert attempts(found, "build")[-1] == "passed"
    assert attempts(found, "build").count("passed") == 1
    assert attempts(found, "publish").count("passed") == 1
    versions = server.call("GET", "/api/v1/registry/default/main/packages/pypi/crashy").json()["versions"]
    assert [v["version"] for v in versions] == ["1.0"]


@pytest.mark.slow
def test_a_push_survives_the_death_of_everything(fresh_server: Server, tmp_path: Path) -> None:
    server = fresh_server
    folder = project(server, tmp_path / "work", "crash-all")
    push(folder)
    server.kill("all")
    server.start()
    found = wait_for(lambda: ended(server, "crash-all"), 90, "the execution ends")
    assert found["state"] == "passed", found
    items = server.call("GET", "/api/v1/executions?pipeline=crash-all").json()["items"]
    assert len(items) == 1


@pytest.mark.slow
def test_a_web_that_dies_while_publishing_loses_nothing(fresh_server: Server, tmp_path: Path) -> None:
    server = fresh_server
    folder = project(server, tmp_path / "work", "crash-publish")
    push(folder)

    def publishing() -> bool:
        found = execution(server, "crash-publish")
        return bool(found and attempts(found, "publish"))

    wait_for(publishing, 60, "publishing begins")
    server.kill("web")
    server.wait_ready()
    found = wait_for(lambda: ended(server, "crash-publish"), 90, "the execution ends")
    if found["state"] == "failed":
        # twine saw its connection break; what the person does then is retry, and that must work.
        assert server.call("POST", f"/api/v1/executions/{found['id']}/retry", {}).status in (200, 202)
        found = wait_for(lambda: ended(server, "crash-publish") if execution(server, "crash-publish")["state"] != "failed" else None, 90, "the retry ends")
    assert found["state"] == "passed", found
    versions = server.call("GET", "/api/v1/registry/default/main/packages/pypi/crashy").json()["versions"]
    assert len(versions) == 1
