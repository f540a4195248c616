"""Stacks seen, counted without strings: a stack's key holds code object ids and instruction offsets only.

Names and line numbers are looked up when the tally is sent. Every code object of a kept stack is held until then, so
its id cannot be given to another one.
"""

import opcode
import os
import sys
from bisect import bisect_right
from collections.abc import Iterator
from types import CodeType, FrameType
from typing import Any, Optional

DEPTH_MAX = 400
FRAMES_MAX = 100_000
"""Frames of all different stacks of one tally together; some five megabytes."""
LABEL_SETS_MAX = 200
CERTAIN_SAMPLES_MIN = 8
TRUNCATED = ("<truncated>", "", 0, 0)

Frame = tuple[str, str, int, int]
"""Qualified name with its module, file, first line of the function, line in it."""
Labels = tuple[str, str]
"""Thread group and route."""
Entry = list[int]
"""Counters, by the numbers below."""
SAMPLES, WALL, CPU, DOUBTFUL, AT_CALL, BLOCKS = range(6)
"""Nanoseconds on the clock, of CPU time, of CPU time that was probably spent elsewhere; whether the stack's innermost
instruction may block, and whether a thread was seen waiting there."""
_STEADY = frozenset(
    number for number, name in enumerate(opcode.opname) if name.startswith(("RESUME", "JUMP_", "POP_JUMP_"))
)
"""Instructions at which a computing thread is made to give the interpreter lock away, and that never wait."""


class Tally:
    """What was seen since the last delivery."""

    def __init__(self, depth_max: int = DEPTH_MAX, frames_max: int = FRAMES_MAX) -> None:
        self._depth_max, self._frames_left = depth_max, frames_max
        self._stacks: dict[Labels, dict[tuple[int, ...], Entry]] = {}
        self._codes: dict[int, tuple[CodeType, str]] = {}

    def entry(self, frame: Optional[FrameType], labels: Labels) -> Entry:
        """The counters of this stack, to be added to."""
        stacks = self._stacks.get(labels)
        if stacks is None:
            if len(self._stacks) >= LABEL_SETS_MAX:
                labels = ("", "")
            stacks = self._stacks.setdefault(labels, {})
        ids: list[int] = []
        add, left, walk = ids.append, self._depth_max, frame
        while walk is not None and left:
            add(id(walk.f_code))
            add(walk.f_lasti)
            walk = walk.f_back
            left -= 1
        found = stacks.get(tuple(ids))
        return found if found is not None else self._meet(frame, stacks)

    def _meet(self, frame: Optional[FrameType], stacks: "dict[tuple[int, ...], Entry]") -> Entry:
        # Walked again from the start: the program may have run since, and key and code objects must belong together.
        ids: list[int] = []
        codes: dict[int, tuple[CodeType, str]] = {}
        walk = frame
        while walk is not None and len(ids) < 2 * self._depth_max:
            code = walk.f_code
            if id(code) not in self._codes:
                codes[id(code)] = (code, str(dict.get(walk.f_globals, "__name__", "")))
            ids += (id(code), walk.f_lasti)
            walk = walk.f_back
        if self._frames_left < len(ids) // 2:
            return stacks.setdefault((), [0, 0, 0, 0, 0, 0])
        self._frames_left -= len(ids) // 2
        self._codes.update(codes)
        return stacks.setdefault(tuple(ids), [0, 0, 0, 0, int(_may_block(frame)), 0])

    def samples(self) -> "Iterator[tuple[list[Frame], list[int], dict[str, str]]]":
        """Every stack, leaf first, with samples, wall and CPU nanoseconds, and labels."""
        lines = _Lines()
        levels = self._levels()
        for (thread, route), stacks in self._stacks.items():
            labels = {key: value for key, value in (("thread", thread), ("route", route)) if value}
            for key, entry in stacks.items():
                if not entry[SAMPLES]:
                    continue
                cpu = round(_certain(entry, levels[thread][0]) * levels[thread][1])
                pairs = list(zip(key[::2], key[1::2]))  # noqa: B905  zip's strict is newer than Python 3.9
                frames = [lines.frame(*self._codes[code], lasti) for code, lasti in pairs]
                if not pairs or len(pairs) >= self._depth_max:
                    frames.append(TRUNCATED)
                yield frames, [entry[SAMPLES], entry[WALL], cpu], labels

    def _levels(self) -> "dict[str, tuple[int, float]]":
        """For each thread group, what counts as certain, and by what that is raised to make up for what does not."""
        groups: dict[str, list[Entry]] = {}
        for (thread, _route), stacks in self._stacks.items():
            groups.setdefault(thread, []).extend(stacks.values())
        return {thread: _level(entries) for thread, entries in groups.items()}


