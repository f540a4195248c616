"""Trees into trees: merged, pruned, and seen without what the reader does not ask for. Pure functions."""

from collections.abc import Callable, Iterable

from profiler.tree import ROUTE_FILE, TRUNCATED, Builder, Frame, Function, Tree

NODES_MAX = 20_000
"""Of one window."""


def merge(trees: Iterable[Tree]) -> Tree:
    """The sum of the trees."""
    builder = Builder()
    for tree in trees:
        builder.add_tree(tree)
    return builder.tree


def prune(tree: Tree, nodes_max: int = NODES_MAX) -> Tree:
    """At most about `nodes_max` nodes: the rarest subtrees become one `<truncated>` frame under who called them.

    A caller is never rarer than what it calls, so what is kept is connected. All sums stay what they were.
    """
    if len(tree) <= nodes_max:
        return tree
    weight = tree.inclusive("samples" if "samples" in tree.units else next(iter(tree.units), ""))
    # Of equal weight the earlier node is kept: parents stand before their children.
    order = sorted(range(1, len(tree)), key=lambda node: (-weight[node], node))
    kept = {0, *order[: nodes_max - 1]}
    builder = Builder()
    for metric, unit in tree.units.items():
        builder.declare(metric, unit)
    for node in range(len(tree)):
        values = {metric: column[node] for metric, column in tree.values.items() if column[node]}
        if node in kept or values:
            builder.add_stack(_kept_path(tree, node, kept), values)
    return builder.tree


def without_routes(tree: Tree) -> Tree:
    """The tree as if no stack had been labelled with its route."""
    return only(tree, lambda function: function.file != ROUTE_FILE)


def only(tree: Tree, keep: Callable[[Function], bool]) -> Tree:
    """The tree without the functions that `keep` refuses: their time goes to who called them."""
    builder = Builder()
    builder.add_tree(tree, keep=keep)
    return builder.tree


def by_function(tree: Tree) -> Tree:
    """The tree with one node per function and caller, whatever the line."""
    builder = Builder()
    builder.add_tree(tree, line=lambda _: 0)
    return builder.tree


def _kept_path(tree: Tree, node: int, kept: set[int]) -> list[Frame]:
    cut = False
    while node not in kept:
        node, cut = tree.parents[node], True
    path = tree.path(node)
    return [*path, Frame(TRUNCATED, 0)] if cut else path
