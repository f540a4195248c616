"""Hostile files through the real child process: none takes the caller down, and each is told of."""

import os
import signal
from time import monotonic

import psutil
import pytest

from analyzers.finding import SourceFile
from analyzers.isolated import Reviewer, ReviewerBroken
from analyzers.options import ReviewOptions
from analyzers.review import review_file

OPTIONS = ReviewOptions()
GOOD = SourceFile("good.py", b"import os\nos.system(a)\n")


@pytest.fixture(scope="module")
def reviewer():
    with Reviewer(seconds_per_file_max=10) as running:
        yield running


@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("deep.py", b"x = " + b"(" * 200_000 + b"1" + b")" * 200_000),
        ("list.py", b"x = " + b"[" * 20_000 + b"]" * 20_000),
        ("sum.py", b"x = " + b"1+" * 50_000 + b"1\n"),
        ("nul.py", b"\0" * 1000),
        ("line.py", b"x = '" + b"a" * 10_000_000 + b"'\n"),
        ("text.txt", b"://" + b"a:" * 400_000),
        ("many.py", b"eval(x)\n" * 20_000),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
@pytest.mark.slow
def test_a_hostile_file_is_told_of(reviewer, path, content):
    bad, good = reviewer.review_files([SourceFile(path, content), GOOD], OPTIONS)
    assert bad.diagnostics
    assert [one.rule for one in good.findings] == ["shell-injection"]


def test_the_child_says_what_the_library_says(reviewer):
    files = [GOOD, SourceFile("a.env", b"DB_PASSWORD=tulip-44-rain\n"), SourceFile("bad.py", b"def f(:\n")]
    assert reviewer.review_files(files, OPTIONS) == [review_file(file, OPTIONS) for file in files]


def test_a_file_that_takes_too_long_is_stopped():
    with Reviewer(seconds_per_file_max=0.5) as hasty:
        hasty.warm()
        begun = monotonic()
        [report] = hasty.review_files([SourceFile("slow.py", b"x = " + b"[" * 20_000 + b"]" * 20_000)], OPTIONS)
        assert monotonic() - begun < 10
    assert "took longer than 0.5 seconds" in report.diagnostics[0].message
    assert report.diagnostics[0].unreadable


def test_a_killed_child_is_replaced(reviewer):
    reviewer.warm()
    os.kill(reviewer.pid, signal.SIGKILL)
    psutil.wait_procs([psutil.Process(reviewer.pid)], timeout=5)
    [report] = reviewer.review_files([GOOD], OPTIONS)
    assert [one.rule for one in report.findings] == ["shell-injection"]


def test_closing_leaves_no_process():
    with Reviewer() as closing:
        closing.warm()
        child = psutil.Process(closing.pid)
    assert not child.is_running()


def test_the_child_sees_no_secret_of_its_parent(reviewer, monkeypatch):
    monkeypatch.setenv("LOCKGATE_TOKEN", "tulip-44-rain")
    with Reviewer() as fresh:
        fresh.warm()
        assert "LOCKGATE_TOKEN" not in psutil.Process(fresh.pid).environ()


def test_a_child_that_cannot_start_says_why(tmp_path):
    (tmp_path / "own.py").write_text("raise RuntimeError('this rule is broken')\n")
    with Reviewer(rules_folder=tmp_path) as broken, pytest.raises(ReviewerBroken, match="this rule is broken"):
        broken.warm()
