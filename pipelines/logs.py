"""Reading the log of an attempt: by byte offset for programs, in phases and lines for pages.

The form of a log is told in `pipelines.builds.transcript`: output as it came, and lines of Lockgate's own behind `##[`.
"""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

CHUNK_BYTES_MAX = 1024 * 1024
LINES_MAX = 2000
LINE_CHARACTERS_MAX = 4000
POLL_SECONDS = 0.1
_MARK = re.compile(r"##\[(phase|end|command|more|exit|info|warning|error)(?: ([a-z_]+))?\] ?(.*)")
_PHASE = re.compile(rb"^##\[(phase|end) ([a-z_]+)\]", re.MULTILINE)
_ESCAPE = re.compile(r"\x1b(?:\[([0-9;:]*)([A-Za-z])|\][^\x07\x1b]*(?:\x07|\x1b\\)?|.)|[\x00-\x08\x0b-\x1f\x7f]")


@dataclass(frozen=True)
class Span:
    """A piece of a line in one style; `style` are class names such as "fg-1 bold"."""

    text: str
    style: str = ""


@dataclass(frozen=True)
class Line:
    """A line with its number from 1. `kind` is "output", "command", "more", "exit", "info", "warning" or "error"."""

    number: int
    kind: str
    spans: tuple[Span, ...]
    time: str = ""


@dataclass
class Phase:
    """Lines between two marks. `state` is "running" while no end was read; the name is "" outside of phases."""

    name: str
    state: str = "running"
    seconds: float | None = None
    lines: list[Line] = field(default_factory=list)
    continues: bool = False
    """Whether its beginning was read earlier."""


@dataclass(frozen=True)
class Piece:
    """Part of a log: its phases, and where the next part begins."""

    phases: list[Phase]
    first_line: int
    next_line: int
    next_offset: int


def read(path: Path, offset: int, limit_bytes: int = CHUNK_BYTES_MAX) -> bytes:
    """The bytes from `offset`; empty when there are none yet."""
    try:
        with path.open("rb") as file:
            file.seek(offset)
            return file.read(limit_bytes)
    except FileNotFoundError:
        return b""


def wait(path: Path, offset: int, seconds: float, is_over: Callable[[], bool]) -> bytes:
    """As `read`, but waits up to `seconds` for bytes to come, unless the attempt is over."""
    deadline = time.monotonic() + seconds
    while not (data := read(path, offset)) and time.monotonic() < deadline and not is_over():
        time.sleep(POLL_SECONDS)
    return data


def last(path: Path, *, is_over: bool, before: int | None = None) -> Piece:
    """The last lines of a log, or the last before line `before`. A line still being written is left for later."""
    data = read(path, 0, 1 << 31)
    end = len(data) if is_over else data.rfind(b"\n") + 1
    total = data.count(b"\n", 0, end) + (1 if end and data[end - 1] != 10 else 0)
    until = total if before is None else min(max(before - 1, 0), total)
    lines = data[:end].split(b"\n")[:until]
    start = max(0, until - LINES_MAX)
    head = b"\n".join(lines[:start])
    return _piece(lines[start:until], start + 1, end, _open_phase(head))


def after(path: Path, offset: int, line: int, phase: str, *, is_over: bool, data: bytes | None = None) -> Piece:
    """The lines from `offset`, the first of which is number `line` and stands in `phase`."""
    data = read(path, offset) if data is None else data
    if not is_over or len(data) >= CHUNK_BYTES_MAX:
        data = data[: data.rfind(b"\n") + 1]
    lines = data.removesuffix(b"\n").split(b"\n") if data else []
    return _piece(lines, line, offset + len(data), phase)


def tail(path: Path, count: int) -> list[Line]:
    """The last lines that say something: commands, output, warnings and errors."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(max(0, size - 64 * 1024))
            data = file.read()
    except FileNotFoundError:
        return []
    piece = _piece(data.split(b"\n"), 1, 0, "")
    lines = [line for phase in piece.phases for line in phase.lines]
    telling = [line for line in lines if line.kind not in ("exit", "info") and any(span.text.strip() for span in line.spans)]
    return telling[-count:]


def spans(text: str) -> tuple[Span, ...]:
    """A line with its colours as classes; other control sequences are dropped, and a rewritten line shows its last form."""
    text = text.rstrip("\r").rpartition("\r")[2][:LINE_CHARACTERS_MAX]
    found: list[Span] = []
    style: dict[str, str] = {}
    at = 0
    for escape in _ESCAPE.finditer(text):
        if escape.start() > at:
            found.append(Span(text[at : escape.start()], " ".join(style.values())))
        at = escape.end()
        if escape[2] == "m":
            _restyle(style, escape[1])
    if at < len(text):
        found.append(Span(text[at:], " ".join(style.values())))
    return tuple(found)


def _restyle(style: dict[str, str], codes: str) -> None:
    """Applies a Select Graphic Rendition sequence (ECMA-48, 8.3.117) with the sixteen colours that terminals agree on."""
    numbers = [int(code or 0) for code in codes.replace(":", ";").split(";") if len(code) < 4]
    while numbers:
        code = numbers.pop(0)
        if code == 0:
            style.clear()
        elif code == 1:
            style["bold"] = "bold"
        elif code == 22:
            style.pop("bold", None)
        elif 30 <= code <= 37 or 90 <= code <= 97:
            style["fg"] = f"fg-{code % 10 + (8 if code >= 90 else 0)}"
        elif code == 39:
            style.pop("fg", None)
        elif code in (38, 48):  # a colour of the large palettes: shown plain
            del numbers[: 2 if numbers[:1] == [5] else 4]


def _piece(lines: list[bytes], first: int, next_offset: int, phase: str) -> Piece:
    phases = [Phase(phase, continues=True)]
    for number, raw in enumerate(lines, first):
        text = raw.decode("utf-8", "replace")
        mark = _MARK.fullmatch(text.rstrip("\r")) if text.startswith("##[") else None
        if mark is None:
            phases[-1].lines.append(Line(number, "output", spans(text)))
        elif mark[1] == "phase":
            phases.append(Phase(mark[2] or ""))
        elif mark[1] == "end":
            _end(phases, mark[2] or "", mark[3])
        else:
            phases[-1].lines.append(_own(number, mark[1], mark[3]))
    kept = [one for one in phases if one.lines or (one.name and not one.continues) or one.state != "running"]
    return Piece(kept, first, first + len(lines), next_offset)


def _end(phases: list[Phase], name: str, rest: str) -> None:
    state, _, more = rest.partition(" ")
    if phases[-1].name == name:
        phases[-1].state, phases[-1].seconds = state, _number(more.partition(" ")[0])
        phases.append(Phase(""))


def _own(number: int, kind: str, rest: str) -> Line:
    if kind == "command":
        moment, _, text = rest.partition(" ")
        return Line(number, kind, (Span(text),), moment)
    if kind == "exit":
        code, _, seconds = rest.partition(" ")
        return Line(number, kind, (Span(f"exit {code} after {_number(seconds) or 0:.1f} s"),))
    return Line(number, kind, spans(rest))


def _open_phase(data: bytes) -> str:
    """The phase that is open at the end of `data`, or ""."""
    name = ""
    for mark in _PHASE.finditer(data):
        name = mark[2].decode() if mark[1] == b"phase" else ""
    return name


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
