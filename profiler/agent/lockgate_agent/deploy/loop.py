"""The agent's life: register, wait for work, do it, start again, until told to end."""

from __future__ import annotations

import os
import random
import secrets
import select
import signal
import sys
import time
from typing import Any, NamedTuple

from lockgate_agent.deploy.client import Answer, Server, Unreachable
from lockgate_agent.deploy.layout import Layout, forget, read_text, write_text
from lockgate_agent.deploy.work import Abandoned, Stopped, Worker
from lockgate_agent.version import VERSION

WAIT_SECONDS = 25
BACKOFF_SECONDS_MAX = 10.0
JITTER_SECONDS = 0.3


class Identity(NamedTuple):
    """Who this agent is."""

    application: str
    group: str
    host: str
    labels: dict[str, str]


class Stop:
    """SIGTERM and SIGINT: a flag, an end to sleeping, and an end to the long poll under way."""

    def __init__(self, server: Server) -> None:
        self._reading, self._writing = os.pipe()
        os.set_blocking(self._writing, False)
        self._server = server
        self.wanted = False
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._handle)

    def sleep(self, seconds: float) -> None:
        """Waits. Raises Stopped when the agent should end, at once."""
        if self.wanted or select.select([self._reading], [], [], seconds)[0]:
            raise Stopped

    def _handle(self, _number: int, _frame: object) -> None:
        self.wanted = True
        os.write(self._writing, b"!")
        self._server.interrupt()


class Agent:
    """One agent in one root for one deployment group."""

    def __init__(
        self, layout: Layout, server: Server, identity: Identity, environment: dict[str, str], join_token: str
    ) -> None:
        self._layout, self._server, self._identity = layout, server, identity
        self._join_token = join_token
        self._stop = Stop(server)
        self._worker = Worker(
            layout, server, environment=environment, heartbeat_seconds=5.0, sleep=self._stop.sleep,
            stopping=lambda: self._stop.wanted, say=say,
        )

    def run(self, once: bool) -> int:
        """Works until SIGTERM, or with `once` until there is no work; answers the exit code."""
        try:
            self._register()
            say(f"{self._identity.host} waits for work")
            while self._one_round(wait=0 if once else WAIT_SECONDS) or not once:
                if self._stop.wanted:
                    raise Stopped
        except Stopped:
            say("stopped")
        except Answer as refusal:
            say(f"the server refuses this agent: {refusal}")
            return 1
        return 0

    def _one_round(self, wait: int) -> bool:
        """One poll and its work; answers whether there was any. Raises Stopped, Answer."""
        try:
            began = time.monotonic()
            work = self._patiently("GET", f"/api/v1/agent/work?wait={wait}", None, wait + 15)["work"]
            if work is None:
                # Over its limit of long polls the server answers at once; then it is asked at a gentle pace.
                early = wait and time.monotonic() - began < 1
                self._stop.sleep(_jitter(1, 2) if early else _jitter(0, JITTER_SECONDS))
                return False
            self._worker.perform(work)
            self._stop.sleep(_jitter(0, JITTER_SECONDS))
        except Abandoned as why:
            say(f"work put away: {why}")
            self._stop.sleep(_jitter(0, JITTER_SECONDS))
        except Answer as refusal:
            if refusal.status != 401:
                raise
            say(f"registering again: {refusal}")
            forget(self._layout.token)
            self._register()
        return True

    def _register(self) -> None:
        """Makes the host known and takes its own token. Raises Answer, Stopped."""
        claim = read_text(self._layout.claim)
        if not claim:
            claim = secrets.token_urlsafe(32)
            write_text(self._layout.claim, claim)
        own = read_text(self._layout.token)
        self._server.token = own or self._join_token
        who = self._identity
        body = {"application": who.application, "group": who.group, "host": who.host, "labels": who.labels,
                "claim": claim, "version": VERSION}
        try:
            answer = self._patiently("POST", "/api/v1/agent/hosts", body, 15)
        except Answer as refusal:
            if not own or refusal.status != 401:
                raise
            forget(self._layout.token)  # revoked: the join token may still be good
            self._server.token = self._join_token
            answer = self._patiently("POST", "/api/v1/agent/hosts", body, 15)
        if answer.get("token"):
            write_text(self._layout.token, answer["token"])
            self._server.token = answer["token"]
        self._worker.heartbeat_seconds = float(answer["heartbeat_seconds"])

    def _patiently(self, method: str, path: str, body: Any, timeout: float) -> dict[str, Any]:
        """Calls until the server answers. Raises Answer, Stopped."""
        wait = 0.25
        while True:
            try:
                return self._server.call(method, path, body) if body is not None else self._server.wait(path, timeout)
            except Unreachable as problem:
                if self._stop.wanted:
                    raise Stopped from None
                say(f"the server cannot be reached: {problem}")
            self._stop.sleep(_jitter(wait / 2, wait))
            wait = min(wait * 2, BACKOFF_SECONDS_MAX)


def _jitter(least: float, most: float) -> float:
    """Seconds that spread many agents out over time."""
    return random.uniform(least, most)  # noqa: S311  nothing depends on it being hard to guess


def say(text: str) -> None:
    """A line for whoever watches the agent."""
    sys.stderr.write(f"{time.strftime('%Y-%m-%dT%H:%M:%S')} lockgate-agent: {text}\n")
    sys.stderr.flush()
