"""Rules that an administrator installs run in every review, and make nobody's old code new."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.lockgate_server import Server
from tests.reviews.project import MEDIUM, Project

RULES = '''
import libcst as cst

from analyzers.rule import Rule
from analyzers.visitors import Visitor


class NoEval2(Rule):
    """The second evaluator is out of use."""
    severity = "high"
    calls = ("tools.eval2",)
    invalid = ("import tools\\ntools.eval2(1)",)
    valid = ("eval2(1)",)

    def visit_Call(self, node: cst.Call) -> None:
        self.report(node)


class NoShouting(Visitor):
    """Names do not shout."""
    severity = "high"
    invalid = ("LOUD = 1",)
    valid = ("loud = 1",)

    def visit_Name(self, node: cst.Name) -> None:
        if node.value == "LOUD":
            self.report(node)
'''


def admin(server: Server, *arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "service.cli.main", "admin", "--data", str(server.data), "rules", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=100)


@pytest.mark.anydb
@pytest.mark.parametrize("text", ["class A(:", "import libcst\n", RULES.replace("loud = 1", "LOUD = 1")])
def test_a_broken_rule_is_not_installed(tmp_path: Path, text: str) -> None:
    server = Server(tmp_path / "data")
    server.data.mkdir()
    (tmp_path / "own.py").write_text(text)
    done = admin(server, "install", str(tmp_path / "own.py"))
    assert done.returncode != 0
    assert "own.py" in done.stderr
    assert not (server.data / "review-rules").exists()


def test_installed_rules_run_in_reviews(fresh_server: Server, tmp_path: Path) -> None:
    project = Project(fresh_server, tmp_path / "work")
    assert project.push({".lockgate.yml": MEDIUM, "old.py": "LOUD = 1\n"})["verdict"] == "passed"
    (tmp_path / "own.py").write_text(RULES)
    done = admin(fresh_server, "install", str(tmp_path / "own.py"))
    assert done.returncode == 0, done.stderr
    assert "own.py\tno-shouting\thigh\tNames do not shout." in admin(fresh_server, "list").stdout
    gate = project.push({"new.py": "import tools\n\ntools.eval2(1)\nLOUD = 2\n"})
    assert gate["verdict"] == "blocked"
    found = {(one["rule"], one["path"], one["new"]) for one in project.review(gate)["findings"]}
    assert found == {("no-eval2", "new.py", True), ("no-shouting", "new.py", True), ("no-shouting", "old.py", False)}
    assert set(project.review(gate)["rule_milliseconds"]) == {"no-eval2", "no-shouting"}
    page = fresh_server.call("GET", "/detectors/no-eval2", headers={"Accept": "text/html"}).text
    for said in ("The second evaluator is out of use.", "tools.eval2(1)", "own.py", "by an administrator of this server"):
        assert said in page
    assert "no-shouting" in fresh_server.call("GET", "/detectors", headers={"Accept": "text/html"}).text
    assert admin(fresh_server, "remove", "own.py").returncode == 0
    assert fresh_server.call("GET", "/detectors/no-eval2").status == 404
    assert project.push({"more.py": "LOUD = 3\n"})["verdict"] == "passed"
    assert admin(fresh_server, "remove", "own.py").returncode != 0
