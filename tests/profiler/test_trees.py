"""Merging, pruning and counting: no time is lost or found."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from profiler import flame, functions, tree
from profiler.aggregate import by_function, merge, only, prune, without_routes
from profiler.ownership import LIBRARY, OWN, RUNTIME, kind, place, short_name
from profiler.tree import ROUTE_FILE, Builder, Frame, Function

letters = st.sampled_from("abcdef")
stacks = st.lists(st.tuples(st.lists(letters, max_size=6), st.integers(0, 1000)), max_size=15)


def grown(rows, metric="samples"):
    builder = Builder()
    builder.declare(metric, "count")
    for names, value in rows:
        builder.add_stack(tree.frames_of(names), {metric: value})
    return builder.tree


def sums(one):
    return {tuple(f.function.name for f in one.path(n)): v for n, v in enumerate(one.values.get("samples", ())) if v}


@given(stacks, stacks)
def test_merged_is_the_sum(first, second):
    assert sums(merge([grown(first), grown(second)])) == sums(grown(first + second))


@given(stacks)
def test_stored_trees_read_back_whole(rows):
    one = grown(rows)
    assert tree.load(tree.dump(one, {"group": 1})) == one


@given(stacks, st.integers(2, 12))
def test_pruning_keeps_every_sum(rows, most):
    one = grown(rows)
    small = prune(one, most)
    assert small.total("samples") == one.total("samples")
    kept = {path: value for path, value in zip(_paths(small), small.inclusive("samples"), strict=True) if "<truncated>" not in path}
    whole = dict(zip(_paths(one), one.inclusive("samples"), strict=True))
    assert all(whole[path] == value for path, value in kept.items())


def test_pruning_bounds_the_nodes():
    wide = grown([([f"f{n}", "g"], 1 + n % 7) for n in range(5_000)])
    assert len(prune(wide, 500)) <= 2 * 500


@given(stacks)
def test_hidden_time_goes_to_callers(rows):
    one = grown(rows)
    seen = only(one, lambda function: function.name not in "abc")
    assert seen.total("samples") == one.total("samples")
    assert not any(function.name in "abc" for function in seen.functions if function.name != "all" and _used(seen, function))


def test_recursion_counts_once():
    one = grown([(["f", "g", "f", "f"], 10), (["f"], 5)])
    costs = {cost.function.name: cost for cost in functions.costs(one, "samples")}
    assert (costs["f"].self_value, costs["f"].total_value, costs["f"].total_share) == (15, 15, 1.0)
    assert (costs["g"].self_value, costs["g"].total_value) == (0, 10)


def test_cost_names_its_hottest_line():
    builder = Builder()
    builder.declare("samples", "count")
    function = Function("app.f", "app.py", 1)
    for line, value in ((3, 2), (5, 9), (7, 1)):
        builder.add_stack([Frame(function, line)], {"samples": value})
    assert functions.costs(builder.tree, "samples")[0].line == 5


def test_routes_can_be_left_out():
    builder = Builder()
    builder.declare("samples", "count")
    for route in ("GET /a", "GET /b"):
        builder.add_stack([Frame(Function(route, ROUTE_FILE, 0), 0), *tree.frames_of(["f"])], {"samples": 2})
    assert sums(without_routes(builder.tree)) == {("f",): 4}


@given(stacks)
def test_flame_boxes_fit_their_callers(rows):
    picture = flame.draw(by_function(grown(rows)), "samples")
    for box in picture.boxes:
        assert -1e-6 <= box.x <= 100.001
        assert box.x + box.width <= 100.001
    for depth in range(picture.depth):
        row = sorted((b.x, b.width) for b in picture.boxes if b.depth == depth)
        assert all(left[0] + left[1] <= right[0] + 1e-6 for left, right in pairwise(row))


def test_flame_zooms_and_finds():
    one = grown([(["f", "g"], 30), (["f", "h"], 10), (["k"], 60)])
    whole = flame.draw(one, "samples", search="g")
    assert whole.match_share == pytest.approx(0.3)
    key = next(box.key for box in whole.boxes if box.function.name == "f")
    zoomed = flame.draw(one, "samples", focus=key)
    assert zoomed.focus is not None
    assert {(b.function.name, b.width) for b in zoomed.boxes} == {("all", 100), ("f", 100), ("g", 75), ("h", 25)}
    assert flame.draw(one, "samples", focus="gone").lost


@pytest.mark.parametrize(
    ("name", "file", "expected", "said", "short"),
    [
        ("flask.app.Flask.wsgi_app", "/srv/v/lib/python3.11/site-packages/flask/app.py", LIBRARY, "flask/app.py", "Flask.wsgi_app"),
        ("flask.app.Flask.wsgi_app", "site-packages/flask/app.py", LIBRARY, "flask/app.py", "Flask.wsgi_app"),
        ("threading.Thread.run", "lib/python3.11/threading.py", RUNTIME, "threading.py", "Thread.run"),
        ("shop.web.f", "shop/web.py", OWN, "shop/web.py", "f"),
        ("threading.Thread.run", "/usr/lib/python3.11/threading.py", RUNTIME, "threading.py", "Thread.run"),
        ("tidewater.web.f", "/srv/v/lib/python3.9/site-packages/tidewater/web.py", OWN, "tidewater/web.py", "f"),
        ("__main__.f", "/srv/app/run.py", OWN, "/srv/app/run.py", "__main__.f"),
        ("importlib._bootstrap._find", "<frozen importlib._bootstrap>", RUNTIME, "<frozen importlib._bootstrap>", "importlib._bootstrap._find"),
    ],
)
def test_code_is_told_apart(name, file, expected, said, short):
    function = Function(name, file, 1)
    assert kind(function, ["tidewater"]) == expected
    assert place(function) == said
    assert short_name(function) == short


def _paths(one):
    return [tuple(f.function.name for f in one.path(node)) for node in range(len(one))]


def _used(one, function):
    return any(one.function(node) == function for node in range(1, len(one)))
