"""The call tree of a profile: columns instead of objects, parents before children, node 0 is the root of all stacks."""

import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import orjson

VALUE_MAX = 2**62
"""Sums stop here; JSON and the databases hold 63 bits."""
FORMAT = 1


class Function(NamedTuple):
    """A function: qualified name with its module, file, first line. Pseudo frames have a `file` like "<route>"."""

    name: str
    file: str
    first_line: int


ROOT = Function("all", "<root>", 0)
ROUTE_FILE = "<route>"
TRUNCATED = Function("<truncated>", "", 0)


class Frame(NamedTuple):
    """A place in a stack: the function and the line that runs or calls."""

    function: Function
    line: int


@dataclass
class Tree:
    """Self values of every node, for each metric. A node is its parent, its function and the line in it."""

    units: dict[str, str] = field(default_factory=dict)
    """Metric → unit: {"samples": "count", "cpu": "nanoseconds"}."""
    functions: list[Function] = field(default_factory=lambda: [ROOT])
    parents: list[int] = field(default_factory=lambda: [-1])
    function_ids: list[int] = field(default_factory=lambda: [0])
    lines: list[int] = field(default_factory=lambda: [0])
    values: dict[str, list[int]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.parents)

    def total(self, metric: str) -> int:
        """The sum over all stacks; 0 for a metric that is not there."""
        return sum(self.values.get(metric, ()))

    def inclusive(self, metric: str) -> list[int]:
        """Each node's value with all that it called."""
        sums = list(self.values.get(metric) or [0] * len(self))
        for node in range(len(sums) - 1, 0, -1):
            sums[self.parents[node]] += sums[node]
        return sums

    def children(self) -> list[list[int]]:
        """Each node's children, in the order they were met."""
        found: list[list[int]] = [[] for _ in self.parents]
        for node in range(1, len(self)):
            found[self.parents[node]].append(node)
        return found

    def function(self, node: int) -> Function:
        """The function of a node."""
        return self.functions[self.function_ids[node]]

    def path(self, node: int) -> list[Frame]:
        """From the outermost frame to the node, without the root."""
        frames = []
        while node > 0:
            frames.append(Frame(self.function(node), self.lines[node]))
            node = self.parents[node]
        return frames[::-1]


class Builder:
    """Grows a tree from stacks and other trees."""

    def __init__(self) -> None:
        self.tree = Tree()
        self._functions: dict[Function, int] = {ROOT: 0}
        self._nodes: dict[tuple[int, int, int], int] = {}

    def add_stack(self, frames: Iterable[Frame], values: Mapping[str, int]) -> None:
        """Adds values to a stack, given from the outermost frame inwards. The metrics were declared before."""
        node = 0
        for frame in frames:
            node = self._node(node, self._function(frame.function), frame.line)
        for metric, value in values.items():
            self.tree.values[metric][node] += value

    def add_tree(
        self, tree: Tree, *, keep: Callable[[Function], bool] | None = None, line: Callable[[int], int] = int
    ) -> None:
        """Adds a whole tree. Frames that `keep` refuses vanish, their time goes to who called them; `line` maps lines."""
        for metric, unit in tree.units.items():
            self.declare(metric, unit)
        functions = [self._function(f) for f in tree.functions]
        kept = [keep is None or keep(f) for f in tree.functions]
        columns = [(tree.values[metric], self.tree.values[metric]) for metric in tree.units]
        places = [0] * len(tree)
        for node, (parent, function) in enumerate(zip(tree.parents, tree.function_ids, strict=True)):
            if node:
                place = places[parent]
                if kept[function]:
                    place = self._node(place, functions[function], line(tree.lines[node]))
                places[node] = place
            for source, target in columns:
                if source[node]:
                    target[places[node]] += source[node]

    def declare(self, metric: str, unit: str) -> None:
        """Adds a metric when it is new."""
        if metric not in self.tree.units:
            self.tree.units[metric] = unit
            self.tree.values[metric] = [0] * len(self.tree)

    def _function(self, function: Function) -> int:
        known = self._functions.get(function)
        if known is None:
            known = self._functions[function] = len(self.tree.functions)
            self.tree.functions.append(function)
        return known

    def _node(self, parent: int, function: int, line: int) -> int:
        key = (parent, function, line)
        known = self._nodes.get(key)
        if known is None:
            tree = self.tree
            known = self._nodes[key] = len(tree)
            tree.parents.append(parent)
            tree.function_ids.append(function)
            tree.lines.append(line)
            for column in tree.values.values():
                column.append(0)
        return known


def dump(tree: Tree, about: Mapping[str, Any]) -> bytes:
    """The tree as compressed JSON. `about` says whose it is, which also makes the content unlike any other's."""
    body = {
        "format": FORMAT, "about": dict(about), "units": tree.units,
        "functions": [list(f) for f in tree.functions], "parents": tree.parents,
        "function_ids": tree.function_ids, "lines": tree.lines,
        "values": {metric: [min(v, VALUE_MAX) for v in column] for metric, column in tree.values.items()},
    }
    return zlib.compress(orjson.dumps(body), 6)


def load(data: bytes) -> Tree:
    """The tree that `dump` wrote."""
    body = orjson.loads(zlib.decompress(data))
    functions = [Function(*f) for f in body["functions"]]
    return Tree(body["units"], functions, body["parents"], body["function_ids"], body["lines"], body["values"])


def frames_of(names: Sequence[str]) -> list[Frame]:
    """Frames that have nothing but names."""
    return [Frame(Function(name, "", 0), 0) for name in names]
