"""Rules that a repository brings: refused with a clear word, or run where they can reach nothing but their own files."""

import html
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.lockgate_server import Server
from tests.postgres import Postgres
from tests.reviews.project import Project

SETTINGS = "gate:\n  block_at: high\nreview:\n  rules: tools/rules\n"
RULE = '''
import libcst as cst

from analyzers.rule import Rule


class NoShouting(Rule):
    """Names do not shout."""
    severity = "high"
    invalid = ("LOUD = 1",)
    valid = ("loud = 1",)

    def visit_Name(self, node: cst.Name) -> None:
        if node.value == "LOUD":
            self.report(node)


class Idle(cst.BatchableCSTVisitor):
    def visit_Name(self, node):
        pass
'''


@pytest.fixture(scope="module")
def allowing(tmp_path_factory: pytest.TempPathFactory, postgres: Postgres | None) -> Iterator[Server]:
    data = tmp_path_factory.mktemp("allowing") / "data"
    running = Server(data, postgres, "--allow-repository-rules", "shop/*").start()
    yield running
    running.stop()


def told(review: dict[str, Any]) -> dict[str, str]:
    return {f"{one['path']}:{one['line']}": one["message"] for one in review["diagnostics"]}


def test_a_server_says_why_it_runs_no_brought_rules(server: Server, tmp_path: Path) -> None:
    project = Project(server, tmp_path / "work")
    gate = project.push({".lockgate.yml": SETTINGS, "tools/rules/own.py": RULE, "app.py": "LOUD = 1\n"})
    assert gate["verdict"] == "passed"
    said = told(project.review(gate))[".lockgate.yml:4"]
    assert "the rules in tools/rules (own.py) did not run" in said
    assert f"--allow-repository-rules '{project.name}'" in said
    gate = project.push({".lockgate.yml": SETTINGS.replace("tools/rules", "tools/none")})
    assert "there is no rule in the folder tools/none" in told(project.review(gate))[".lockgate.yml:4"]
    gate = project.push({".lockgate.yml": SETTINGS.replace("tools/rules", "../../etc")})
    assert gate["verdict"] == "blocked"
    assert ".lockgate.yml:4: `review.rules`: must be a folder of this repository" in gate["reasons"][0]


def test_brought_rules_run_where_they_may(allowing: Server, tmp_path: Path) -> None:
    project = Project(allowing, tmp_path / "work")
    quiet = "LOUD = 2  # lockgate: ignore[repository/no-shouting] this one may\n"
    assert project.push({"old.py": "LOUD = 1\n", "quiet.py": quiet})["verdict"] == "passed"
    gate = project.push({".lockgate.yml": SETTINGS, "tools/rules/own.py": RULE, "new.py": "x = LOUD\n"})
    review = project.review(gate)
    found = {(one["rule"], one["tool"], one["path"], one["line"], one["new"]) for one in review["findings"] if "own" not in one["path"]}
    name = ("repository/no-shouting", "repository")
    assert found == {(*name, "new.py", 1, True), (*name, "old.py", 1, False), (*name, "quiet.py", 1, True)}
    assert [one["suppression"] for one in review["findings"] if one["path"] == "quiet.py"] == ["this one may"]
    assert "the class Idle is not run" in told(review)["tools/rules/own.py:18"]
    assert gate["verdict"] == "blocked"
    assert "repository/no-shouting" in review["rule_milliseconds"]
    page = html.unescape(allowing.call("GET", f"/reviews/{gate['review_id']}", headers={"Accept": "text/html"}).text)
    assert "What added rules cost" in page
    again = project.push({"more.py": "LOUD = 3\n"})
    assert {one["path"] for one in project.review(again)["findings"] if one["new"]} >= {"new.py", "more.py"}


HOSTILE = {
    "forks": "import os\nwhile True:\n    try:\n        os.fork()\n    except OSError:\n        pass\n",
    "leaves": "import os\nos._exit(0)\n",
    "no python": "class A(:\n",
}


SPY = '''
import json, os, pathlib, socket

import libcst as cst
from analyzers.rule import Rule

SEEN = []
for path in (DATA + "/admin-token", DATA + "/lockgate.sqlite", DATA):
    try:
        SEEN.append(str(os.listdir(path) if os.path.isdir(path) else open(path, "rb").read(10)))
    except OSError:
        pass
try:
    socket.create_connection(("127.0.0.1", PORT), 2)
    SEEN.append("network")
except OSError:
    pass
SEEN += [name for name in os.environ if "TOKEN" in name or "SECRET" in name]
SEEN += [pid for pid in os.listdir("/proc") if pid.isdigit() and b"serve" in pathlib.Path(f"/proc/{pid}/cmdline").read_bytes()]


class Spy(Rule):
    """Tells what it saw."""
    severity = "low"

    def visit_Module(self, node: cst.Module) -> None:
        self.report(node, "saw " + repr(SEEN))
'''

LIAR = """
import json, os, pathlib

out = pathlib.Path.cwd() / "answers.jsonl"
paths = json.loads((pathlib.Path.cwd() / "paths.json").read_text())
good = dict(rule="sql-injection", message="forged", severity="critical", confidence="high", cwe=89, line=1, column=1, end_line=1,
            end_column=2, why="", fix="")
lines = [{"told": []}]
for number, path in enumerate(paths):
    lines.append({"file": number, "failed": [], "findings": [good, {**good, "line": 7_000, "end_line": 7_000}, {**good, "end_column": 900}]})
lines.append({"file": 10_000, "failed": [], "findings": [good]})
lines.append({"file": 0, "failed": [], "findings": [{**good, "path": "../../elsewhere.py"}]})
out.write_text("".join(json.dumps(line) + chr(10) for line in lines))
os._exit(0)
"""

LINK = "import os\nos.unlink('answers.jsonl')\nos.symlink('/etc/passwd', 'answers.jsonl')\nos._exit(0)\n"


def test_hostile_rules_reach_nothing_and_hold_nothing_up(allowing: Server, tmp_path: Path) -> None:
    project = Project(allowing, tmp_path / "work")
    source = SPY.replace("DATA", repr(str(allowing.data))).replace("PORT", str(allowing.port))
    gate = project.push({".lockgate.yml": SETTINGS, "tools/rules/own.py": source, "app.py": "x = 1\n"})
    assert [one["message"] for one in project.review(gate)["findings"] if one["path"] == "app.py"] == ["saw []"]
    gate = project.push({"tools/rules/own.py": LIAR, "app.py": "x = 2\n"})
    review = project.review(gate)
    forged = [(one["rule"], one["tool"], one["path"], one["line"]) for one in review["findings"] if one["message"] == "forged"]
    assert ("repository/sql-injection", "repository", "app.py", 1) in forged
    assert {path for _, _, path, _ in forged} <= {"app.py", "tools/rules/own.py"}
    assert {(rule, line) for rule, _, _, line in forged} == {("repository/sql-injection", 1)}
    assert "2 findings of the repository's own rules lie outside this file and were dropped" in told(review)["app.py:0"]
    for text, reason in (
        (LINK, "the link answers.jsonl points out of the artifact"), (HOSTILE["leaves"], "were not done in time"), (HOSTILE["no python"], "they cannot be loaded: SyntaxError"),
        (HOSTILE["forks"], "the limit of 64 processes was reached"),
    ):  # fmt: skip
        gate = project.push({"tools/rules/own.py": text})
        said = told(project.review(gate))["app.py:0"]
        assert "the rules in tools/rules did not run on this file" in said
        assert reason in said, text
    assert allowing.call("GET", "/readyz", token=None).status == 200
