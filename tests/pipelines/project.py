"""A git repository with a pipeline on a running server, for stories about executions."""

from pathlib import Path
from typing import Any

from tests.lockgate_server import Server, wait_for
from tests.service.test_git import git

ENDED = ("passed", "failed", "blocked", "stopped", "superseded")
BUILD = """
stages:
  - name: Build
    actions: [{name: build, kind: build, outputs: [build], configuration: {network: none}}]
"""
WHEEL = '''"""Writes a wheel by hand, so that no build front end is needed."""
import sys, zipfile

name, version = sys.argv[1:]
with zipfile.ZipFile(f"dist/{name}-{version}-py3-none-any.whl", "w") as wheel:
    for file, text in (
        (f"{name}.py", "X = 1\\n"),
        (f"{name}-{version}.dist-info/METADATA", f"Metadata-Version: 2.1\\nName: {name}\\nVersion: {version}\\n"),
        (f"{name}-{version}.dist-info/WHEEL", "Wheel-Version: 1.0\\nGenerator: t\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n"),
        (f"{name}-{version}.dist-info/RECORD", ""),
    ):
        wheel.writestr(zipfile.ZipInfo(file, (2020, 1, 1, 0, 0, 0)), text)
'''


def buildspec(*commands: str, files: str = "out/*") -> str:
    """A buildspec with these commands, which keeps what they leave in `out`."""
    lines = "".join(f"      - {command}\n" for command in commands)
    return f"version: 0.2\nphases:\n  build:\n    commands:\n{lines}artifacts:\n  files: [{files}]\n"


class Project:
    """One repository and its pipeline; both have the same name."""

    def __init__(self, server: Server, folder: Path, name: str, **settings: Any) -> None:
        self.server, self.name, self.folder = server, name, folder
        assert server.call("POST", "/api/v1/repositories", {"name": name, "project": name}).status == 201
        body = {"name": name, "project": name, "repository": name, "require_gate": False, **settings}
        made = server.call("POST", "/api/v1/pipelines", body)
        assert made.status == 201, made.text
        git("init", "-q", "-b", "main", str(folder))
        git("remote", "add", "origin", server.git_url(name), cwd=folder)

    def push(self, files: dict[str, str], branch: str = "main") -> str:
        """Commits and pushes; answers the commit."""
        for name, text in files.items():
            (self.folder / name).write_text(text)
        git("add", "-A", cwd=self.folder)
        git("commit", "-q", "--allow-empty", "-m", "Change things", cwd=self.folder)
        git("push", "-q", "origin", f"HEAD:{branch}", cwd=self.folder)
        return git("rev-parse", "HEAD", cwd=self.folder).stdout.strip()

    def execution(self, commit: str) -> dict[str, Any] | None:
        """The execution of a commit, whole, if there is one."""
        answer = self.server.call("GET", f"/api/v1/pipelines/{self.name}/executions?commit={commit}")
        assert answer.status == 200, answer.text
        items = answer.json()["items"]
        return self.get(items[0]["id"]) if items else None

    def get(self, execution_id: int) -> dict[str, Any]:
        """An execution, whole."""
        found: dict[str, Any] = self.server.call("GET", f"/api/v1/executions/{execution_id}").json()
        return found

    def until(self, commit: str, *states: str, seconds: float = 40) -> dict[str, Any]:
        """Waits for the execution of a commit to be in one of these states; ended if none is named."""

        def there() -> dict[str, Any] | None:
            found = self.execution(commit)
            return found if found and found["state"] in (states or ENDED) else None

        try:
            found: dict[str, Any] = wait_for(there, seconds, f"execution of {commit[:10]} is {states or 'ended'}")
        except AssertionError as error:
            raise AssertionError(f"{error}; it is {self.execution(commit)}") from None
        return found

    def action(self, found: dict[str, Any], name: str) -> dict[str, Any]:
        """An action of an execution by name."""
        return next(a for stage in found["stages"] for a in stage["actions"] if a["name"] == name)

    def log(self, found: dict[str, Any], action: str) -> str:
        """The log of the newest attempt of an action."""
        attempts = self.action(found, action)["attempts"]
        return self.server.call("GET", f"/api/v1/attempts/{attempts[-1]['id']}/log").text if attempts else ""

    def running(self, commit: str, action: str, text: str) -> dict[str, Any]:
        """Waits until the log of an action shows `text`."""

        def there() -> dict[str, Any] | None:
            found = self.execution(commit)
            return found if found and text in self.log(found, action) else None

        found: dict[str, Any] = wait_for(there, 40, f"{text!r} in the log of {action}")
        return found
