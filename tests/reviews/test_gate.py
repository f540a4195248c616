"""The gate's decision: pure, so its whole table of truth can be read here."""

from dataclasses import dataclass

import pytest

from service.reviews.gate import NAMED_MAX, decide
from service.reviews.options import GateOptions

pytestmark = pytest.mark.anydb


@dataclass(frozen=True)
class Found:
    severity: str
    rule: str = "SqlInjection"
    path: str = "shop/orders.py"
    line: int = 12
    message: str = "SQL is built from strings."


@dataclass(frozen=True)
class Unread:
    path: str = "shop/broken.py"
    line: int = 3
    message: str = "cannot be parsed"


def found(*severities: str) -> list[Found]:
    return [Found(severity) for severity in severities]


@pytest.mark.parametrize(
    ("block_at", "severities", "verdict"),
    [
        ("high", [], "passed"),
        ("high", ["medium", "low", "info"], "passed"),
        ("high", ["high"], "blocked"),
        ("high", ["critical"], "blocked"),
        ("medium", ["medium"], "blocked"),
        ("medium", ["low"], "passed"),
        ("critical", ["high"], "passed"),
        ("info", ["info"], "blocked"),
        ("never", ["critical"], "passed"),
    ],
)
def test_the_gate_blocks_from_its_level_up(block_at: str, severities: list[str], verdict: str) -> None:
    options = GateOptions.model_validate({"block_at": block_at})
    assert decide(found(*severities), [], options, total=len(severities)).verdict == verdict


@pytest.mark.parametrize(
    ("max_new", "severities", "verdict"),
    [
        ({"high": 1}, ["high"], "passed"),
        ({"high": 1}, ["high", "high"], "blocked"),
        ({"high": 1}, ["critical"], "blocked"),
        ({"medium": 2}, ["medium", "medium"], "passed"),
        ({"medium": 2}, ["medium", "medium", "medium"], "blocked"),
        ({"low": 0}, ["low"], "blocked"),
    ],
)
def test_max_new_sets_a_number_per_severity(max_new: dict[str, int], severities: list[str], verdict: str) -> None:
    options = GateOptions.model_validate({"max_new": max_new})
    assert decide(found(*severities), [], options, total=len(severities)).verdict == verdict


def test_max_new_counts_where_nothing_blocks() -> None:
    options = GateOptions.model_validate({"block_at": "never", "max_new": {"critical": 0}})
    assert decide(found("critical"), [], options, total=1).verdict == "blocked"
    assert decide(found("high"), [], options, total=1).verdict == "passed"


def test_the_first_reason_says_it_all() -> None:
    gate = decide(found("high", "high"), [], GateOptions(), total=3)
    assert gate.reasons == (
        "2 of 3 findings are new and high",
        "shop/orders.py:12: SQL is built from strings (SqlInjection, high)",
        "shop/orders.py:12: SQL is built from strings (SqlInjection, high)",
    )


@pytest.mark.parametrize(
    ("severities", "head"),
    [
        (["high"], "1 of 1 finding is new and high"),
        (["critical", "high", "medium"], "3 of 3 findings are new and critical, high or medium"),
    ],
)
def test_reasons_are_good_english(severities: list[str], head: str) -> None:
    options = GateOptions(block_at="medium")
    assert decide(found(*severities), [], options, total=len(severities)).reasons[0] == head


def test_a_reason_tells_the_allowed_number() -> None:
    options = GateOptions.model_validate({"max_new": {"high": 1}})
    assert decide(found("high", "high"), [], options, total=2).reasons[0] == (
        "2 of 2 findings are new and high; the gate lets pass 1 high"
    )


def test_many_culprits_are_counted_not_listed() -> None:
    reasons = decide(found(*["high"] * 40), [], GateOptions(), total=40).reasons
    assert len(reasons) == 1 + NAMED_MAX + 1
    assert reasons[-1] == f"and {40 - NAMED_MAX} more findings"


def test_a_new_unreadable_python_file_blocks() -> None:
    gate = decide([], [Unread()], GateOptions(), total=0)
    assert gate.verdict == "blocked"
    assert gate.reasons == (
        "1 Python file is new and cannot be reviewed", "shop/broken.py:3: cannot be parsed",
    )
    allowing = GateOptions(unparsable_files="allow")
    assert decide([], [Unread()], allowing, total=0).verdict == "passed"


def test_broken_settings_block_whatever_was_found() -> None:
    gate = decide([], [], GateOptions(), total=0, problems=[".lockgate.yml:2: unknown key `gate.blockat`"])
    assert gate.verdict == "blocked"
    assert gate.reasons[0] == "The gate's settings cannot be read: .lockgate.yml:2: unknown key `gate.blockat`"


@pytest.mark.parametrize(
    ("new", "total", "reason"),
    [
        ([], 0, "Nothing was found"),
        ([], 2, "2 findings, none of them new"),
        (["low", "medium"], 3, "3 findings, 2 new, none worse than medium: all within the gate's limits"),
    ],
)
def test_a_passed_gate_says_why(new: list[str], total: int, reason: str) -> None:
    assert decide(found(*new), [], GateOptions(), total=total).reasons == (reason,)


@pytest.mark.parametrize(
    ("total", "waived", "reason"),
    [(1, 1, "1 finding, waived"), (3, 3, "3 findings, all waived"), (3, 2, "3 findings, 2 waived, none of the others new")],
)
def test_a_gate_passed_by_waivers_says_so(total: int, waived: int, reason: str) -> None:
    assert decide([], [], GateOptions(), total=total, waived=waived).reasons == (reason,)
