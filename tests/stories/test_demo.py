"""The demonstration is the product's main promise; it must hold from an empty folder."""

import os
import re
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from tests.lockgate_server import free_port
from tests.service.test_git import git

STEPS = 7


def _demo(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    env = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    command = [sys.executable, "-m", "service.cli.main", "demo", "--exit", "--data", str(folder), "--port", str(free_port()), *arguments]
    return subprocess.run(command, capture_output=True, text=True, env=env, timeout=280)


def _living_in(folder: Path) -> list[str]:
    found = []
    for process in psutil.process_iter():
        try:
            if any(word.startswith(str(folder)) for word in process.cmdline()):
                found.append(" ".join(process.cmdline()))
        except psutil.Error:
            continue
    return found


@pytest.mark.slow
@pytest.mark.anydb
@pytest.mark.timeout(300)
def test_every_step_is_as_told(tmp_path: Path) -> None:
    done = _demo(folder=tmp_path / "scene")
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(re.findall(r"^\d\. ", done.stdout, re.MULTILINE)) == STEPS
    assert "Every step was as told" in done.stdout
    assert not _living_in(tmp_path)


@pytest.mark.slow
@pytest.mark.anydb
@pytest.mark.timeout(300)
def test_a_project_without_pipeline_files_is_released(tmp_path: Path) -> None:
    folder = tmp_path / "plainpackage"
    (folder / "plainpackage").mkdir(parents=True)
    (folder / "plainpackage" / "__init__.py").write_text('"""Nothing much."""\n\nANSWER = 42\n')
    (folder / "pyproject.toml").write_text(
        '[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"\n\n[project]\nname = "plainpackage"\nversion = "0.3.0"\n')
    git("init", "-q", "-b", "trunk", cwd=folder)
    git("add", "-A", cwd=folder)
    git("commit", "-q", "-m", "first", cwd=folder)
    done = _demo("--repo", str(folder), folder=tmp_path / "scene")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Name: plainpackage, Version: 0.3.0" in done.stdout


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
