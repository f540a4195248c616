"""What each function costs: self time, total time, samples. Pure functions over a tree."""

from dataclasses import dataclass

from profiler.tree import Function, Tree


@dataclass(frozen=True)
class Cost:
    """A function's part in a tree. Shares are of the metric's total over all stacks, between 0 and 1."""

    function: Function
    line: int
    """The line with the most self value, or the most total value when the function only calls."""
    self_value: int
    total_value: int
    self_share: float
    total_share: float
    self_samples: int
    total_samples: int


class _Sums:
    """Self and total per function of one column; a recursive function counts once per stack."""

    def __init__(self, tree: Tree, metric: str, outermost: list[bool]) -> None:
        count = len(tree.functions)
        self.own, self.total = [0] * count, [0] * count
        column = tree.values.get(metric) or [0] * len(tree)
        inclusive = tree.inclusive(metric)
        for node in range(1, len(tree)):
            function = tree.function_ids[node]
            self.own[function] += column[node]
            if outermost[node]:
                self.total[function] += inclusive[node]


def costs(tree: Tree, metric: str) -> list[Cost]:
    """Every function that has a value, the most self value first, then the most total value."""
    outermost = _outermost(tree)
    sums, samples = _Sums(tree, metric, outermost), _Sums(tree, "samples", outermost)
    lines, whole = _hottest_lines(tree, metric), tree.total(metric) or 1
    found = [
        Cost(
            function, lines[at], sums.own[at], sums.total[at], sums.own[at] / whole, sums.total[at] / whole,
            samples.own[at], samples.total[at],
        )
        for at, function in enumerate(tree.functions)
        if sums.total[at] and at
    ]
    return sorted(found, key=lambda cost: (-cost.self_value, -cost.total_value, cost.function))


def _hottest_lines(tree: Tree, metric: str) -> list[int]:
    column = tree.values.get(metric) or [0] * len(tree)
    best: list[dict[int, tuple[int, int]]] = [{} for _ in tree.functions]
    for node, value in enumerate(tree.inclusive(metric)):
        lines, line = best[tree.function_ids[node]], tree.lines[node]
        own, total = lines.get(line, (0, 0))
        lines[line] = (own + column[node], total + value)
    return [max(lines, key=lambda line, lines=lines: lines[line], default=0) for lines in best]  # type: ignore[misc]


def _outermost(tree: Tree) -> list[bool]:
    """Whether a node is the first of its function on its stack."""
    children = tree.children()
    first, depth = [False] * len(tree), [0] * len(tree.functions)
    stack = [(0, False)]
    while stack:
        node, leaving = stack.pop()
        function = tree.function_ids[node]
        if leaving:
            depth[function] -= 1
            continue
        first[node] = depth[function] == 0
        depth[function] += 1
        stack.append((node, True))
        stack.extend((child, False) for child in children[node])
    return first
