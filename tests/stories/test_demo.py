"""The demonstration is the product's main promise; it must hold from an empty folder."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from service.demo.lines import plain
from tests.lockgate_server import free_port
from tests.service.test_git import git

STEPS = 7


def _demo(*arguments: str, folder: Path, watch: Callable[[], None] = lambda: None) -> subprocess.CompletedProcess[str]:
    """Plays it to the end; calls `watch` about once a second meanwhile."""
    env = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    command = [sys.executable, "-m", "service.cli.main", "demo", "--exit", "--data", str(folder), "--port", str(free_port()), *arguments]
    deadline = time.monotonic() + 280
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env) as playing:
        while True:
            try:
                out, err = playing.communicate(timeout=1)
                return subprocess.CompletedProcess(command, playing.returncode, out, err)
            except subprocess.TimeoutExpired:
                assert time.monotonic() < deadline
                watch()


def _living_in(folder: Path) -> list[str]:
    """Command lines of processes that name something below the folder."""
    found = []
    for process in psutil.process_iter():
        try:
            words = process.cmdline()
            if any(word.startswith(str(folder)) for word in words):
                found.append(" ".join(words))
        except psutil.Error:
            continue
    return found


@pytest.mark.slow
@pytest.mark.anydb
@pytest.mark.timeout(300)
def test_every_step_is_as_told(tmp_path: Path) -> None:
    seen: set[str] = set()
    done = _demo(folder=tmp_path / "scene", watch=lambda: seen.update(_living_in(tmp_path / "scene")))
    assert done.returncode == 0, done.stdout + done.stderr
    assert any("lockgate_agent deploy" in line for line in seen)
    assert not [line for line in seen if "lgt_" in line], "everybody on a machine can read command lines"
    assert done.stdout.count("$ python -m pytest -q tests") == 2, "no log is told twice"
    assert "##[" not in done.stdout
    assert len(re.findall(r"^\d\. ", done.stdout, re.MULTILINE)) == STEPS
    assert "Every step was as told" in done.stdout
    assert not _living_in(tmp_path)


@pytest.mark.slow
@pytest.mark.anydb
@pytest.mark.timeout(300)
def test_a_project_with_old_sins_is_released(tmp_path: Path) -> None:
    folder = tmp_path / "plainpackage"
    (folder / "plainpackage").mkdir(parents=True)
    (folder / "plainpackage" / "__init__.py").write_text('"""Nothing much."""\n\nANSWER = 42\n\n\ndef ask(text):\n    return eval("1 + " + text)\n')
    (folder / "pyproject.toml").write_text(
        '[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"\n\n[project]\nname = "plainpackage"\nversion = "0.3.0"\n')
    git("init", "-q", "-b", "trunk", cwd=folder)
    git("add", "-A", cwd=folder)
    git("commit", "-q", "-m", "first", cwd=folder)
    done = _demo("--repo", str(folder), folder=tmp_path / "scene")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "the gate says no" in done.stdout and "they are waived" in done.stdout
    assert "Name: plainpackage, Version: 0.3.0" in done.stdout


def _committed(folder: Path, name: str, text: str) -> Path:
    folder.mkdir()
    (folder / name).write_text(text)
    git("init", "-q", cwd=folder)
    git("add", "-A", cwd=folder)
    git("commit", "-q", "-m", "first", cwd=folder)
    return folder


@pytest.mark.anydb
def test_what_is_not_built_is_only_reviewed(tmp_path: Path) -> None:
    notes = _committed(tmp_path / "notes", "README.md", "# Notes\n")
    done = _demo("--repo", str(notes), folder=tmp_path / "scene")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "nothing here says how it is built" in done.stdout


@pytest.mark.anydb
def test_what_cannot_be_reviewed_is_named(tmp_path: Path) -> None:
    broken = _committed(tmp_path / "broken", "a.py", "def f(:\n")
    done = _demo("--repo", str(broken), folder=tmp_path / "scene")
    assert done.returncode == 1
    assert "what cannot be reviewed cannot be waived: a.py" in done.stdout
    assert '`review: {exclude: ["a.py"]}`' in done.stdout


def test_a_folder_without_git_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    done = _demo("--repo", str(tmp_path / "empty"), folder=tmp_path / "scene")
    assert done.returncode == 1
    assert "is not a git repository with a commit" in done.stdout


def test_a_folder_that_is_not_ours_is_kept(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work")
    done = _demo(folder=tmp_path / "mine")
    assert done.returncode == 1
    assert (tmp_path / "mine" / "thesis.txt").exists()


@pytest.mark.parametrize(("line", "told"), [
    ("##[phase build] 2026-11-24T10:27:15.540Z", None),
    ("##[command] 2026-11-24T10:27:15.545Z make all", "$ make all"),
    ("##[more]   --fast", "    --fast"),
    ("##[exit] 0 2.290", None),
    ("##[exit] 2 2.290", "exit code 2 after 2.3 s"),
    ("##[end build] failed 5.449 2026-11-24T10:27:20.989Z", "build failed in 5.4 s"),
    ("##[end build] passed 0.010 2026-11-24T10:27:20.989Z", None),
    ("##[end build] skipped 0.000 2026-11-24T10:27:20.989Z", None),
    ("##[error] build: command 1 ended", "error: build: command 1 ended"),
    ("5 passed in 0.92s", "5 passed in 0.92s"),
    ("compiling", None),
])
@pytest.mark.anydb
def test_a_log_is_told_in_plain_words(line: str, told: str | None) -> None:
    assert plain(line) == told
