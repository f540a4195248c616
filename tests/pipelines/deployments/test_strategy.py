"""The rules of minimum healthy hosts: the guide's vectors, and what must hold for every fleet."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.deployments import strategy
from pipelines.deployments.strategy import Member, Step, plan


def _fleet(total: int, health: str = "healthy", revision: str = "old") -> list[Member]:
    return [Member(i, "queued", health, revision) for i in range(total)]


def _play(members: list[Member], minimum: int, fails: set[int]) -> tuple[str, list[list[int]]]:
    """Runs a deployment in which the hosts in `fails` fail, a whole wave at a time; answers the verdict and the waves."""
    waves: list[list[int]] = []
    while True:
        step = plan(members, minimum)
        if step.verdict:
            return step.verdict, waves
        assert step.start, f"stuck: {members}"
        waves.append(list(step.start))
        members = [
            replace(m, state="failed" if m.id in fails else "passed") if m.id in step.start else m for m in members
        ]


@pytest.mark.parametrize("name", sorted(strategy.discovered()))
def test_strategies_keep_their_own_examples(name: str) -> None:
    module = strategy.named(name)
    assert module.__doc__
    assert module.EXAMPLES
    for total, wanted, expected in module.EXAMPLES:
        assert module.minimum(total, wanted) == expected


@pytest.mark.parametrize(
    ("minimum", "fails", "verdict", "touched", "first_wave"),
    [
        (10, set(), "failed", 0, 0),
        (9, set(), "passed", 10, 1),
        (9, {0}, "failed", 1, 1),
        (9, {5}, "failed", 6, 1),
        (9, {9}, "passed", 10, 1),
        (8, set(), "passed", 10, 2),
        (8, {0}, "passed", 10, 2),
        (8, {0, 1}, "failed", 2, 2),
        (8, {0, 4}, "failed", 5, 2),
        (5, {0, 1, 2, 3}, "passed", 10, 5),
        (0, set(), "passed", 10, 10),
        (0, set(range(9)), "passed", 10, 10),
        (0, set(range(10)), "failed", 10, 10),
    ],
)
def test_ten_hosts_follow_the_guide(minimum: int, fails: set[int], verdict: str, touched: int, first_wave: int) -> None:
    got, waves = _play(_fleet(10), minimum, fails)
    assert (got, sum(map(len, waves))) == (verdict, touched)
    assert (len(waves[0]) if waves else 0) == first_wave


def test_new_fleet_stops_at_its_first_failure() -> None:
    verdict, waves = _play(_fleet(2, "unknown", "unknown"), 1, {0})
    assert (verdict, waves) == ("failed", [[0]])


def test_broken_hosts_are_repaired_first() -> None:
    members = [Member(0, "queued", "healthy", "current"), Member(1, "queued", "healthy", "old"),
               Member(2, "queued", "unknown", "unknown"), Member(3, "queued", "unhealthy", "unknown")]
    verdict, waves = _play(members, 3, set())
    assert (verdict, waves) == ("passed", [[3], [2], [1], [0]])


def test_too_few_healthy_hosts_are_left_alone() -> None:
    members = [*_fleet(7), *(Member(i, "queued", "unhealthy", "unknown") for i in (7, 8, 9))]
    assert _play(members, 8, {7, 8, 9}) == ("failed", [[7, 8]])
    assert _play(members, 8, set())[0] == "passed"


def test_rollback_repairs_the_failed_host() -> None:
    members = [Member(0, "queued", "unhealthy", "unknown"), Member(1, "skipped", "healthy", "current")]
    assert _play(members, 1, set()) == ("passed", [[0]])


def test_group_without_hosts_fails() -> None:
    assert plan([], 0) == Step(verdict="failed", reason="the deployment group has no hosts")


@pytest.mark.parametrize("wanted", [-1, "x", "101%", "5", "%", "-1%"])
def test_nonsense_minimum_is_refused(wanted: int | str) -> None:
    with pytest.raises(ValueError, match=r"healthy|neither"):
        strategy.minimum_of(wanted, 10)


_health = st.sampled_from(["healthy", "unhealthy", "unknown"])
_members = st.lists(st.tuples(_health, st.sampled_from(["unknown", "old", "current"])), min_size=1, max_size=12)


@settings(max_examples=400, deadline=None)
@given(_members, st.integers(0, 13), st.data())
def test_never_takes_more_than_allowed(fleet: list[tuple[str, str]], minimum: int, data: st.DataObject) -> None:
    """In any order of endings: standing hosts not in work stay at the minimum, it ends, and each host is started once."""
    members = [Member(i, "queued", *kind) for i, kind in enumerate(fleet)]
    started: set[int] = set()
    for _ in range(4 * len(members) + 2):
        step = plan(members, minimum)
        if step.verdict:
            break
        assert not started & set(step.start)
        started |= set(step.start)
        members = [replace(m, state="running") if m.id in step.start else m for m in members]
        working = [m for m in members if m.state == "running"]
        assert working, "neither working nor ended"
        if any(not m.is_repair for m in working):
            assert sum(m.stands for m in members) - sum(m.stands for m in working) >= minimum
        ended = data.draw(st.sampled_from(working))
        outcome = data.draw(st.sampled_from(["passed", "failed"]))
        members = [replace(m, state=outcome) if m is ended else m for m in members]
    else:
        pytest.fail("never ended")
    assert not any(m.state == "running" for m in members)
    if step.verdict == "passed":
        assert any(m.state == "passed" for m in members)
        assert sum(m.stands for m in members) >= minimum
