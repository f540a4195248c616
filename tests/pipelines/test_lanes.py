"""Several executions of one pipeline: stage locks, superseding, queueing, approvals."""

import pytest

from pipelines.approvals import AlreadyAnswered
from pipelines.runner import NothingToRetry

TWO = "mode: {mode}\nstages: [{{name: A, actions: [{{name: a, kind: build}}]}}, {{name: B, actions: [{{name: b, kind: build}}]}}]"
APPROVED = """
stages:
  - name: Ship
    actions:
      - {name: ask, kind: approval, configuration: {message: "Ship it?"}}
      - {name: go, kind: build, run_order: 2}
"""


def two(mode: str) -> str:
    return TWO.format(mode=mode)


def test_stage_holds_one_execution(director):
    one, other = director.push(two("superseded")), director.push(two("superseded"))
    assert [director.state(one), director.state(other)] == ["running", "queued"]
    assert director.execution(other).reason == f"waiting for execution {one} to leave stage A"
    director.finish(one, "a")
    assert director.states(other) == {"a": "queued", "b": "queued"}
    assert director.state(other) == "running"


def test_newest_supersedes_those_that_wait(director):
    one, middle, newest = (director.push(two("superseded")) for _ in range(3))
    assert director.state(middle) == "superseded"
    assert director.execution(middle).superseded_by == newest
    assert director.states(middle) == {"a": "skipped", "b": "skipped"}
    director.finish(one, "a")
    assert director.state(newest) == "running"


def test_other_branches_are_not_superseded(director):
    director.push(two("superseded"))
    feature = director.push(two("superseded"), ref="refs/heads/feature")
    director.push(two("superseded"))
    assert director.state(feature) == "queued"


def test_queued_mode_keeps_everyone_in_order(director):
    ids = [director.push(two("queued")) for _ in range(3)]
    assert [director.state(one) for one in ids] == ["running", "queued", "queued"]
    director.finish(ids[0], "a")
    assert [director.state(one) for one in ids] == ["running", "running", "queued"]
    director.finish(ids[1], "a")
    assert director.execution(ids[1]).reason == f"waiting for execution {ids[0]} to leave stage B"
    director.finish(ids[0], "b")
    assert [director.state(one) for one in ids] == ["passed", "running", "running"]


def test_parallel_mode_waits_for_nobody(director):
    ids = [director.push(two("parallel")) for _ in range(3)]
    assert [director.state(one) for one in ids] == ["running"] * 3


def test_failure_frees_the_stage(director):
    one, other = director.push(two("superseded")), director.push(two("superseded"))
    director.finish(one, "a", "failed")
    assert director.state(other) == "running"


def test_overtaken_execution_cannot_be_retried(director):
    one, other = director.push(two("superseded")), director.push(two("superseded"))
    director.finish(one, "a", "failed")
    director.finish(other, "a")
    with pytest.raises(NothingToRetry, match="has passed stage A since"):
        director.retry(one)


def test_retry_waits_for_the_stage(director):
    one, other = director.push(two("queued")), director.push(two("queued"))
    director.finish(one, "a", "failed")
    director.retry(one)
    assert director.state(one) == "queued"
    director.finish(other, "a", "failed")
    assert director.state(one) == "running"


def test_approval_lets_the_stage_go_on(director):
    one = director.push(APPROVED)
    assert director.state(one) == "waiting"
    assert director.execution(one).reason == "waiting for an approval"
    director.answer(one, "ask", approved=True, comment="looks good")
    assert director.states(one) == {"ask": "passed", "go": "queued"}
    assert director.action(one, "ask").reason == "approved by grace: looks good"
    assert director.facts("ApprovalDecided")[0]["approved"] is True


def test_rejection_fails_the_execution(director):
    one = director.push(APPROVED)
    director.answer(one, "ask", approved=False, comment="not today")
    assert director.state(one) == "failed"
    assert director.execution(one).reason == "ask: rejected by grace: not today"


def test_approval_is_answered_once(director):
    one = director.push(APPROVED)
    director.answer(one, "ask", approved=True)
    with pytest.raises(AlreadyAnswered):
        director.answer(one, "ask", approved=False)


def test_unanswered_approval_fails(director):
    one = director.push(APPROVED)
    director.let_time_pass(one, "ask")
    assert director.state(one) == "failed"
    assert "nobody answered within 10080 minutes" in director.execution(one).reason


def test_stop_takes_the_question_back(director):
    one = director.push(APPROVED)
    director.stop(one)
    assert director.state(one) == "stopped"
    with pytest.raises(AlreadyAnswered):
        director.answer(one, "ask", approved=True)


def test_retry_asks_again(director):
    one = director.push(APPROVED)
    director.answer(one, "ask", approved=False)
    director.retry(one)
    assert director.state(one) == "waiting"
    director.answer(one, "ask", approved=True)
    assert director.states(one)["ask"] == "passed"


def test_approval_holds_the_stage(director):
    director.push(APPROVED)
    other = director.push(APPROVED)
    assert director.state(other) == "queued"
