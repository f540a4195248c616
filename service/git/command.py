"""Running git: argv by pure functions, one fixed environment, limits of time and output."""

import os
import signal
import subprocess
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

from service.kernel.errors import Problem

READ_SECONDS_MAX = 30
OUTPUT_BYTES_MAX = 64 * 1024 * 1024
ZERO = "0" * 40


class GitFailed(Problem):
    """git ended with an error; its own words are in the detail."""

    status = 500
    says = "git {what} failed: {why}"


class GitTookTooLong(Problem):
    """A limit of time or output was reached."""

    status = 503
    says = "git {what} was stopped after {limit}"
    todo = "Ask for a smaller range or path."


def environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """The whole environment of a git process: nothing of the machine's or a user's configuration gets in."""
    return {
        "PATH": os.environ.get("PATH", "/usr/bin:/bin"), "HOME": "/nonexistent", "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8",
        "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull, "GIT_TERMINAL_PROMPT": "0",
        "GIT_CONFIG_COUNT": "2", "GIT_CONFIG_KEY_0": "safe.directory", "GIT_CONFIG_VALUE_0": "*",
        "GIT_CONFIG_KEY_1": "core.quotePath", "GIT_CONFIG_VALUE_1": "false",
        **(extra or {}),
    }


def in_repository(repo: Path, *arguments: str) -> list[str]:
    """`git --git-dir=repo …`."""
    return ["git", f"--git-dir={repo}", *arguments]


def run(
    argv: Sequence[str],
    *,
    data: bytes | None = None,
    env: Mapping[str, str] | None = None,
    seconds_max: float = READ_SECONDS_MAX,
    ok: Sequence[int] = (0,),
) -> bytes:
    """Output of a short git command. Raises GitFailed or GitTookTooLong."""
    what = next((a for a in argv[1:] if not a.startswith("-")), "")
    try:
        done = subprocess.run(
            list(argv), input=data, stdin=None if data is not None else subprocess.DEVNULL, capture_output=True,
            env=environment(env), timeout=seconds_max,
        )
    except subprocess.TimeoutExpired:
        raise GitTookTooLong(what=what, limit=f"{seconds_max:g} s") from None
    if done.returncode not in ok:
        raise GitFailed(what=what, why=done.stderr.decode(errors="replace").strip()[-500:] or f"exit {done.returncode}")
    return done.stdout


def read_limited(argv: Sequence[str], limit_bytes: int, *, seconds_max: float = READ_SECONDS_MAX) -> tuple[bytes, bool]:
    """The first `limit_bytes` of a command's output, and whether more would have come."""
    process = start(argv)
    timer = _kill_later(process, seconds_max)
    try:
        assert process.stdin is not None and process.stdout is not None
        process.stdin.close()
        # The pipe itself is unbuffered and would answer a single chunk; a buffered reader goes on until it has enough.
        with open(process.stdout.fileno(), "rb", closefd=False) as out:
            data = out.read(limit_bytes + 1)
    finally:
        timer.cancel()
        end(process)
    return data[:limit_bytes], len(data) > limit_bytes


def start(
    argv: Sequence[str], *, env: Mapping[str, str] | None = None, pass_fds: Sequence[int] = ()
) -> "subprocess.Popen[bytes]":
    """A git process of its own session with piped stdin and stdout, for streaming; finish it with `end`."""
    return subprocess.Popen(
        list(argv), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment(env),
        start_new_session=True, pass_fds=pass_fds, bufsize=0, pipesize=1024 * 1024,
    )


def end(process: "subprocess.Popen[bytes]") -> None:
    """Kills the whole process group if it still runs, and reaps: no orphan, no zombie."""
    if process.poll() is None:
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            try:
                pipe.close()
            except OSError:
                pass
    process.wait()


def _kill_later(process: "subprocess.Popen[bytes]", seconds: float) -> threading.Timer:
    timer = threading.Timer(seconds, process.kill)
    timer.daemon = True
    timer.start()
    return timer

