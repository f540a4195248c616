"""The log of a build: written live, secrets masked, size limited, with marker lines that a page can fold.

Form of the log: the output of the build as it came, and lines of Lockgate's own, which start with `##[` and are

    ##[phase NAME] TIME                 a phase begins (prepare, install, pre_build, build, post_build, artifacts)
    ##[end NAME] STATE SECONDS TIME     it ended: passed, failed, stopped or skipped
    ##[command] TIME TEXT               a command of the buildspec is about to run
    ##[more] TEXT                       a further line of that command
    ##[exit] CODE SECONDS               how it ended
    ##[info] TEXT  ##[warning] TEXT  ##[error] TEXT

TIME is ISO 8601 in UTC with milliseconds. A line of the build's own output that starts with `##[` is written with one
space in front, so nothing a build prints can pass for a marker.
"""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType

from pipelines.builds.masking import Masker

TAIL_BYTES = 32 * 1024
"""How much of the end of an over-long output is kept."""

Mark = tuple[str, ...]


def timestamp(moment: datetime | None = None) -> str:
    """`2026-01-31T12:00:00.123Z`."""
    return (moment or datetime.now(UTC)).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


class Transcript:
    """Takes the bytes of the build and the words of the runner, in order, and writes the log file.

    The scripts of the build print marks (the byte 1E, a nonce and words) among the output; they are taken out and
    handed to `on_mark`, so what the runner writes stands exactly where it belongs.
    """

    def __init__(self, path: Path, masker: Masker, *, bytes_max: int, nonce: str, on_mark: Callable[[Mark], None]) -> None:
        self._file = path.open("wb")
        self._masker = masker
        self._bytes_max = bytes_max
        self._mark = b"\x1e" + nonce.encode() + b" "
        self._on_mark = on_mark
        self._pending = b""
        self._line_start = True  # of the file
        self._output_line_start = True  # of the build's output, which goes on where the file leaves some out
        self._hashes = b""
        self._tail = bytearray()
        self._left_out = 0
        self.bytes_seen = 0
        self.truncated = False
        """Whether output was left out."""
        self.last_output = bytearray()
        """The end of the masked output of the running phase, for `on-failure` patterns and reasons."""

    def feed(self, data: bytes) -> None:
        """Takes bytes that the build printed."""
        self._pending += data
        while True:
            at = self._pending.find(self._mark)
            if at < 0:
                break
            end = self._pending.find(b"\n", at)
            if end < 0:
                break
            before, mark, self._pending = self._pending[:at], self._pending[at:end], self._pending[end + 1 :]
            self._output(before)
            self._settle()
            self._on_mark(tuple(mark[len(self._mark) :].decode("utf-8", "replace").split(" ")))
        keep = self._unfinished_mark()
        ready, self._pending = self._pending[:keep], self._pending[keep:]
        self._output(ready)

    def say(self, kind: str, text: str) -> None:
        """Writes a line of Lockgate's own: `##[kind] text`; further lines of `text` become `##[more]`."""
        self._settle()
        if not self._line_start:
            self._file.write(b"\n")
        first, *more = self._masker.mask(text.encode("utf-8", "replace")).decode("utf-8", "replace").split("\n")
        lines = [f"##[{kind}] {first}", *(f"##[more] {line}" for line in more)]
        self._file.write("".join(f"{line.rstrip()}\n" for line in lines).encode())
        self._file.flush()
        self._line_start = self._output_line_start = True

    def close(self) -> None:
        """Writes what is still held and closes the file."""
        if not self._file.closed:
            self._output(self._pending)
            self._pending = b""
            self._settle()
            self._file.close()

    def __enter__(self) -> "Transcript":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def _unfinished_mark(self) -> int:
        """Where an unfinished mark begins at the end of what is pending."""
        at = self._pending.rfind(b"\x1e")
        if at < 0:
            return len(self._pending)
        rest = self._pending[at:]
        # A mark is one short line; anything longer is the build playing with our byte.
        unfinished = self._mark.startswith(rest) or (rest.startswith(self._mark) and len(rest) < 512 * 1024)
        return at if unfinished else len(self._pending)

    def _settle(self) -> None:
        """Writes what the masker and the escaping hold back; called where output is known to pause."""
        self._write(self._escaped(self._masker.flush()))
        if self._hashes:
            held, self._hashes = self._hashes, b""
            self._write(held)
        if self._left_out:
            newline = "" if self._line_start else "\n"
            self._file.write(f"{newline}##[warning] {self._left_out} bytes of output are left out here\n".encode())
            self._tail = bytearray(re.sub(rb"(?m)^##\[", rb" ##[", self._tail))
            self._left_out = 0
        tail, self._tail = bytes(self._tail), bytearray()
        self._put(tail)

    def _output(self, data: bytes) -> None:
        if data:
            self._write(self._escaped(self._masker.feed(data)))

    def _escaped(self, data: bytes) -> bytes:
        data = self._hashes + data
        self._hashes = b""
        line = data[data.rfind(b"\n") + 1 :]
        if line in (b"#", b"##") and (self._output_line_start or b"\n" in data):
            data, self._hashes = data[: len(data) - len(line)], line
        if not data:
            return data
        escaped = data
        if b"##[" in data:
            escaped = re.sub(rb"(?m)^##\[", rb" ##[", data)
            if data.startswith(b"##[") and not self._output_line_start:
                escaped = escaped[1:]
        self._output_line_start = data.endswith(b"\n")
        return escaped

    def _write(self, data: bytes) -> None:
        """Writes masked, escaped output as far as the limit goes; keeps the end of the rest."""
        if not data:
            return
        self.last_output += data
        del self.last_output[:-TAIL_BYTES]
        room = max(0, self._bytes_max - self.bytes_seen)
        self.bytes_seen += len(data)
        self._put(data[:room])
        self._tail += data[room:]
        if (cut := len(self._tail) - TAIL_BYTES) > 0:
            self.truncated = True
            self._left_out += cut
            del self._tail[:cut]

    def _put(self, data: bytes) -> None:
        if data:
            self._file.write(data)
            self._file.flush()
            self._line_start = data.endswith(b"\n")
