"""The state machine on a real database: order, failure, retry, stop, leases."""

import pytest

from pipelines.attempts import Made
from pipelines.runner import ExecutionEnded, NothingToRetry

PARALLEL = """
stages:
  - name: Build
    actions:
      - {name: linux, kind: build, outputs: [linux]}
      - {name: docs, kind: build}
      - {name: pack, kind: build, run_order: 2, inputs: [linux]}
  - name: Check
    actions:
      - {name: check, kind: build}
"""
GATED = """
stages:
  - name: Review
    actions: [{name: gate, kind: gate}]
  - name: Build
    actions: [{name: build, kind: build}]
"""
LINUX = Made("linux", "a" * 64, 10)


def test_equal_run_order_runs_in_parallel(director):
    one = director.push(PARALLEL)
    assert director.states(one) == {"linux": "queued", "docs": "queued", "pack": "queued", "check": "queued"}
    assert len(director.facts("AttemptQueued")) == 2
    director.finish(one, "docs")
    assert not director.attempts(one, "pack")
    director.finish(one, "linux", made=[LINUX])
    assert len(director.attempts(one, "pack")) == 1


def test_stages_follow_one_another(director):
    one = director.push(PARALLEL)
    director.finish(one, "docs")
    director.finish(one, "linux", made=[LINUX])
    assert director.stages(one) == ["running", "queued"]
    director.finish(one, "pack")
    assert director.stages(one) == ["passed", "running"]
    director.finish(one, "check")
    assert director.state(one) == "passed"
    assert director.facts("ExecutionFinished") == [{"execution_id": one, "pipeline": "shop", "state": "passed"}]


def test_failure_stops_the_stage(director):
    one = director.push(PARALLEL)
    director.finish(one, "docs", "failed", "exit code 1")
    assert director.state(one) == "running"
    director.finish(one, "linux", made=[LINUX])
    assert director.state(one) == "failed"
    assert director.execution(one).reason == "docs: exit code 1"
    assert director.states(one) == {"linux": "passed", "docs": "failed", "pack": "skipped", "check": "skipped"}
    assert director.stages(one) == ["failed", "skipped"]


def test_retry_repeats_only_what_failed(director):
    one = director.push(PARALLEL)
    director.finish(one, "docs", "failed")
    director.finish(one, "linux", made=[LINUX])
    director.retry(one)
    assert [a.state for a in director.attempts(one, "docs")] == ["failed", "queued"]
    assert len(director.attempts(one, "linux")) == 1
    for name in ("docs", "pack", "check"):
        director.finish(one, name)
    assert director.state(one) == "passed"


def test_passed_execution_cannot_be_retried(director):
    one = director.push()
    director.finish(one, "build")
    with pytest.raises(NothingToRetry):
        director.retry(one)
    with pytest.raises(ExecutionEnded):
        director.stop(one)


def test_advancing_again_changes_nothing(director):
    one = director.push(PARALLEL)
    for _ in range(3):
        director.advance(one)
    assert len(director.facts("AttemptQueued")) == 2
    director.finish(one, "docs", "failed")
    director.finish(one, "linux", made=[LINUX])
    for _ in range(3):
        director.advance(one)
    assert len(director.facts("ExecutionFinished")) == 1


def test_same_push_starts_once(director):
    one = director.push()
    director._pushes -= 1
    assert director.push() == one


def test_gate_waits_for_the_review(director):
    one = director.push(GATED)
    assert director.state(one) == "waiting"
    director.review(one, "passed", review_id=7)
    assert director.states(one) == {"gate": "passed", "build": "queued"}
    assert director.action(one, "gate").facts == {"review_id": 7}


def test_gate_blocks_before_the_build(director):
    one = director.push(GATED)
    director.review(one, "blocked", "1 new finding is high")
    assert director.state(one) == "blocked"
    assert director.execution(one).reason == "gate: 1 new finding is high"
    assert director.states(one) == {"gate": "blocked", "build": "skipped"}
    assert director.facts("AttemptQueued") == []


