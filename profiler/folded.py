"""Folded stacks, one a line: `outer;inner count`, as flamegraph.pl, py-spy and perf write them."""

import re
from collections.abc import Iterator

from profiler.tree import ROOT, Builder, Frame, Function, Tree
from profiler.wire import DEPTH_MAX, SAMPLES_MAX, STRING_BYTES_MAX, TOTAL_MAX
from service.kernel.errors import Malformed

_PLACE = re.compile(r"(?P<name>.*) \((?P<file>[^()]*?)(?::(?P<line>\d{1,9}))?\)")


def read(text: str) -> Tree:
    """A tree of samples. A frame is `name`, `name (file)` or `name (file:line)`. Raises Malformed with the line."""
    builder = Builder()
    builder.declare("samples", "count")
    count = 0
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        count += 1
        if count > SAMPLES_MAX:
            raise Malformed(where=f"line {number}", why=f"more than {SAMPLES_MAX} stacks")
        stack, _, samples = line.rpartition(" ")
        if not stack or not samples.isascii() or not samples.isdigit() or int(samples) > TOTAL_MAX:
            raise Malformed(where=f"line {number}", why="expected `outer;inner count`")
        names = stack.split(";")
        if len(names) > DEPTH_MAX or any(len(name) > STRING_BYTES_MAX for name in names):
            raise Malformed(where=f"line {number}", why=f"more than {DEPTH_MAX} frames, or one too long")
        builder.add_stack([_frame(name) for name in names], {"samples": int(samples)})
    if builder.tree.total("samples") > TOTAL_MAX:
        raise Malformed(where="profile", why=f"the samples add up to more than {TOTAL_MAX}")
    return builder.tree


def write(tree: Tree, metric: str) -> Iterator[str]:
    """The tree's lines, with places, for the nodes that have a value of their own."""
    for node, value in enumerate(tree.values.get(metric, ())):
        if value and node:
            yield ";".join(_text(frame) for frame in tree.path(node)) + f" {value}\n"
        elif value:
            yield f"{ROOT.name} {value}\n"


def _frame(text: str) -> Frame:
    text = text.strip()
    found = _PLACE.fullmatch(text)
    if found is None:
        return Frame(Function(text or "<unknown>", "", 0), 0)
    return Frame(Function(found["name"], found["file"], 0), int(found["line"] or 0))


def _text(frame: Frame) -> str:
    name = frame.function.name.replace(";", ",")
    file = frame.function.file.replace(";", ",")
    return f"{name} ({file}:{frame.line})" if file else name
