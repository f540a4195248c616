"""The worker ends in mid build, by kill -9 or as told: the build runs once more, and its result counts once."""

import psutil

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


def test_planned_stop_gives_the_build_back(fresh_server, tmp_path):
    project = Project(fresh_server, tmp_path / "source", "patient-build")
    commit = project.push({
        "pipeline.yml": BUILD, "buildspec.yml": buildspec("echo begun", "sleep 3.21987", "mkdir out", "touch out/x"),
    })
    project.running(commit, "build", "begun")
    assert fresh_server.stop() == 0
    assert "killed" not in fresh_server.log.read_text(), "the worker ended by itself"
    assert not [p for p in psutil.process_iter(["cmdline"]) if "3.21987" in (p.info["cmdline"] or [])]
    work = fresh_server.data / "work"
    assert not [path for path in work.rglob("*") if path.is_file()]
    fresh_server.start()
    action = project.action(project.until(commit, "passed", seconds=60), "build")
    assert [a["state"] for a in action["attempts"]] == ["lost", "passed"]
    assert action["attempts"][0]["reason"] == "its worker was stopped; another attempt follows"


def test_restart_keeps_waiting_executions(fresh_server, tmp_path):
    project = Project(fresh_server, tmp_path / "source", "patient")
    commit = project.push({"pipeline.yml": "stages: [{name: Ship, actions: [{name: ask, kind: approval}]}]"})
    found = project.until(commit, "waiting")
    fresh_server.stop()
    fresh_server.start()
    approval = project.get(found["id"])["approvals"][0]["id"]
    fresh_server.call("POST", f"/api/v1/approvals/{approval}", {"approved": True})
    assert project.until(commit)["state"] == "passed"
