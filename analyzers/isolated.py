"""Reviews strangers' files in a child process, so that no file can take the caller down, hold it up or fill its memory."""

import base64
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from analyzers.brought import Brought
from analyzers.finding import Diagnostic, FileReport, SourceFile
from analyzers.flow.places import Read
from analyzers.limits import is_python, left_out, too_large
from analyzers.options import ReviewOptions

START_SECONDS_MAX = 120.0
_GRACE_SECONDS = 2.0
_ROOT = Path(__file__).resolve().parent.parent


class ReviewerBroken(Exception):
    """The child does not start, so nothing can be reviewed; the message holds what it said."""


@dataclass
class Extra:
    """What one review adds to a request, and gets back beside the reports."""

    brought: Mapping[str, Brought] = field(default_factory=dict)
    """What rules of the repository itself said of a file, by path."""
    costs: Counter[str] = field(default_factory=Counter)
    """Microseconds that each rule of a user's cost in this review, by name."""
    lock: threading.Lock = field(default_factory=threading.Lock, repr=False)
    """Two children may tell costs of one review at once."""


class Reviewer:
    """A warm child that reviews one file after the other; a new one takes over when it dies or takes too long.

    Starts when first needed. For several threads; one at a time is served. Close it, or use it as a context.
    """

    def __init__(
        self,
        *,
        seconds_per_file_max: float = 30.0,
        memory_bytes_max: int = 1536 * 1024 * 1024,
        rules_folder: Path | None = None,
    ) -> None:
        self.seconds_per_file_max = seconds_per_file_max
        self.memory_bytes_max = memory_bytes_max
        self.rules_folder = rules_folder
        self._lock = threading.Lock()
        self.costs: Counter[str] = Counter()
        """Microseconds that each rule of the user's has cost so far, by name."""
        self.told: tuple[Diagnostic, ...] = ()
        """What the child said of classes in the folder of rules that it does not run; known once it is warm."""
        self._child: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> "Reviewer":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def pid(self) -> int | None:
        """The child's process id while there is one."""
        return self._child.pid if self._child is not None else None

    def warm(self) -> None:
        """Starts the child now, so that the first review does not wait for it. Raises ReviewerBroken."""
        with self._lock:
            self._started()

    def review_files(
        self, files: Sequence[SourceFile], options: ReviewOptions, read: Read | None = None, extra: Extra | None = None
    ) -> list[FileReport]:
        """One report for each file, in order. Raises ReviewerBroken when no child starts.

        `read` gives the first of some paths that the tree has, so that data flow is followed through what a file imports.
        """
        settings = options.model_dump(mode="json")
        with self._lock:
            return [self._review(file, options, settings, read, extra or Extra()) for file in files]

    def close(self) -> None:
        """Ends the child, if there is one."""
        with self._lock:
            self._end()

    def _review(
        self, file: SourceFile, options: ReviewOptions, settings: dict[str, Any], read: Read | None, extra: Extra
    ) -> FileReport:
        if left := left_out(file, options):
            return FileReport(skipped=(left,))
        if large := too_large(file):
            return FileReport(diagnostics=(large,))
        brought = extra.brought.get(file.path)
        request = {**_packed(file), "options": settings, "tree": read is not None, "brought": brought and brought.to_dict()}
        answer, told = self._ask(self._started(), request, read)
        if answer is not None:
            spent = {name: round(seconds * 1_000_000) for name, seconds in answer.get("costs", {}).items()}
            self.costs.update(spent)
            with extra.lock:
                extra.costs.update(spent)
            if answer["recycle"]:
                self._end()
            return FileReport.from_dict(answer["report"])
        return FileReport(diagnostics=(Diagnostic(file.path, 0, f"not reviewed: {told}", unreadable=is_python(file), passing=True),))

    def _ask(self, child: subprocess.Popen[bytes], request: dict[str, Any], read: Read | None) -> tuple[Any, str]:
        """The child's answer, or None and why there is none. Files that it asks for on the way are handed to it."""
        until = time.monotonic() + self.seconds_per_file_max
        message: dict[str, Any] | None = request
        while True:
            line, late = _exchange(child, json.dumps(message).encode() + b"\n", max(until - time.monotonic(), 0.01))
            answer = json.loads(line) if line else {}
            if "report" in answer:
                return answer, ""
            if "need" not in answer or read is None:
                break
            file = read(answer["need"])
            message = _packed(file) if file is not None else None
        code = self._end()
        if late:
            return None, f"the review took longer than {self.seconds_per_file_max:g} seconds and was stopped"
        return None, f"the review ended with {_named(code)}; the code may nest too deeply or need too much memory"

    def _started(self) -> subprocess.Popen[bytes]:
        if self._child is not None and self._child.poll() is None:
            return self._child
        self._end()
        argv = [*python("analyzers.child"), "--memory", str(self.memory_bytes_max)]
        if self.rules_folder is not None:
            argv += ["--rules", str(self.rules_folder)]
        child = subprocess.Popen(
            argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment(),
            start_new_session=True, cwd="/",
        )  # fmt: skip
        line, late = _exchange(child, b"", START_SECONDS_MAX)
        if not line:
            child.kill()
            said = _tail(child.stderr)
            _close(child)
            raise ReviewerBroken(f"the reviewer does not start{' in time' if late else ''}: {said or 'it says nothing'}")
        if child.stderr is not None:
            child.stderr.close()  # The child closed its end too: from here on only answers count.
        self.told = tuple(Diagnostic.from_dict(one) for one in json.loads(line)["told"])
        self._child = child
        return child

    def _end(self) -> int | None:
        child, self._child = self._child, None
        if child is None:
            return None
        _close_input(child)
        try:
            child.wait(_GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            child.kill()
        _close(child)
        return child.returncode


def _exchange(child: subprocess.Popen[bytes], message: bytes, seconds_max: float) -> tuple[bytes, bool]:
    """Sends a line and reads one; "" and whether time was up when none comes. The clock kills a child that hangs."""
    late = threading.Event()

    def stop() -> None:
        late.set()
        child.kill()

    if child.stdin is None or child.stdout is None:
        raise ReviewerBroken("the reviewer has no pipes")
    clock = threading.Timer(seconds_max, stop)
    clock.daemon = True
    clock.start()
    try:
        child.stdin.write(message)
        child.stdin.flush()
        line = child.stdout.readline()
    except BrokenPipeError:
        line = b""
    finally:
        clock.cancel()
    return (line if line.endswith(b"\n") else b""), late.is_set()


def _packed(file: SourceFile) -> dict[str, str]:
    return {"path": file.path, "content": base64.b64encode(file.content).decode("ascii")}


def _close_input(child: subprocess.Popen[bytes]) -> None:
    """Tells the child that nothing more comes: an idle one ends by itself, a dying one says how it died."""
    if child.stdin is not None:
        try:
            child.stdin.close()
        except BrokenPipeError:
            pass  # what was not sent any more is for nobody


def _close(child: subprocess.Popen[bytes]) -> None:
    _close_input(child)
    child.wait()
    for pipe in (child.stdout, child.stderr):
        if pipe is not None:
            pipe.close()


def _tail(stream: IO[bytes] | None) -> str:
    said = stream.read().decode(errors="replace").strip() if stream is not None else ""
    return said.rsplit("\n", 1)[-1][:500]


def _named(code: int | None) -> str:
    if code is not None and code < 0:
        return f"signal {signal.Signals(-code).name}"
    return f"exit code {code}"


def python(module: str) -> list[str]:
    """The command that runs a module of ours. `-P`: else Python would import what lies in the folder under review first."""
    return [sys.executable, "-P", "-m", module]


def environment() -> dict[str, str]:
    """Only what Python needs to find our code: no token or password of the caller goes near strangers' files."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL", "SYSTEMROOT", "TMPDIR") if name in os.environ}
    return {**kept, "PYTHONPATH": str(_ROOT), "PYTHONHASHSEED": "0"}
