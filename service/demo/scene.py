"""What the story is played with: a running service, its API, a git work tree, package clients."""

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from service.demo.api import Api
from service.demo.lines import plain
from service.demo.machine import Machine, free_port, serve_command
from service.demo.show import NotAsTold, Show, wait_until

START_SECONDS_MAX = 60
REASON_CHARACTERS = 160
IDENTITY = {"GIT_AUTHOR_NAME": "Lena Schleuse", "GIT_AUTHOR_EMAIL": "lena@example.com",
            "GIT_COMMITTER_NAME": "Lena Schleuse", "GIT_COMMITTER_EMAIL": "lena@example.com",
            "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1"}


@dataclass
class Scene:
    """The stage; `open_scene` sets it."""

    show: Show
    machine: Machine
    api: Api
    port: int
    work: Path
    domain: str = "default"
    package_repository: str = "main"
    hosts: dict[str, int] = field(default_factory=dict)
    """Name and port of each host's service."""
    _watchers: dict[int, "_Watcher"] = field(default_factory=dict)
    """What was told of an execution is not told again when it is followed further."""

    def git(self, *arguments: str, cwd: Path | None = None) -> str:
        """The real git, in the scene's work tree unless `cwd` names another. Credentials go by environment: `ps` shows arguments."""
        header = {"GIT_CONFIG_COUNT": "2", "GIT_CONFIG_KEY_0": f"http.{self.api.url}/.extraHeader",
                  "GIT_CONFIG_VALUE_0": f"Authorization: Bearer {self.api.token}",
                  "GIT_CONFIG_KEY_1": "safe.directory", "GIT_CONFIG_VALUE_1": "*"}
        return self.machine.run(["git", *arguments], cwd=cwd or self.work, env={**IDENTITY, **header})

    def git_url(self, name: str) -> str:
        """Where a git repository is; `git` knows the token."""
        return f"{self.api.url}/git/{name}"

    def push(self, message: str, remote_ref: str = "main") -> str:
        """Commits everything, pushes, answers the commit."""
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", message)
        self.show.command(f"git push origin {remote_ref}")
        for line in self.git("push", "origin", f"HEAD:refs/heads/{remote_ref}").splitlines():
            if line.startswith("remote:"):
                self.show.detail(line.strip())
        return self.git("rev-parse", "HEAD").strip()

    def pip_environment(self) -> dict[str, str]:
        """Makes pip use the package repository alone; the index holds the token, and `ps` shows arguments."""
        index = f"http://demo:{self.api.token}@127.0.0.1:{self.port}/pypi/{self.domain}/{self.package_repository}/simple/"
        return {"PIP_INDEX_URL": index, "PIP_CONFIG_FILE": "/dev/null", "PIP_FIND_LINKS": "", "PIP_EXTRA_INDEX_URL": ""}

    def npm_url(self) -> str:
        """The npm registry, without credentials."""
        return f"{self.api.url}/npm/{self.domain}/{self.package_repository}/"

    def review_of(self, repository: str, commit: str) -> Any:
        """The finished review of a commit, with its findings."""

        def finished() -> Any:
            items = self.api.get(f"/reviews?repository={repository}&commit={commit}")["items"]
            return items[0] if items and items[0]["state"] not in ("queued", "running") else None

        found = wait_until(f"the review of {commit[:10]}", finished, 60)
        return self.api.get(f"/reviews/{found['id']}")

    def execution_of(self, pipeline: str, commit: str) -> Any:
        """The execution that the push of a commit started."""

        def started() -> Any:
            items = self.api.get(f"/executions?pipeline={pipeline}")["items"]
            return next((item for item in items if item["commit"] == commit), None)

        return wait_until(f"an execution of {pipeline} for {commit[:10]}", started, 20)

    def follow(self, execution_id: int, done: Callable[[Any], bool], seconds_max: float) -> Any:
        """Shows stages and build output as they come until `done(execution)`; answers the execution."""
        watcher = self._watchers.setdefault(execution_id, _Watcher(self.api, self.show))
        deadline = time.monotonic() + seconds_max
        while True:
            execution = self.api.get(f"/executions/{execution_id}")
            watcher.look(execution)
            if done(execution):
                return execution
            if time.monotonic() > deadline:
                raise NotAsTold(what=f"execution {execution_id}", expected=f"its end within {seconds_max:g} s", came=execution["state"])
            time.sleep(0.15)


class _Watcher:
    """Remembers what was told already."""

    def __init__(self, api: Api, show: Show) -> None:
        self._api, self._show = api, show
        self._told: set[tuple[str, str]] = set()
        self._offsets: dict[int, int] = {}
        self._rest: dict[int, str] = {}

    def look(self, execution: Any) -> None:
        """Tells what is new: states of actions, lines of logs."""
        for stage in execution["stages"]:
            for action in stage["actions"]:
                for attempt in action.get("attempts", []):
                    self._log(attempt["id"])
                key = (action["name"], action["state"])
                if key not in self._told and action["state"] not in ("queued", "skipped"):
                    self._told.add(key)
                    why = f" ({_brief(action['reason'])})" if action.get("reason") else ""
                    self._show.say(f"{stage['name']} / {action['name']}: {action['state']}{why}")

    def _log(self, attempt: int) -> None:
        text = self._api.request("GET", f"/attempts/{attempt}/log?from={self._offsets.get(attempt, 0)}&wait=0").decode(errors="replace")
        self._offsets[attempt] = self._offsets.get(attempt, 0) + len(text.encode())
        lines = (self._rest.pop(attempt, "") + text).split("\n")
        self._rest[attempt] = lines.pop()
        for told in map(plain, lines):
            if told is not None:
                self._show.detail(told)


def _brief(reason: str) -> str:
    return reason if len(reason) <= REASON_CHARACTERS else f"{reason[:REASON_CHARACTERS]}…"


def open_scene(show: Show, folder: Path, port: int) -> Scene:
    """Starts the service over a fresh folder and waits until it is ready."""
    machine = Machine(folder)
    chosen = free_port(port)
    if chosen != port:
        show.say(f"port {port} is in use, so the demonstration uses {chosen}")
    began = time.monotonic()
    data = folder / "data"
    show.command(f"lockgate serve --data {data} --port {chosen}")
    process = machine.start("serve", serve_command(data, chosen))
    api = Api(f"http://127.0.0.1:{chosen}", "")

    def ready() -> bool:
        if process.poll() is not None:
            raise NotAsTold(what="lockgate serve", expected="a running service", came=(folder / "serve.log").read_text()[-500:])
        return api.is_ready()

    try:
        wait_until("the service to be ready", ready, START_SECONDS_MAX)
    except BaseException:
        machine.stop_all()
        raise
    api.token = (data / "admin-token").read_text().strip()
    show.good(f"ready after {time.monotonic() - began:.1f} s at {api.url}")
    return Scene(show, machine, api, chosen, folder / "work")


def python() -> str:
    """The interpreter that runs all this; hosts and virtual environments of the scene use it too."""
    return sys.executable
