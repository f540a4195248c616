"""What `git diff` prints, as files, hunks and lines. Reads git's own extended headers, quoted names included."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

_HUNK = re.compile(r"@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@ ?(.*)")
_ESCAPES = {"a": 7, "b": 8, "t": 9, "n": 10, "v": 11, "f": 12, "r": 13, '"': 34, "\\": 92}


@dataclass(frozen=True)
class Line:
    """A line of a hunk. `at` is its index on its own side: removed lines count among the old, all others among the new."""

    kind: str
    """"context", "added" or "removed"."""
    old: int | None
    new: int | None
    at: int
    text: str

    @property
    def sign(self) -> str:
        """The sign before the text, as in a patch."""
        return {"added": "+", "removed": "-"}.get(self.kind, " ")


@dataclass(frozen=True)
class Hunk:
    """Neighbouring lines; `place` is the function or heading that git found above them."""

    old_first: int
    new_first: int
    place: str
    lines: tuple[Line, ...]

    @property
    def old_text(self) -> str:
        """The old side, for a highlighter."""
        return "\n".join(line.text for line in self.lines if line.kind != "added")

    @property
    def new_text(self) -> str:
        """The new side, for a highlighter."""
        return "\n".join(line.text for line in self.lines if line.kind != "removed")


@dataclass(frozen=True)
class FileChange:
    """One file of a difference; `change` is added, removed, renamed, copied, changed or mode."""

    path: str
    old_path: str
    change: str
    binary: bool
    hunks: tuple[Hunk, ...]

    @property
    def added(self) -> int:
        """Added lines."""
        return sum(line.kind == "added" for hunk in self.hunks for line in hunk.lines)

    @property
    def removed(self) -> int:
        """Removed lines."""
        return sum(line.kind == "removed" for hunk in self.hunks for line in hunk.lines)

    @property
    def rows(self) -> int:
        """Lines that a page would show."""
        return sum(len(hunk.lines) + 1 for hunk in self.hunks)


def parse(text: str) -> list[FileChange]:
    """The files of a unified difference. A text that was cut gives what is whole, and the last hunk as far as it goes."""
    lines = text.split("\n")
    starts = _starts(lines)
    return [_file(lines[first:last]) for first, last in pairwise([*starts, len(lines)])]


def _starts(lines: Sequence[str]) -> list[int]:
    """Where files begin; a line of a hunk has a sign before it, so it cannot be taken for a header."""
    return [at for at, line in enumerate(lines) if line.startswith("diff --git ")]


def _file(lines: Sequence[str]) -> FileChange:
    old, new = _header_paths(lines[0])
    change, binary, at = "changed", False, 1
    while at < len(lines) and not lines[at].startswith("@@"):
        line = lines[at]
        word, _, rest = line.partition(" ")
        if line.startswith(("new file", "deleted file")):
            change = "added" if word == "new" else "removed"
        elif line.startswith("old mode"):
            change = "mode"
        elif line.startswith(("rename from ", "copy from ")):
            change, old = ("renamed" if word == "rename" else "copied"), _unquote(rest.removeprefix("from "))
        elif line.startswith(("rename to ", "copy to ")):
            new = _unquote(rest.removeprefix("to "))
        elif line.startswith("--- ") and rest != "/dev/null":
            old = _side(rest)
        elif line.startswith("+++ ") and rest != "/dev/null":
            new = _side(rest)
        elif line.startswith("Binary files "):
            binary = True
        at += 1
    hunks = tuple(_hunks(lines[at:]))
    if change == "mode" and hunks:
        change = "changed"
    return FileChange(old if change == "removed" else new, old, change, binary, hunks)


def _hunks(lines: Sequence[str]) -> list[Hunk]:
    found: list[Hunk] = []
    at = 0
    while at < len(lines):
        head = _HUNK.match(lines[at])
        at += 1
        if head is None:
            continue
        end = at
        while end < len(lines) and not lines[end].startswith("@@"):
            end += 1
        old, new = int(head[1]), int(head[3])
        found.append(Hunk(old, new, head[5], tuple(_lines(lines[at:end], old, new))))
        at = end
    return found


def _lines(lines: Sequence[str], old: int, new: int) -> list[Line]:
    found: list[Line] = []
    first_old, first_new = old, new
    for line in lines:
        sign, text = line[:1], line[1:].removesuffix("\r")
        if sign == "+":
            found.append(Line("added", None, new, new - first_new, text))
            new += 1
        elif sign == "-":
            found.append(Line("removed", old, None, old - first_old, text))
            old += 1
        elif sign == " ":
            found.append(Line("context", old, new, new - first_new, text))
            old, new = old + 1, new + 1
    return found


def _header_paths(line: str) -> tuple[str, str]:
    """Old and new name of `diff --git a/x b/y`, which is only unambiguous when both are equal; other headers follow then."""
    rest = line.removeprefix("diff --git ")
    if rest.startswith('"'):
        first, _, second = rest.partition('" ')
        return _side(first + '"'), _side(second)
    half = len(rest) // 2
    return _side(rest[:half]), _side(rest[half + 1 :])


def _side(name: str) -> str:
    return _unquote(name.removesuffix("\t"))[2:]


def _unquote(name: str) -> str:
    """Undoes git's C-style quoting of unusual names."""
    if not (name.startswith('"') and name.endswith('"') and len(name) > 1):
        return name
    out = bytearray()
    inner = name[1:-1]
    at = 0
    while at < len(inner):
        octal = re.match(r"\\([0-3][0-7]{2})", inner[at:])
        if octal:
            out.append(int(octal[1], 8))
            at += 4
        elif inner[at] == "\\" and inner[at + 1 : at + 2] in _ESCAPES:
            out.append(_ESCAPES[inner[at + 1]])
            at += 2
        else:
            out += inner[at].encode()
            at += 1
    return out.decode(errors="replace")
