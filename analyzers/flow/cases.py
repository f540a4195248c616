"""Labelled cases of data flow: ways in, through and out, crossed, each with a near-miss twin. Read by tests and benchmarks.

A way in, a way through and a way out make one program; it holds a sin if all three let the stranger's word pass. Half of
the programs, chosen by a hash of their names, are held out: nobody looks at them while the engine is changed.
"""

import hashlib
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from textwrap import indent
from typing import Any

_FOLDER = Path(__file__).parent.parent / "models" / "cases"


@dataclass(frozen=True)
class Case:
    """One program. `sinful` tells whether a finding with the kind's rule must be there, or must not."""

    name: str
    kind: str
    source: str
    sinful: bool
    twist: str
    """Which part makes a harmless one harmless: "in", "through", "out", or "" for a sinful one."""

    @property
    def held_out(self) -> bool:
        """Whether it is not to be looked at."""
        return hashlib.sha256(self.name.encode()).digest()[0] % 2 == 1


def all_cases() -> Iterator[Case]:
    """Every way through with a way in and a way out, and every way out with a way in, in turn."""
    ways_in, shapes, sinks = (_read(name) for name in ("framework", "shape", "sink"))
    outs = [(sink, number) for sink in sinks for number in range(len(sink["bad"]))]
    for at, shape in enumerate(shapes):
        for turn in range(4):
            way_in = ways_in[(at * 5 + turn * 3) % len(ways_in)]
            yield from _twins(way_in, shape, *outs[(at * 7 + turn * 17) % len(outs)], ("through",))
    for at, (sink, number) in enumerate(outs):
        for turn in range(3):
            yield from _twins(ways_in[(at + turn * 5) % len(ways_in)], shapes[0], sink, number, ("out",))
    for at, way_in in enumerate(ways_in):
        for turn in range(3):
            yield from _twins(way_in, shapes[0], *outs[(at * 3 + turn * 11) % len(outs)], ("in",))


    yield from _later_cases(ways_in, shapes)


def _later_cases(older: list[dict[str, Any]], shapes: list[dict[str, Any]]) -> Iterator[Case]:
    """What was added later, crossed for itself: the cases before it stay what they were, and who is held out."""
    ways_in, sinks = _read("framework", "later"), _read("sink", "later")
    outs = [(sink, number) for sink in sinks for number in range(len(sink["bad"]))]
    for at, (sink, number) in enumerate(outs):
        for turn in range(len(ways_in) + 4):
            way_in = ways_in[turn] if turn < len(ways_in) else older[(at * 3 + turn * 5) % len(older)]
            yield from _twins(way_in, shapes[(at * 5 + turn * 11 + 1) % len(shapes)], sink, number, ("through", "out"))
    for at, way_in in enumerate(ways_in):
        for turn, shape in enumerate(shapes):
            yield from _twins(way_in, shape, *outs[(at * 3 + turn) % len(outs)], ("in",))


def _twins(way_in: dict[str, Any], shape: dict[str, Any], sink: dict[str, Any], number: int, twists: tuple[str, ...]) -> Iterator[Case]:
    name = f"{way_in['name']}, {shape['name']}, {sink['kind']} {number} of {sink['top'][:30]!r}"
    for twist in ("", *twists):
        source = _program(
            way_in["good" if twist == "in" else "bad"], shape.get("top", ""), shape["good" if twist == "through" else "bad"],
            sink["top"], sink["good" if twist == "out" else "bad"][number],
        )  # fmt: skip
        yield Case(f"{name}, {twist or 'sinful'}", sink["kind"], source, not twist, twist)


def _program(frame: str, top: str, through: str, imports: str, out: str) -> str:
    lines = []
    for line in frame.strip().splitlines():
        margin = line[: len(line) - len(line.lstrip())]
        lines.append(indent(f"{through}\n{out}", margin) if line.strip() == "BODY" else line)
    return "\n\n".join(part for part in (imports, top, "\n".join(lines)) if part) + "\n"


def _read(name: str, file: str = "") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = tomllib.loads((_FOLDER / f"{file or name + 's'}.toml").read_text())[name]
    return found