def test_waiver_lets_a_blocked_execution_go_on(director):
    one = director.push(GATED)
    director.review(one, "blocked", "no")
    director.waive(one)
    assert director.states(one) == {"gate": "passed", "build": "queued"}


def test_late_review_fact_does_not_undo_a_waiver(director):
    one = director.push(GATED)
    director.waive(one)
    director.review(one, "blocked", "no")
    assert director.states(one) == {"gate": "passed", "build": "queued"}


def test_waiver_cannot_bring_back_an_overtaken_execution(director):
    one = director.push(GATED)
    director.review(one, "blocked", "no")
    two = director.push(GATED)
    director.review(two, "passed")
    director.waive(one)
    assert director.state(one) == "superseded"
    assert director.execution(one).superseded_by == two


def test_gate_gives_up_without_a_review(director):
    one = director.push(GATED)
    director.let_time_pass(one, "gate")
    assert director.state(one) == "failed"
    assert "no review of this commit within 60 minutes" in director.execution(one).reason


def test_stop_lets_queued_work_go(director):
    one = director.push(PARALLEL)
    director.stop(one)
    assert director.state(one) == "stopped"
    assert {a.state for name in ("linux", "docs") for a in director.attempts(one, name)} == {"stopped"}


def test_stop_waits_for_running_work(director):
    one = director.push()
    attempt, fence = director.take(one, "build")
    director.stop(one)
    assert director.state(one) == "running"
    assert director.attempts(one, "build")[0].cancel_requested
    director.hand_in(attempt, fence, "stopped", "the build was stopped")
    assert director.state(one) == "stopped"
    assert director.execution(one).reason == "stopped by grace"


def test_lost_worker_means_one_new_attempt(director):
    one = director.push()
    attempt, fence = director.take(one, "build")
    director.fall_silent(attempt)
    assert [a.state for a in director.attempts(one, "build")] == ["lost", "queued"]
    assert not director.hand_in(attempt, fence, "passed", made=[LINUX])
    director.finish(one, "build")
    assert director.state(one) == "passed"


def test_workers_that_leave_cost_no_attempt(director):
    one = director.push()
    for _ in range(5):
        attempt_id, fence = director.take(one, "build")
        director.leave(attempt_id)
        assert not director.hand_in(attempt_id, fence), "what was given back is nobody's"
    director.finish(one, "build")
    assert [a.state for a in director.attempts(one, "build")] == ["lost"] * 5 + ["passed"]
    assert director.state(one) == "passed"


def test_third_lost_worker_fails_the_action(director):
    one = director.push()
    for _ in range(3):
        attempt, _ = director.take(one, "build")
        director.fall_silent(attempt)
    assert [a.state for a in director.attempts(one, "build")] == ["lost"] * 3
    assert director.state(one) == "failed"
    assert "too many workers were lost" in director.execution(one).reason


def test_attempt_is_taken_once(director):
    one = director.push()
    director.take(one, "build")
    with pytest.raises(AssertionError):
        director.take(one, "build")


def test_variables_reach_later_actions(director):
    one = director.push(
        "variables: {MODE: fast}\n"
        "stages:\n"
        "  - name: Build\n"
        "    actions:\n"
        "      - {name: make, kind: build}\n"
        "      - {name: use, kind: build, run_order: 2, configuration: {environment: {V: '#{make.VERSION}-#{variables.MODE}'}}}\n"
    )
    director.finish(one, "make", exported={"VERSION": "7"})
    assert director.states(one)["use"] == "queued"
    two = director.push(
        "stages: [{name: Build, actions: [{name: make, kind: build}, "
        "{name: use, kind: build, run_order: 2, configuration: {environment: {V: '#{make.VERSION}'}}}]}]"
    )
    director.finish(one, "use")
    director.finish(two, "make")
    assert director.state(two) == "failed"
    assert "make has no variable VERSION" in director.execution(two).reason


def test_wider_network_than_allowed_fails(director):
    one = director.push("stages: [{name: B, actions: [{name: b, kind: build, configuration: {network: full}}]}]")
    assert director.state(one) == "failed"
    assert "this pipeline allows registry at most" in director.execution(one).reason
    assert director.attempts(one, "b") == []
