"""One script on a host: limits, output, and what it leaves behind."""

import os
import signal
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from lockgate_agent.deploy import hooks
from lockgate_agent.deploy.hooks import Ended, Leftover
from tests.lockgate_server import wait_for


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., Ended]:
    def start(text: str, seconds_max: float = 10, interrupted: Callable[[], str] = str, **more: object) -> Ended:
        script = tmp_path / "hook.sh"
        script.write_text(f"#!/bin/sh\n{text}\n")
        options: dict[str, object] = {
            "environment": {"PATH": os.environ["PATH"], "WHERE": str(tmp_path)}, "folder": str(tmp_path),
            "log": str(tmp_path / "log"), "user": None, "started": lambda _: None,
        }
        path = str(more.pop("path", script))
        return hooks.run(path, seconds_max=seconds_max, interrupted=interrupted, **{**options, **more})  # type: ignore[arg-type]

    return start


def _pid(path: Path) -> int:
    return int(wait_for(lambda: path.exists() and path.read_text().strip(), what=str(path)))


def _lives(pid: int) -> bool:
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


def test_output_and_exit_code_are_kept(run: Callable[..., Ended], tmp_path: Path) -> None:
    assert run("echo out; echo err >&2; exit 3") == Ended("SCRIPT_FAILED", 3)
    assert (tmp_path / "log").read_text() == "out\nerr\n"
    assert run("exit 0") == Ended("", 0)


def test_overrun_ends_the_whole_group(run: Callable[..., Ended], tmp_path: Path) -> None:
    began = time.monotonic()
    stubborn = "trap '' TERM; sleep 60 & echo $! > $WHERE/child; wait"
    assert run(stubborn, seconds_max=0.5) == Ended("SCRIPT_TIMED_OUT", None)
    assert time.monotonic() - began < 10
    child = _pid(tmp_path / "child")
    wait_for(lambda: not _lives(child), what="the child ended")


def test_daemon_survives_and_nobody_waits(run: Callable[..., Ended], tmp_path: Path) -> None:
    began = time.monotonic()
    assert run("sleep 60 & echo $! > $WHERE/daemon; echo ready") == Ended("", 0)
    assert time.monotonic() - began < 5
    daemon = _pid(tmp_path / "daemon")
    assert _lives(daemon)
    assert os.getsid(daemon) != os.getsid(0)
    os.kill(daemon, signal.SIGKILL)


def test_interruption_names_its_reason(run: Callable[..., Ended]) -> None:
    assert run("sleep 60", interrupted=lambda: "STOPPED") == Ended("STOPPED", None)


def test_flood_of_output_is_cut(run: Callable[..., Ended], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hooks, "LOG_BYTES_MAX", 100_000)
    assert run("yes") == Ended("LOG_TOO_LARGE", None)


def test_unknown_user_and_bad_interpreter_are_said(run: Callable[..., Ended], tmp_path: Path) -> None:
    assert run("true", user="nobody-of-that-name").error == "RUNAS_UNKNOWN"
    assert "there is no user nobody-of-that-name" in (tmp_path / "log").read_text()
    bad = tmp_path / "bad.sh"
    bad.write_text("#!/no/such/interpreter\n")
    assert run("", path=str(bad)).error == "SCRIPT_NOT_EXECUTABLE"


def test_script_runs_as_another_user(run: Callable[..., Ended], tmp_path: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:  # tmp_path is inside a folder that only its owner may enter
        script = Path(folder) / "hook.sh"
        script.write_text("#!/bin/sh\nid -un\n")
        Path(folder).chmod(0o755)
        ended = run("", user="nobody", folder=folder, path=str(script))
    assert ended == Ended("", 0)
    assert (tmp_path / "log").read_text().strip() == "nobody"


def test_leftover_of_a_dead_agent_ends(run: Callable[..., Ended]) -> None:
    process = psutil.Popen(["sleep", "60"], start_new_session=True)
    hooks.kill_leftover(Leftover(process.pid, "1"))
    assert process.poll() is None
    hooks.kill_leftover(Leftover(process.pid, hooks.start_time(process.pid)))
    assert process.wait(5) == -signal.SIGTERM
