"""Runs one build from its buildspec: phases in order, under limits, with a live log; then packs what it made.

How phases follow one another is CodeBuild's: when install or pre_build fails, nothing more runs; when build fails,
post_build still runs, with CODEBUILD_BUILD_SUCCEEDING=0; `finally` of a phase runs after its commands whatever they
did. `on-failure: ABORT` ends the build, CONTINUE goes on with the next phase, RETRY runs the phase again. A phase that
failed for good fails the build, also after CONTINUE: nothing that failed is let through.
"""

import base64
import binascii
import contextlib
import secrets
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from pipelines.builds import artifacts, cgroups, environment, preparation, sandbox, workspace
from pipelines.builds.artifacts import BadArtifact
from pipelines.builds.buildspec import Artifact, BadBuildspec, OnFailure, Phase
from pipelines.builds.cgroups import Hierarchy
from pipelines.builds.executors.executor import ExecutorUnusable
from pipelines.builds.masking import SECRET_CHARS_MIN, Masker
from pipelines.builds.preparation import Prepared
from pipelines.builds.relay import Relay
from pipelines.builds.request import PRIMARY, BuildRequest, BuildResult, Cause, PhaseResult, State
from pipelines.builds.sandbox import Sandbox
from pipelines.builds.scripts import FINISH
from pipelines.builds.transcript import Mark, Transcript, timestamp
from pipelines.builds.unpacking import BadInput
from pipelines.builds.workspace import WorkspaceBusy

READ_SECONDS = 0.05
ASK_SECONDS = 0.25
"""How often the caller is asked whether to stop."""
FLOOD = 16
"""A build that prints this many times what the log may hold is ended."""
PATTERN_SECONDS_MAX = 5
FILE_SIZE_CODE = 153
"""The exit code of a program that the kernel ended because its file grew too large."""


class _Ended(Exception):
    """The build is over before its phases are."""

    def __init__(self, state: State, cause: Cause, reason: str) -> None:
        super().__init__(reason)
        self.state, self.cause, self.reason = state, cause, reason


def run_build(
    request: BuildRequest,
    *,
    log: Path,
    should_stop: Callable[[], bool],
    find_hierarchy: Callable[[], Hierarchy | None] = cgroups.detect,
) -> BuildResult:
    """Runs the build and returns how it went; what the user can mend is a failed result, not an exception.

    `log` is written as it happens (form: `transcript`). `should_stop` is asked about four times a second. Of the work
    folder only `artifacts` is left. `find_hierarchy` tells where control groups can be made.
    """
    nonce = secrets.token_hex(12)
    known = environment.secret_texts(request)
    build = _Build(request, nonce, should_stop)
    with Transcript(log, Masker(known), bytes_max=request.limits.log_bytes_max, nonce=nonce, on_mark=build.on_mark) as transcript:
        build.transcript = transcript
        result = build.run(find_hierarchy())
        if result.state != "passed":
            transcript.say("error", result.reason)
    return result


def sweep(work_root: Path, *, find_hierarchy: Callable[[], Hierarchy | None] = cgroups.detect) -> list[Path]:
    """Ends and removes what builds of dead runners left on this machine; returns the work folders that it removed.

    `work_root` holds work folders, one for each build, of runners on this machine only.
    """
    sandbox.end_orphans()
    if hierarchy := find_hierarchy():
        cgroups.sweep(hierarchy)
    folders = workspace.abandoned(work_root)
    for folder in folders:
        workspace.remove(folder)
    return folders


