"""Which commits make findings old: the nearest that passed, on every way back."""

import pytest

from service.reviews.baseline import frontier

pytestmark = pytest.mark.anydb

STRAIGHT = {"d": ["c"], "c": ["b"], "b": ["a"], "a": []}
MERGE = {"m": ["x2", "y2"], "y2": ["y1"], "y1": ["o"], "x2": ["x1"], "x1": ["o"], "o": []}


def test_the_nearest_passed_ancestor_counts() -> None:
    assert frontier(STRAIGHT, "d", {"a", "b"}) == ["b"]


def test_a_blocked_parent_is_passed_over() -> None:
    assert frontier(STRAIGHT, "d", {"a"}) == ["a"]


def test_a_commit_is_not_its_own_baseline() -> None:
    assert frontier(STRAIGHT, "d", {"d"}) == []


def test_nothing_passed_means_nothing_old() -> None:
    assert frontier(STRAIGHT, "d", set()) == []


def test_a_merge_has_a_baseline_on_each_side() -> None:
    assert frontier(MERGE, "m", {"x1", "y2", "o"}) == ["y2", "x1"]


def test_the_blocked_side_of_a_merge_reaches_further() -> None:
    assert frontier(MERGE, "m", {"x2", "o"}) == ["x2", "o"]


def test_history_beyond_the_limit_is_not_walked() -> None:
    assert frontier({"d": ["c"]}, "d", {"b"}) == []
