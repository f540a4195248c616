"""The gate through the front door: nothing is built or released while the review of the commit says no."""

import re
from datetime import datetime

from tests.pipelines.project import Project, buildspec

PIPELINE = """
stages:
  - name: Review
    actions: [{name: gate, kind: gate}]
  - name: Build
    actions: [{name: build, kind: build, outputs: [build], configuration: {network: none}}]
"""
SIN = 'def find(db, name):\n    return db.execute(f"SELECT * FROM users WHERE name = \'{name}\'")\n'
VIRTUE = 'def find(db, name):\n    return db.execute("SELECT * FROM users WHERE name = ?", (name,))\n'


def test_blocked_commit_is_never_built(server, tmp_path):
    project = Project(server, tmp_path / "source", "gated", require_gate=True)
    files = {"pipeline.yml": PIPELINE, "buildspec.yml": buildspec("mkdir out", "touch out/x")}
    first = project.until(project.push({**files, "app.py": VIRTUE}), seconds=60)
    assert first["state"] == "passed", first["reason"]
    blocked = project.until(project.push({"app.py": SIN}), seconds=60)
    assert blocked["state"] == "blocked"
    assert [stage["state"] for stage in blocked["stages"]] == ["blocked", "skipped"]
    assert project.action(blocked, "build")["attempts"] == []
    review = project.action(blocked, "gate")["facts"]["review_id"]
    page = server.call("GET", f"/executions/{blocked['id']}", headers={"Accept": "text/html"}).text
    assert "Read the review" in page
    waiver = {"all": True, "reason": "accepted for this test", "expires_days": 1}
    assert server.call("POST", f"/api/v1/reviews/{review}/waive", waiver).status < 300
    opened = project.until(blocked["commit"], "passed", seconds=60)
    assert opened["id"] == blocked["id"]
    assert [a["state"] for a in project.action(opened, "build")["attempts"]] == ["passed"]


def test_build_starts_soon_after_the_gate(server, tmp_path):
    project = Project(server, tmp_path / "source", "swift", require_gate=True)
    files = {"pipeline.yml": PIPELINE, "buildspec.yml": buildspec("mkdir out", "touch out/x"), "app.py": VIRTUE}
    found = project.until(project.push(files), seconds=60)
    opened = datetime.fromisoformat(project.action(found, "gate")["finished_at"])
    first = re.search(r"##\[command\] (\S+)", project.log(found, "build"))
    waited = (datetime.fromisoformat(first[1]) - opened).total_seconds()
    assert 0 <= waited < 3, f"{waited} s from the gate to the first command"