def _level(entries: "list[Entry]") -> "tuple[int, float]":
    whole = sum(entry[CPU] + entry[DOUBTFUL] for entry in entries)
    for level in (0, 1):
        certain = [(_certain(entry, level), entry[SAMPLES]) for entry in entries]
        if sum(samples for value, samples in certain if value) >= CERTAIN_SAMPLES_MIN:
            return level, whole / sum(value for value, _ in certain)
    return 2, 1.0


def _certain(entry: Entry, level: int) -> int:
    """CPU time that was spent at this stack: 0 by the strict rule, 1 also where no thread was seen waiting, 2 anyhow."""
    return entry[CPU] + (entry[DOUBTFUL] if level == 2 or (level == 1 and not entry[BLOCKS]) else 0)


class _Lines:
    """Frames by code object and instruction; each code object's line table is read once."""

    def __init__(self) -> None:
        self._tables: dict[int, tuple[list[int], list[int], str, str]] = {}
        self._frames: dict[tuple[int, int], Frame] = {}

    def frame(self, code: CodeType, module: str, lasti: int) -> Frame:
        """The frame of an instruction."""
        known = self._frames.get((id(code), lasti))
        if known is None:
            starts, numbers, name, file = self._table(code, module)
            at = bisect_right(starts, lasti) - 1
            line = numbers[at] if at >= 0 else code.co_firstlineno
            known = self._frames[id(code), lasti] = (name, file, code.co_firstlineno, line)
        return known

    def _table(self, code: CodeType, module: str) -> "tuple[list[int], list[int], str, str]":
        table = self._tables.get(id(code))
        if table is None:
            starts, numbers = [], []
            for start, line in _line_starts(code):
                starts.append(start)
                numbers.append(line or code.co_firstlineno)
            name = getattr(code, "co_qualname", code.co_name)
            table = self._tables[id(code)] = (starts, numbers, f"{module}.{name}" if module else name, _short(code.co_filename))
        return table


def _short(file: str) -> str:
    """The path below the import folder it was found in: hosts that keep one program in different folders then agree on it.

    Libraries keep `site-packages/`, and Python's own modules `lib/python3.11/`: the server tells code apart by these.
    """
    roots = [root for root in (os.path.abspath(entry or os.curdir) for entry in list(sys.path)) if file.startswith(root + os.sep)]
    if not roots:
        return file
    parts = max(roots, key=len).split(os.sep)
    kept = parts[-1:] if parts[-1].endswith("-packages") else parts[-2:] if parts[-2:-1] in (["lib"], ["lib64"]) else []
    return "/".join([*kept, file[len(os.sep.join(parts)) + 1 :].replace(os.sep, "/")])


def _may_block(frame: Optional[FrameType]) -> bool:
    if frame is None or frame.f_lasti < 0:
        return True
    return frame.f_code.co_code[frame.f_lasti] not in _STEADY


def _line_starts(code: CodeType) -> "Iterator[tuple[int, Optional[int]]]":
    if hasattr(code, "co_lines"):
        return ((start, line) for start, _end, line in code.co_lines())
    return _line_starts_39(code)


def _line_starts_39(code: Any) -> "Iterator[tuple[int, Optional[int]]]":
    """Python 3.9 has no `co_lines`; its line table is pairs of byte and line steps (Objects/lnotab_notes.txt)."""
    address, line = 0, code.co_firstlineno
    yield 0, line
    table = code.co_lnotab
    for address_step, line_step in zip(table[::2], table[1::2]):  # noqa: B905
        address += address_step
        line += line_step - 256 if line_step >= 128 else line_step
        yield address, line