class _Build:
    """The state of one run."""

    transcript: Transcript

    def __init__(self, request: BuildRequest, nonce: str, should_stop: Callable[[], bool]) -> None:
        self._request, self._nonce, self._should_stop = request, nonce, should_stop
        self._results: list[PhaseResult] = []
        self._exported: dict[str, str] = {}
        self._names: dict[str, str] = {}
        self._reason = ""
        self._cause: Cause = ""
        self._state: State = "passed"
        self._commands: list[str] = []
        self._begun = self._done = -1
        self._begun_at = 0.0
        self._ended: dict[str, int] = {}
        self._ready = False
        self._deadline = self._ask_at = 0.0
        self._relay: Relay | None = None

    def run(self, hierarchy: Hierarchy | None) -> BuildResult:
        """Everything, from the buildspec to the archives."""
        packed: dict[str, Path] = {}
        room = workspace.Workspace(self._request.work)
        try:
            prepared = self._prepare()
            with contextlib.ExitStack() as stack:
                if self._request.network == "registry" and self._request.registry:
                    self._relay = Relay(room.control, self._request.registry.base_url)
                    stack.callback(self._relay.close)
                running = stack.enter_context(Sandbox(prepared.executor, prepared.launch, hierarchy, self._nonce))
                self._deadline = time.monotonic() + self._request.limits.seconds_max
                self._run_phases(running, prepared)
            packed = self._pack(prepared)
        except _Ended as end:
            self._end(end)
        finally:
            if self._cause != "executor":
                workspace.clear(room)
        return BuildResult(
            self._state,
            self._reason,
            tuple(self._results),
            packed,
            self._names,
            self._exported,
            self.transcript.truncated,
            self._cause,
        )

    def on_mark(self, mark: Mark) -> None:
        """A script told something."""
        match mark:
            case ("ready",):
                self._ready = True
            case ("begin", number) if number.isdecimal() and int(number) < len(self._commands):
                self._begun, self._begun_at = int(number), time.monotonic()
                self.transcript.say("command", f"{timestamp()} {self._commands[self._begun]}")
            case ("exit", number, code) if number.isdecimal() and code.isdecimal():
                self._done = int(number)
                self.transcript.say("exit", f"{code} {time.monotonic() - self._begun_at:.3f}")
            case ("ended", script, code) if code.isdecimal():
                self._ended[script] = int(code)
            case ("value", name, *text):
                self._exported[name] = _decoded(text)
            case ("name", key, *text):
                self._names[key] = _decoded(text).rstrip("\n")

    def _prepare(self) -> Prepared:
        request, say = self._request, self.transcript.say
        started = time.monotonic()
        state = "failed"
        say("phase prepare", timestamp())
        say("info", f"{request.name}: {preparation.describe(request)}")
        for name, value in request.secrets.items():
            if len(value) < SECRET_CHARS_MIN:
                say("warning", f"the secret {name} is shorter than {SECRET_CHARS_MIN} characters and cannot be masked")
        try:
            executor = preparation.usable(request)
            loaded, text = preparation.read_spec(request)
            if request.spec_text is None:
                say("info", f"there is no {request.spec_path}; this is built instead:\n{text.decode().rstrip()}")
            for warning in loaded.warnings:
                say("warning", warning)
            prepared = preparation.prepare(request, loaded, executor, self._nonce, datetime.now(UTC))
            state = "passed"
        except ExecutorUnusable as problem:
            raise _Ended("failed", "executor", f"{problem.detail}. {problem.todo}") from None
        except WorkspaceBusy as problem:
            raise _Ended("failed", "executor", str(problem)) from None
        except BadBuildspec as problem:
            raise _Ended("failed", "spec", problem.detail) from None
        except BadInput as problem:
            raise _Ended("failed", "artifacts", str(problem)) from None
        except OSError as problem:
            raise _Ended("failed", "limit", f"the work folder cannot be made: {problem}") from None
        finally:
            say("end prepare", f"{state} {time.monotonic() - started:.3f} {timestamp()}")
        return prepared

    def _run_phases(self, running: Sandbox, prepared: Prepared) -> None:
        self._pump(running, lambda: self._ready)
        go_on = True
        for name, phase in preparation.phases(prepared.loaded):
            if not go_on:
                self._results.append(PhaseResult(name, "skipped", 0, 0.0))
                continue
            result = self._run_phase(running, prepared, name, phase)
            policy = phase.failure or OnFailure("abort" if name != "build" else "continue")
            if result.state != "passed":
                self._state, self._cause = "failed", self._cause or "command"
                self._reason = self._reason or result.reason
                go_on = policy.act == "continue" or (policy.act == "retry" and name == "build")
        if prepared.has_names:
            self._commands = []
            self._script(running, FINISH, prepared.loaded.spec.env.shell)

    def _run_phase(self, running: Sandbox, prepared: Prepared, name: str, phase: Phase) -> PhaseResult:
        started = time.monotonic()
        self.transcript.say(f"phase {name}", timestamp())
        policy = phase.failure or OnFailure("abort")
        code, reason, state, attempt = 0, "", "passed", 0
        try:
            while True:
                self.transcript.last_output.clear()
                code, reason = self._commands_of(running, prepared, name)
                if not reason or attempt >= policy.retries or not self._matches(policy):
                    break
                attempt += 1
                self.transcript.say("warning", f"{reason}; on-failure {phase.on_failure}: retry {attempt} of {policy.retries}")
            state = "failed" if reason else "passed"
        except _Ended as end:
            code, reason, state = 1, end.reason, end.state
            raise
        finally:
            seconds = time.monotonic() - started
            self._results.append(PhaseResult(name, _state(state), code, seconds, reason))
            self.transcript.say(f"end {name}", f"{state} {seconds:.3f} {timestamp()}")
        return self._results[-1]

    def _commands_of(self, running: Sandbox, prepared: Prepared, name: str) -> tuple[int, str]:
        """Runs the commands of a phase and its `finally`; the exit code and reason of the first failure."""
        code, reason = 0, ""
        for script in (f"{name}.sh", f"{name}-finally.sh"):
            if script not in prepared.commands:
                continue
            self._commands = prepared.commands[script]
            ended = self._script(running, script, prepared.loaded.spec.env.shell)
            if self._begun > self._done and self._begun >= 0:
                self.transcript.say("exit", f"{ended} {time.monotonic() - self._begun_at:.3f}")
            if ended and not reason:
                code, reason = ended, self._failure(name, ended)
                if breach := running.watch.check(final=True):
                    raise _Ended("failed", "limit", breach)
            elif not ended and self._begun + 1 < len(self._commands):
                left = len(self._commands) - self._begun - 1
                self.transcript.say("warning", f"the shell of {name} ended with exit 0; {left} more commands were not run")
        return code, reason

    def _script(self, running: Sandbox, script: str, shell: str) -> int:
        self._begun = self._done = -1
        self._ended.pop(script, None)
        running.send(f"{shell} {script} {int(self._state == 'passed')}")
        self._pump(running, lambda: script in self._ended)
        return self._ended[script]

    def _failure(self, name: str, code: int) -> str:
        at = self._begun
        if at < 0:
            return f"{name}: the shell ended with exit code {code} before the first command"
        first = self._commands[at].strip().split("\n")[0]
        shown = first if len(first) <= 120 else first[:117] + "..."
        if code == FILE_SIZE_CODE:
            return f"{name}: a file grew beyond the limit of {self._request.limits.disk_bytes_max >> 20} MiB: {shown}"
        return f"{name}: command {at + 1} ended with exit code {code}: {shown}"

    def _matches(self, policy: OnFailure) -> bool:
        """Whether the output calls for a retry. The pattern is the user's, so it is tried where it can be ended."""
        if policy.act != "retry" or policy.pattern is None:
            return policy.act == "retry"
        program = "import re,sys; sys.exit(not re.search(sys.argv[1].encode(), sys.stdin.buffer.read()))"
        command = [sys.executable, "-I", "-S", "-c", program, policy.pattern.pattern]
        try:
            return subprocess.run(command, input=bytes(self.transcript.last_output), timeout=PATTERN_SECONDS_MAX, env={}).returncode == 0
        except subprocess.TimeoutExpired:
            self.transcript.say("warning", f"the pattern of on-failure took more than {PATTERN_SECONDS_MAX} s; no retry")
            return False

    def _pump(self, running: Sandbox, until: Callable[[], bool]) -> None:
        """Copies output to the log until the scripts tell what is waited for. Raises _Ended when the build is over."""
        while not until():
            data = running.read(READ_SECONDS)
            if data:
                self.transcript.feed(data)
            self._tell_refusals()
            if breach := running.watch.breach or (running.watch.check(final=True) if data == b"" else ""):
                raise _Ended("failed", "limit", breach)
            now = time.monotonic()
            if now > self._deadline:
                running.kill()
                raise _Ended("failed", "limit", f"the time limit of {self._request.limits.seconds_max:g} s was reached")
            if now >= self._ask_at:
                self._ask_at = now + ASK_SECONDS
                if self._should_stop():
                    running.kill()
                    raise _Ended("stopped", "stopped", "the build was stopped")
            if self.transcript.bytes_seen > self._request.limits.log_bytes_max * FLOOD:
                running.kill()
                raise _Ended("failed", "limit", f"the build printed more than {FLOOD} times what its log may hold")
            if data == b"" and not until():
                raise self._broken()

    def _broken(self) -> _Ended:
        if not self._ready:
            return _Ended(
                "failed",
                "executor",
                f"the executor {self._request.executor} did not start the build; its words are above",
            )
        return _Ended("failed", "command", "the build ended the shell that runs it, so its outcome is unknown")

    def _tell_refusals(self) -> None:
        while self._relay and self._relay.refusals:
            self.transcript.say("warning", f"registry: {self._relay.refusals.popleft()}")

    def _end(self, end: _Ended) -> None:
        self._state, self._cause, self._reason = end.state, end.cause, end.reason

    def _pack(self, prepared: Prepared) -> dict[str, Path]:
        """Packs the artifacts. A build that failed before `build` has none; one that failed later keeps what it can."""
        section = prepared.loaded.spec.artifacts
        ran = {result.name: result.state for result in self._results}
        if section is None or (self._state != "passed" and ran.get("build", "skipped") == "skipped"):
            return {}
        started = time.monotonic()
        self.transcript.say("phase artifacts", timestamp())
        wanted: dict[str, Artifact] = {PRIMARY: section} if section.files else {}
        packed: dict[str, Path] = {}
        state = "passed"
        for key, artifact in (wanted | section.secondary_artifacts).items():
            archive = self._request.work / "artifacts" / f"{key}.tar.gz"
            try:
                count = artifacts.pack(prepared.launch.workspace.source, artifact, archive, bytes_max=self._request.limits.disk_bytes_max)
            except (BadArtifact, OSError) as problem:
                state = "failed"
                if self._state == "passed":
                    self._state, self._cause, self._reason = "failed", "artifacts", f"artifact {key}: {problem}"
                else:
                    self.transcript.say("warning", f"artifact {key}: {problem}")
                continue
            packed[key] = archive
            self.transcript.say("info", f"artifact {key}: {count} files, {archive.stat().st_size} bytes")
        self.transcript.say("end artifacts", f"{state} {time.monotonic() - started:.3f} {timestamp()}")
        return packed


def _decoded(text: list[str]) -> str:
    try:
        return base64.b64decode("".join(text), validate=True).decode("utf-8", "replace")
    except binascii.Error:
        return ""


def _state(word: str) -> State:
    return "passed" if word == "passed" else "stopped" if word == "stopped" else "failed"
