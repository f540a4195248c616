"""A flame graph as boxes with places: who called from top to bottom, most time to the left. Pure functions."""

import hashlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

from profiler.ownership import kind, place, short_name
from profiler.tree import Function, Tree

WIDTH_MIN_PERCENT = 0.15
BOXES_MAX = 900
SHADES = 4


@dataclass(frozen=True)
class Box:
    """A frame as drawn. `x` and `width` are per cent of the picture, shares are of all stacks."""

    key: str
    """Names the frame's whole path, the same in every picture of the same calls."""
    function: Function
    name: str
    """Without the module."""
    place: str
    kind: str
    shade: int
    depth: int
    x: float
    width: float
    value: int
    self_value: int
    samples: int
    share: float
    above: bool
    """Whether it is a caller of the frame that the reader looks at, shown for the way back."""
    match: bool


@dataclass(frozen=True)
class Flame:
    """The picture."""

    boxes: tuple[Box, ...]
    depth: int
    total: int
    focus: Box | None
    """The frame the reader looks at; None for all."""
    lost: bool
    """Whether the frame asked for is not in this tree."""
    match_share: float | None
    """Of all stacks, in frames that match the search; None without one."""
    hidden: int
    """Frames too narrow to draw."""


class _Canvas:
    """What the boxes are computed from."""

    def __init__(self, tree: Tree, metric: str, own_packages: Collection[str], search: str) -> None:
        self.tree, self.own_packages, self.search = tree, own_packages, search.casefold()
        self.values, self.samples = tree.inclusive(metric), tree.inclusive("samples")
        self.own = tree.values.get(metric) or [0] * len(tree)
        self.children = tree.children()
        self.keys = _keys(tree)
        self.total = self.values[0]

    def matches(self, function: Function) -> bool:
        """Whether the search finds the function."""
        return bool(self.search) and self.search in f"{function.name} {function.file}".casefold()

    def box(self, node: int, x: float, width: float, depth: int, *, above: bool) -> Box:
        """The node as drawn there."""
        function = self.tree.function(node)
        return Box(
            self.keys[node], function, short_name(function), place(function), kind(function, self.own_packages) if node else "root",
            sum(function.name.encode()) % SHADES, depth, x, width, self.values[node], self.own[node], self.samples[node],
            self.values[node] / (self.total or 1), above, self.matches(function),
        )


def draw(tree: Tree, metric: str, *, own_packages: Collection[str] = (), focus: str = "", search: str = "") -> Flame:
    """The picture of a tree (one node per function and caller), zoomed into the frame whose key is `focus`."""
    canvas = _Canvas(tree, metric, own_packages, search)
    start = next((node for node, key in enumerate(canvas.keys) if key == focus), 0) if focus else 0
    way = [canvas.box(node, 0.0, 100.0, depth, above=True) for depth, node in enumerate(_way(tree, start))]
    boxes = sorted(_boxes(canvas, start, len(way)), key=lambda box: -box.width)
    drawn = [*way, *boxes[:BOXES_MAX]]
    drawn.sort(key=lambda box: (box.depth, box.x))
    possible = sum(1 for node in range(len(tree)) if canvas.values[node])
    return Flame(
        tuple(drawn), max((box.depth for box in drawn), default=0) + 1, canvas.total,
        canvas.box(start, 0, 100, len(way), above=False) if start else None, bool(focus) and not start,
        _match_share(canvas) if search else None, max(0, possible - len(drawn)) if not start else 0,
    )


def nested(tree: Tree, metric: str) -> dict[str, Any]:
    """The same as nested objects for drawing elsewhere: {"name", "file", "line", "value", "self", "samples", "children"}."""
    canvas = _Canvas(tree, metric, (), "")
    least = canvas.total * WIDTH_MIN_PERCENT / 100
    made: dict[int, dict[str, Any]] = {}
    for node in range(len(tree)):
        if node and (canvas.values[node] < least or tree.parents[node] not in made):
            continue
        function = tree.function(node)
        made[node] = {
            "name": function.name, "file": function.file, "line": function.first_line, "value": canvas.values[node],
            "self": canvas.own[node], "samples": canvas.samples[node], "children": [],
        }
        if node:
            made[tree.parents[node]]["children"].append(made[node])
    return made[0]


def _boxes(canvas: _Canvas, start: int, depth: int) -> Iterator[Box]:
    whole = canvas.values[start] or 1
    waiting = [(start, 0.0, depth)]
    while waiting:
        node, x, level = waiting.pop()
        width = 100 * canvas.values[node] / whole
        if width < WIDTH_MIN_PERCENT:
            continue
        yield canvas.box(node, x, width, level, above=False)
        for child in sorted(canvas.children[node], key=lambda c: (-canvas.values[c], canvas.keys[c])):
            waiting.append((child, x, level + 1))
            x += 100 * canvas.values[child] / whole


def _way(tree: Tree, node: int) -> list[int]:
    way = []
    while node:
        node = tree.parents[node]
        way.append(node)
    return way[::-1]


def _keys(tree: Tree) -> list[str]:
    keys = [""]
    for node in range(1, len(tree)):
        name, file, _ = tree.function(node)
        text = f"{keys[tree.parents[node]]}\0{name}\0{file}"
        keys.append(hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=6).hexdigest())
    return keys


def _match_share(canvas: _Canvas) -> float:
    found, inside = 0, [False] * len(canvas.tree)
    fits = [canvas.matches(function) for function in canvas.tree.functions]
    for node in range(1, len(canvas.tree)):
        above = inside[canvas.tree.parents[node]]
        hit = fits[canvas.tree.function_ids[node]]
        inside[node] = above or hit
        if hit and not above:
            found += canvas.values[node]
    return found / (canvas.total or 1)
