"""Taking one target through its lifecycle: each event begun, done and reported, whatever dies in between.

The server knows which events ended; the journal on disk knows what was going on here. Together they tell a restarted
agent what to report: a script that was under way failed, a download or an install is simply done again.
"""

from __future__ import annotations

import os
import time
from typing import Any, Callable, NamedTuple

from lockgate_agent.deploy import bundle, hooks, install
from lockgate_agent.deploy.client import Answer, Server, Unreachable
from lockgate_agent.deploy.heartbeat import Heartbeat
from lockgate_agent.deploy.hooks import Leftover
from lockgate_agent.deploy.layout import Layout, forget, read_json, write_json

ENDED = ("passed", "failed", "skipped", "stopped")
REPEATABLE = ("DownloadBundle", "Install")
EVENT_SECONDS_MAX = 3600.0
LOG_TAIL_BYTES = 4096


class Abandoned(Exception):
    """The server does not want this target's work any more."""


class Stopped(Exception):
    """The agent was told to end."""


class Outcome(NamedTuple):
    """How an event ended."""

    state: str
    error: str = ""
    script: str = ""
    exit_code: int | None = None


class Worker:
    """Works on targets. `sleep` waits some seconds or raises Stopped; `stopping` says whether the agent should end."""

    def __init__(
        self, layout: Layout, server: Server, *, environment: dict[str, str], heartbeat_seconds: float,
        sleep: Callable[[float], None], stopping: Callable[[], bool], say: Callable[[str], None],
    ) -> None:
        self.layout, self.server = layout, server
        self.environment, self.heartbeat_seconds = environment, heartbeat_seconds
        self.sleep, self.stopping, self.say = sleep, stopping, say

    def perform(self, work: dict[str, Any]) -> None:
        """Does what is left of a target. Raises Abandoned, Stopped, Answer."""
        self._settle(work)
        for event in work["events"]:
            if event["state"] in ENDED:
                continue
            outcome = self._event(work, event["name"])
            self.say(f"deployment {work['deployment']} {event['name']} {outcome.state} {outcome.error}".rstrip())
            forgiven = event["name"] == "ApplicationStop" and work["ignore_application_stop_failures"]
            if outcome.state in ("failed", "stopped") and not (forgiven and outcome.state == "failed"):
                return
        good = {"deployment": work["deployment"], "digest": work["bundle"]["digest"], "appspec": work["appspec"]}
        write_json(self.layout.last_good, good)

    def _settle(self, work: dict[str, Any]) -> None:
        """Ends what an agent before this one left under way."""
        journal = read_json(self.layout.journal) or {}
        if journal.get("pid"):
            hooks.kill_leftover(Leftover(journal["pid"], journal["started"]))
        for event in work["events"]:
            mine = (journal.get("target"), journal.get("event")) == (work["target"], event["name"])
            if event["state"] in ENDED or not (mine or event["state"] == "running"):
                continue
            if mine and journal.get("outcome"):
                outcome = Outcome(*journal["outcome"])
            elif event["state"] == "running" and event["name"] not in REPEATABLE:
                outcome = Outcome("failed", "FAILED_AFTER_RESTART", str(journal.get("script") or "") if mine else "")
            else:
                continue
            self._report(work, event["name"], outcome, self._tail(work, journal.get("offset", 0) if mine else 0))
            event["state"] = outcome.state
            if outcome.state in ("failed", "stopped"):
                forget(self.layout.journal)
                raise Abandoned(f"{event['name']} was under way when the agent ended")
        forget(self.layout.journal)

    def _event(self, work: dict[str, Any], name: str) -> Outcome:
        scripts, archive = self._scripts(work, name)
        if name not in REPEATABLE and not scripts:
            outcome = Outcome("skipped")
            self._report(work, name, outcome, "")
            return outcome
        log = self.layout.log(work["deployment"])
        offset = os.path.getsize(log) if os.path.exists(log) else 0
        journal = {"target": work["target"], "event": name, "offset": offset}
        write_json(self.layout.journal, journal)
        self._report(work, name, Outcome("running"), "")

        def still_running() -> bool:
            script = str(journal.get("script", ""))
            return self._send(work, name, Outcome("running", script=script), self._tail(work, offset))

        with Heartbeat(still_running, self.heartbeat_seconds) as beat:
            outcome = self._do(work, name, scripts, archive, journal, beat)
        journal["outcome"] = list(outcome)
        write_json(self.layout.journal, journal)
        self._report(work, name, outcome, self._tail(work, offset), while_stopping=outcome.error == "AGENT_STOPPED")
        forget(self.layout.journal)
        return outcome

    def _do(
        self, work: dict[str, Any], name: str, scripts: list[dict[str, Any]], archive: str, journal: dict[str, Any],
        beat: Heartbeat,
    ) -> Outcome:
        try:
            if name == "DownloadBundle":
                return self._download(work)
            if name == "Install":
                lines = install.install(self.layout, archive, work["appspec"], work["file_exists_behavior"])
                self._log(work, name, *lines)
                return Outcome("passed")
            return self._run_scripts(work, name, scripts, archive, journal, beat)
        except install.InstallRefused as refusal:
            self._log(work, name, str(refusal))
            return Outcome("failed", refusal.error)
        except bundle.BundleRefused as refusal:
            self._log(work, name, str(refusal))
            return Outcome("failed", "BUNDLE_REFUSED")
        except (OSError, Unreachable) as problem:
            self._log(work, name, f"{type(problem).__name__}: {problem}")
            return Outcome("failed", "UNREACHABLE" if isinstance(problem, Unreachable) else "HOST_ERROR")

    def _download(self, work: dict[str, Any]) -> Outcome:
        digest, size = work["bundle"]["digest"], work["bundle"]["bytes"]
        self.layout.prune(work["deployment"], digest)
        path = self.layout.bundle(digest)
        bundle.fetch(self.server, f"/api/v1/agent/targets/{work['target']}/bundle", digest, size, path)
        bundle.unpack(path, self.layout.archive(work["deployment"]))
        self._log(work, "DownloadBundle", f"{work['bundle']['name']}: {size} bytes, SHA-256 {digest}")
        return Outcome("passed")

    def _run_scripts(
        self, work: dict[str, Any], name: str, scripts: list[dict[str, Any]], archive: str, journal: dict[str, Any],
        beat: Heartbeat,
    ) -> Outcome:
        deadline = time.monotonic() + EVENT_SECONDS_MAX
        outcome = Outcome("passed")

        def started(process: Leftover) -> None:
            journal.update(pid=process.pid, started=process.started)
            write_json(self.layout.journal, journal)

        for script in scripts:
            self._log(work, name, script["location"])
            journal["script"] = script["location"]
            ended = hooks.run(
                os.path.join(archive, script["location"]), environment=self._environment(work, name), folder=archive,
                log=self.layout.log(work["deployment"]), user=script.get("runas"), started=started,
                seconds_max=min(script["timeout"], deadline - time.monotonic()),
                interrupted=lambda: "AGENT_STOPPED" if self.stopping() else "STOPPED" if beat.stop_wanted else "",
            )
            state = "passed" if not ended.error else "stopped" if ended.error == "STOPPED" else "failed"
            outcome = Outcome(state, ended.error, script["location"], ended.exit_code)
            if state != "passed":
                break
        return outcome

    def _scripts(self, work: dict[str, Any], name: str) -> tuple[list[dict[str, Any]], str]:
        """The scripts of an event and the folder of their bundle; ApplicationStop is the last good revision's own."""
        if name != "ApplicationStop":
            return (work["appspec"].get("hooks") or {}).get(name) or [], self.layout.archive(work["deployment"])
        good = read_json(self.layout.last_good)
        if good is None or not os.path.isdir(self.layout.archive(good["deployment"])):
            return [], ""
        return (good["appspec"].get("hooks") or {}).get(name) or [], self.layout.archive(good["deployment"])

    def _environment(self, work: dict[str, Any], name: str) -> dict[str, str]:
        root = self.layout.destination_root
        return {
            **self.environment, "APPLICATION_NAME": work["application"], "DEPLOYMENT_ID": str(work["deployment"]),
            "DEPLOYMENT_GROUP_NAME": work["group"], "LIFECYCLE_EVENT": name, "LOCKGATE_HOST": work["host"],
            "LOCKGATE_ROOT": "" if root == os.sep else root,
        }

    def _log(self, work: dict[str, Any], name: str, *lines: str) -> None:
        with open(self.layout.log(work["deployment"]), "a") as log:
            log.writelines(f"[{time.strftime('%Y-%m-%d %H:%M:%S')}] [{name}] {line}\n" for line in lines)

    def _tail(self, work: dict[str, Any], offset: int) -> str:
        return hooks.tail(self.layout.log(work["deployment"]), offset, LOG_TAIL_BYTES)

    def _report(
        self, work: dict[str, Any], name: str, outcome: Outcome, tail: str, while_stopping: bool = False
    ) -> None:
        """Tells the server, however long that takes. Raises Abandoned when the work is over there, Stopped."""
        wait = 0.2
        while True:
            try:
                self._send(work, name, outcome, tail)
                return
            except Unreachable as problem:
                if while_stopping or self.stopping():
                    raise Stopped from None  # the journal holds the outcome; the next agent reports it
                self.say(f"cannot report {name}: {problem}")
            except Answer as answer:
                forget(self.layout.journal)
                if answer.status in (404, 409):
                    raise Abandoned(str(answer)) from None
                raise
            self.sleep(wait)
            wait = min(wait * 2, 10.0)

    def _send(self, work: dict[str, Any], name: str, outcome: Outcome, tail: str) -> bool:
        """One report; answers whether the server wants the work interrupted."""
        body = {**outcome._asdict(), "log": tail}
        answer = self.server.call("POST", f"/api/v1/agent/targets/{work['target']}/events/{name}", body)
        return bool(answer.get("stop"))
