"""`lockgate build`: the same build from the command line."""

import os
import signal
import subprocess
import sys
import tarfile
from pathlib import Path

from tests.lockgate_server import wait_for
from tests.pipelines.builds.conftest import commands

ROOT = Path(__file__).parents[3]


def lockgate(*arguments, **more):
    command = [sys.executable, "-m", "service.cli.main", "build", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, **more)


def project(folder: Path, *lines: str, **artifacts) -> Path:
    folder.mkdir()
    (folder / "buildspec.yml").write_text(commands(*lines))
    return folder


def test_exit_codes_tell_how_it_went(tmp_path):
    assert lockgate(project(tmp_path / "good", "true")).returncode == 0
    assert lockgate(project(tmp_path / "bad", "false")).returncode == 1
    (tmp_path / "bad" / "buildspec.yml").write_text("version: 0.3\n")
    done = lockgate(tmp_path / "bad")
    assert done.returncode == 2
    assert "buildspec.yml, line 1, key version" in done.stdout
    assert lockgate(tmp_path / "nowhere").returncode == 2


def test_output_and_summary_are_shown(tmp_path):
    done = lockgate(project(tmp_path / "p", "echo hello $NAME"), "--env", "NAME=you")
    assert "\nhello you\n" in done.stdout
    assert "build passed" in done.stdout
    assert "network: none, since no --server is given" in done.stderr


def test_only_what_git_knows_is_built(tmp_path):
    folder = project(tmp_path / "p", "ls -a | grep -v '^[.]*$' | tr '\\n' ' '")
    subprocess.run(["git", "init", "-q", folder], check=True)
    (folder / ".gitignore").write_text("secret\n")
    (folder / "secret").write_text("x")
    (folder / "new").write_text("x")
    assert ".gitignore buildspec.yml new" in lockgate(folder).stdout


def test_artifacts_go_where_told(tmp_path):
    folder = project(tmp_path / "p")
    (folder / "other.yml").write_text(
        "version: 0.2\nphases: {build: {commands: [echo 1 > a]}}\nartifacts: {files: [a]}\n"
    )
    done = lockgate(folder, "--spec", folder / "other.yml", "--output", tmp_path / "out")
    assert done.returncode == 0, done.stdout
    with tarfile.open(tmp_path / "out" / "primary.tar.gz") as tar:
        assert tar.getnames() == ["a"]


def test_interrupting_stops_the_build(tmp_path):
    folder = project(tmp_path / "p", "echo begun; sleep 100")
    with subprocess.Popen(
        [sys.executable, "-m", "service.cli.main", "build", str(folder)],
        cwd=ROOT, stdout=(tmp_path / "out").open("wb"), stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    ) as running:
        wait_for(lambda: "\nbegun" in (tmp_path / "out").read_text(), what="the build to begin")
        running.send_signal(signal.SIGINT)
        assert running.wait(timeout=20) == 1
    assert "build stopped: the build was stopped" in (tmp_path / "out").read_text()


def test_registry_needs_a_server(tmp_path):
    done = lockgate(project(tmp_path / "p", "true"), "--network", "registry")
    assert done.returncode == 2
    assert "none was given" in done.stdout
