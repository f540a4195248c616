"""An application, a deployment group and its agents, as processes of their own with roots of their own."""

import itertools
import os
import signal
import subprocess
import sys
import uuid
from pathlib import Path
from typing import Any

import psutil

from tests.lockgate_server import Server, wait_for

AGENT_SOURCE = Path(__file__).parents[3] / "profiler" / "agent"
PYENV = Path(os.environ.get("PYENV_ROOT", "~/.pyenv")).expanduser() / "versions"
PYTHONS = [sys.executable, *(str(path) for name in ("3.9.*", "3.13.*") for path in sorted(PYENV.glob(f"{name}/bin/python")))]
"""This interpreter, and the oldest and newest supported ones as far as this machine has them."""
_numbers = itertools.count(1)


class Agent:
    """One host."""

    def __init__(self, fleet: "Fleet", name: str, python: str) -> None:
        self.fleet, self.name, self.python = fleet, name, python
        self.root = fleet.folder / name
        self.log = fleet.folder / f"{name}.log"
        self.process: psutil.Popen | None = None

    def start(self, *options: str) -> "Agent":
        fleet = self.fleet
        command = [self.python, "-m", "lockgate_agent", "deploy", "--server", fleet.server.url, "--token-file",
                   str(fleet.folder / "join-token"), "--application", fleet.application, "--group", fleet.group,
                   "--host", self.name, "--root", str(self.root), *options]
        env = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "VIRTUAL_ENV"))}
        with self.log.open("ab") as log:
            self.process = psutil.Popen(
                command, env={**env, "PYTHONPATH": str(AGENT_SOURCE)}, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        return self

    def kill(self) -> None:
        """kill -9 of the agent alone, not of its hooks."""
        assert self.process is not None
        self.process.kill()
        self.process.wait(10)

    def stop(self) -> int:
        """SIGTERM; answers the exit code."""
        assert self.process is not None
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return int(self.process.wait(15))

    def read(self, path: str) -> str:
        """A file below the host's root, or "" while there is none."""
        file = self.root / path.lstrip("/")
        return file.read_text().strip() if file.is_file() else ""


class Fleet:
    """A group of its own on the shared server."""

    def __init__(self, server: Server, folder: Path, settings: dict[str, object]) -> None:
        self.server, self.folder, self.agents = server, folder, list[Agent]()
        folder.mkdir(parents=True)
        self.application, self.group = f"shop-{uuid.uuid4().hex[:8]}", "prod"
        self.must("POST", "/api/v1/applications", {"name": self.application})
        self.must("POST", f"/api/v1/applications/{self.application}/groups", {"name": self.group, "settings": settings})
        self.path = f"/api/v1/applications/{self.application}/groups/{self.group}"
        (folder / "join-token").write_text(self.must("POST", f"{self.path}/join-tokens")["token"])

    def must(self, method: str, path: str, value: Any = None, **more: Any) -> Any:
        """A call that has to succeed; its JSON."""
        answer = self.server.call(method, path, value, **more)
        assert answer.status < 300, f"{method} {path}: {answer.status} {answer.text}"
        return answer.json() if answer.body else None

    def add_agent(self, *options: str, python: str = sys.executable) -> Agent:
        """Another host, up and registered."""
        agent = Agent(self, f"web-{self.application[5:]}-{next(_numbers)}", python).start(*options)
        self.agents.append(agent)
        wait_for(lambda: agent.name in {host["name"] for host in self.hosts()}, 30, f"{agent.name} registered")
        return agent

    def hosts(self) -> list[dict[str, Any]]:
        """The group's hosts as the API shows them."""
        items: list[dict[str, Any]] = self.must("GET", f"{self.path}/hosts")["items"]
        return items

    def deploy(self, bundle: bytes, name: str = "revision") -> int:
        """Uploads and deploys; answers the deployment's id at once."""
        digest = self.must("POST", f"{self.path}/bundles", body=bundle)["digest"]
        return int(self.must("POST", f"{self.path}/deployments", {"digest": digest, "name": name})["id"])

    def deployment(self, number: int) -> dict[str, Any]:
        """A deployment as the API shows it now."""
        answer: dict[str, Any] = self.must("GET", f"/api/v1/deployments/{number}")
        return answer

    def ended(self, number: int, seconds: float = 40) -> dict[str, Any]:
        """A deployment once it ended."""
        wait_for(lambda: self.deployment(number)["state"] not in ("queued", "running"), seconds, f"deployment {number} ends")
        return self.deployment(number)

    def stop(self) -> None:
        """Ends every agent and whatever its hooks left behind."""
        for agent in self.agents:
            agent.stop()
        for process in psutil.process_iter(["cwd"]):
            if str(process.info["cwd"] or "").startswith(str(self.folder)):
                process.kill()


def events(target: dict[str, Any]) -> dict[str, str]:
    """The state of each event of a target."""
    return {event["name"]: event["state"] for event in target["events"]}


def event(target: dict[str, Any], name: str) -> dict[str, Any]:
    """One event of a target."""
    return next(found for found in target["events"] if found["name"] == name)
