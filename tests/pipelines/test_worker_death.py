"""kill -9 of the worker in mid build: the build runs once more, and its result counts once."""

from tests.lockgate_server import wait_for
from tests.pipelines.project import BUILD, Project, buildspec


def test_killed_worker_means_one_more_attempt(fresh_server, tmp_path):
    project = Project(fresh_server, tmp_path / "source", "deadly")
    commit = project.push({
        "pipeline.yml": BUILD, "buildspec.yml": buildspec("echo begun", "sleep 4", "mkdir out", "touch out/x"),
    })
    project.running(commit, "build", "begun")
    fresh_server.kill("worker")
    found = project.until(commit, "passed", seconds=60)
    assert [a["state"] for a in project.action(found, "build")["attempts"]] == ["lost", "passed"]
    work = fresh_server.data / "work"
    wait_for(lambda: not [path for path in work.rglob("*") if path.is_file()], what="work folders are swept")


def test_restart_keeps_waiting_executions(fresh_server, tmp_path):
    project = Project(fresh_server, tmp_path / "source", "patient")
    commit = project.push({"pipeline.yml": "stages: [{name: Ship, actions: [{name: ask, kind: approval}]}]"})
    found = project.until(commit, "waiting")
    fresh_server.stop()
    fresh_server.start()
    approval = project.get(found["id"])["approvals"][0]["id"]
    fresh_server.call("POST", f"/api/v1/approvals/{approval}", {"approved": True})
    assert project.until(commit)["state"] == "passed"
