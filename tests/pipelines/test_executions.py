"""Executions through the front door: pushes, builds, logs, approvals, stops, retries."""

import io
import tarfile
import time

import pytest

from tests.lockgate_server import wait_for
from tests.pipelines.project import BUILD, WHEEL, Project, buildspec

APPROVED = """
stages:
  - name: Ship
    actions: [{name: ask, kind: approval, configuration: {message: "Ship it?"}}]
"""
PUBLISHED = """
stages:
  - name: Build
    actions: [{name: build, kind: build, outputs: [build], configuration: {network: none}}]
  - name: Publish
    actions: [{name: publish, kind: publish, inputs: [build]}]
"""


@pytest.fixture
def project(server, tmp_path, request):
    """A project of the test's own, named after the test."""
    return Project(server, tmp_path / "source", request.node.name.removeprefix("test_").replace("_", "-")[:60])


def test_push_starts_a_build_with_artifacts(project):
    commit = project.push({"pipeline.yml": BUILD, "buildspec.yml": buildspec("mkdir out", "echo made > out/thing.txt")})
    found = project.until(commit, "passed")
    assert found["subject"] == "Change things"
    assert found["ref"] == "refs/heads/main"
    build = project.action(found, "build")
    assert [phase["name"] for phase in build["attempts"][0]["phases"]] == ["build"]
    got = project.server.call("GET", f"/api/v1/executions/{found['id']}/artifacts/build")
    with tarfile.open(fileobj=io.BytesIO(got.body)) as archive:
        assert archive.extractfile("out/thing.txt").read() == b"made\n"
    assert "##[phase build]" in project.log(found, "build")


def test_failed_build_tells_why(project):
    commit = project.push({"pipeline.yml": BUILD, "buildspec.yml": buildspec("echo about to fail", "exit 3")})
    found = project.until(commit, "failed")
    assert "exit code 3" in found["reason"]
    page = project.server.call("GET", f"/executions/{found['id']}", headers={"Accept": "text/html"}).text
    assert "about to fail" in page
    assert "exit code 3" in page


def test_broken_pipeline_file_fails_with_its_place(project):
    commit = project.push({"pipeline.yml": BUILD.replace("actions", "acitons")})
    found = project.until(commit, "failed")
    assert found["reason"] == "pipeline.yml, line 4, key stages[0].acitons: there is no such key; did you mean actions?"
    assert found["stages"] == []
    page = project.server.call("GET", f"/executions/{found['id']}", headers={"Accept": "text/html"})
    assert "did you mean actions?" in page.text


def test_other_branches_start_nothing(project):
    project.push({"pipeline.yml": BUILD, "buildspec.yml": buildspec("mkdir out")}, branch="feature")
    commit = project.push({"pipeline.yml": BUILD.replace("stages:", "trigger: {branches: [release]}\nstages:")})
    last = project.push({"pipeline.yml": BUILD, "buildspec.yml": buildspec("true")})
    project.until(last)
    assert project.execution(commit) is None
    items = project.server.call("GET", f"/api/v1/pipelines/{project.name}/executions").json()["items"]
    assert [item["commit"] for item in items] == [last]


def test_ungated_release_is_refused(server, tmp_path):
    project = Project(server, tmp_path / "source", "ungated", require_gate=True)
    commit = project.push({"pipeline.yml": PUBLISHED})
    found = project.until(commit, "failed")
    assert found["reason"] == "pipeline.yml: action publish would release a commit that no gate has let through"


def test_log_is_read_while_it_grows(project):
    commit = project.push({
        "pipeline.yml": BUILD,
        "buildspec.yml": buildspec("echo first", "for i in 1 2 3 4 5 6; do sleep 0.5; echo tick $i; done", "mkdir out; touch out/x"),
    })
    found = project.running(commit, "build", "first")
    attempt = project.action(found, "build")["attempts"][0]["id"]
    offset, text, state = 0, "", ""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        answer = project.server.call("GET", f"/api/v1/attempts/{attempt}/log?from={offset}&wait=10")
        text, offset, state = text + answer.text, int(answer.headers["X-Next"]), answer.headers["X-State"]
        if state == "passed" and not answer.body:
            break
    assert state == "passed"
    assert text.count("\ntick ") == 6
    assert text == project.server.call("GET", f"/api/v1/attempts/{attempt}/log").text


def test_stop_ends_a_running_build_soon(project):
    commit = project.push({"pipeline.yml": BUILD, "buildspec.yml": buildspec("echo sleeping", "sleep 300")})
    found = project.running(commit, "build", "sleeping")
    began = time.monotonic()
    assert project.server.call("POST", f"/api/v1/executions/{found['id']}/stop").status == 200
    found = project.until(commit, "stopped")
    assert time.monotonic() - began < 5
    assert project.action(found, "build")["attempts"][0]["state"] == "stopped"


def test_retry_runs_the_failed_action_again(project):
    commit = project.push({"pipeline.yml": BUILD, "buildspec.yml": buildspec("exit 1")})
    found = project.until(commit, "failed")
    assert project.server.call("POST", f"/api/v1/executions/{found['id']}/retry").json()["state"] == "running"
    wait_for(lambda: len(project.action(project.get(found["id"]), "build")["attempts"]) == 2, what="a second attempt")
    found = project.until(commit, "failed")
    assert [a["state"] for a in project.action(found, "build")["attempts"]] == ["failed", "failed"]


def test_approval_needs_the_permission(project):
    commit = project.push({"pipeline.yml": APPROVED})
    found = project.until(commit, "waiting")
    asked = found["approvals"][0]
    assert asked["message"] == "Ship it?"
    reader = [{"Effect": "Allow", "Action": ["pipeline:Read"], "Resource": ["*"]}]
    token = project.server.new_account("onlooker", reader)
    refused = project.server.call("POST", f"/api/v1/approvals/{asked['id']}", {"approved": True}, token=token)
    assert refused.status == 403
    page = project.server.call("GET", f"/executions/{found['id']}", token=token, headers={"Accept": "text/html"}).text
    assert "You may not answer this" in page
    answer = project.server.call("POST", f"/api/v1/approvals/{asked['id']}", {"approved": True, "comment": "go"})
    assert answer.json()["decision"] == "approved"
    assert project.until(commit)["state"] == "passed"
    again = project.server.call("POST", f"/api/v1/approvals/{asked['id']}", {"approved": False})
    assert again.status == 409


def test_hidden_pipelines_stay_hidden(project):
    commit = project.push({"pipeline.yml": APPROVED})
    found = project.until(commit, "waiting")
    token = project.server.new_account("stranger", [{"Effect": "Allow", "Action": ["git:Read"], "Resource": ["*"]}])
    assert project.server.call("GET", f"/api/v1/executions/{found['id']}", token=token).status == 403
    assert project.server.call("GET", f"/api/v1/pipelines/{project.name}", token=token).status == 403
    for path in ("/api/v1/pipelines", "/api/v1/executions", "/api/v1/approvals"):
        assert project.server.call("GET", path, token=token).json()["items"] == []
    assert project.server.call("GET", f"/api/v1/executions/{found['id']}", token=None).status == 401


def test_manual_start_takes_a_branch_or_commit(project):
    commit = project.push({"pipeline.yml": APPROVED}, branch="feature")
    start = f"/api/v1/pipelines/{project.name}/executions"
    by_branch = project.server.call("POST", start, {"ref": "feature", "key": "k1"})
    assert by_branch.status == 201
    assert by_branch.json()["commit"] == commit
    assert project.server.call("POST", start, {"ref": "feature", "key": "k1"}).json()["id"] == by_branch.json()["id"]
    assert project.server.call("POST", start, {"commit": commit}).json()["ref"] == ""
    for wrong in ({"ref": "nowhere"}, {"commit": "f" * 40}, {}, {"ref": "feature", "commit": commit}):
        assert project.server.call("POST", start, wrong).status == 400
    assert project.server.call("POST", start, {"ref": "feature", "variables": {"NO": "1"}}).status == 400


def test_variables_reach_the_build(project):
    pipeline = "variables: {MODE: slow}\n" + BUILD
    commit = project.push({"pipeline.yml": pipeline, "buildspec.yml": buildspec("mkdir out", "echo mode is $MODE > out/x", "cat out/x")})
    assert "mode is slow" in project.log(project.until(commit, "passed"), "build")
    started = project.server.call(
        "POST", f"/api/v1/pipelines/{project.name}/executions", {"ref": "main", "variables": {"MODE": "fast"}}
    ).json()
    found = wait_for(lambda: project.get(started["id"]) if project.get(started["id"])["state"] == "passed" else None, 40)
    assert "mode is fast" in project.log(found, "build")


def test_wheel_is_published_once_and_again(project):
    files = {"pipeline.yml": PUBLISHED, "make.py": WHEEL}
    spec = buildspec("mkdir dist", "python3 make.py twicely 1.0", files="dist/*")
    found = project.until(project.push({**files, "buildspec.yml": spec}), seconds=90)
    assert found["state"] == "passed", project.log(found, "publish")
    index = project.server.call("GET", "/pypi/default/main/simple/twicely/").text
    assert "twicely-1.0-py3-none-any.whl" in index
    again = project.until(project.push({"note": "the same wheel again"}), seconds=90)
    assert again["state"] == "passed", project.log(again, "publish")
    other = spec.replace("python3 make.py", "echo 'X = 2' > extra.py; sed -i 's/X = 1/X = 2/' make.py; python3 make.py")
    changed = project.until(project.push({"buildspec.yml": other}), seconds=90)
    assert changed["state"] == "failed"
    assert "give it a new version" in project.log(changed, "publish")


def test_build_token_dies_with_the_build(project):
    commit = project.push({
        "pipeline.yml": BUILD.replace("network: none", "network: registry"),
        "buildspec.yml": buildspec("mkdir out", "echo $LOCKGATE_REGISTRY_TOKEN | rev > out/token"),
    })
    found = project.until(commit, "passed")
    got = project.server.call("GET", f"/api/v1/executions/{found['id']}/artifacts/build")
    with tarfile.open(fileobj=io.BytesIO(got.body)) as archive:
        token = archive.extractfile("out/token").read().decode().strip()[::-1]
    refused = project.server.call("GET", "/pypi/default/main/simple/anything/", token=token)
    assert refused.status == 401
    assert token not in project.log(found, "build")


def test_deployment_to_another_project_is_refused(project):
    server = project.server
    for body in ({"name": "alien", "project": "aliens"},):
        assert server.call("POST", "/api/v1/applications", body).status == 201
    assert server.call("POST", "/api/v1/applications/alien/groups", {"name": "prod"}).status == 201
    deploy = (
        "  - name: Deploy\n    actions: [{name: deploy, kind: deploy, inputs: [build], "
        "configuration: {application: alien, group: prod}}]\n"
    )
    commit = project.push({"pipeline.yml": BUILD + deploy, "buildspec.yml": buildspec("mkdir out", "touch out/x")})
    found = project.until(commit, "failed")
    assert found["reason"] == f"deploy: application alien belongs to project aliens, this pipeline to {project.name}"


def test_deployment_result_ends_the_action(project):
    server = project.server
    assert server.call("POST", "/api/v1/applications", {"name": "hostless", "project": project.name}).status == 201
    assert server.call("POST", "/api/v1/applications/hostless/groups", {"name": "prod"}).status == 201
    deploy = (
        "  - name: Deploy\n    actions: [{name: deploy, kind: deploy, inputs: [build], "
        "configuration: {application: hostless, group: prod}}]\n"
    )
    spec = buildspec("mkdir app; echo hi > app/x", files="app/*, appspec.yml")
    appspec = "version: 0.0\nos: linux\nfiles: [{source: app, destination: /srv/app}]\n"
    found = project.until(project.push({"pipeline.yml": BUILD + deploy, "buildspec.yml": spec, "appspec.yml": appspec}))
    assert found["state"] == "failed"
    facts = project.action(found, "deploy")["facts"]
    deployment = server.call("GET", f"/api/v1/deployments/{facts['deployment_id']}").json()
    assert deployment["state"] == "failed"
    assert f"deployment {facts['deployment_id']} failed" in found["reason"]
    assert deployment["reason"] in found["reason"]


def test_npm_package_is_published_once_and_again(project):
    spec = buildspec("mkdir dist", "npm pack --silent --pack-destination dist", files="dist/*")
    package = '{"name": "tidy-gauge", "version": "1.0.0", "license": "MIT", "main": "index.js", "files": ["index.js"]}'
    files = {"pipeline.yml": PUBLISHED, "buildspec.yml": spec, "package.json": package, "index.js": "module.exports = 1;\n"}
    found = project.until(project.push(files), seconds=90)
    assert found["state"] == "passed", project.log(found, "publish")
    held = project.server.call("GET", "/npm/default/main/tidy-gauge").json()
    assert list(held["versions"]) == ["1.0.0"]
    again = project.until(project.push({"note": "the same package again"}), seconds=90)
    assert again["state"] == "passed", project.log(again, "publish")
    changed = project.until(project.push({"index.js": "module.exports = 2;\n"}), seconds=90)
    assert changed["state"] == "failed"
    assert "give it a new version" in project.log(changed, "publish")


def test_pipeline_needs_a_git_repository(server):
    answer = server.call("POST", "/api/v1/pipelines", {"name": "astray", "repository": "no/such"})
    assert answer.status == 404
    assert "no/such" in answer.json()["detail"]


def test_editor_needs_the_powers_of_the_pipeline(project):
    token = project.server.new_account("half-editor", [
        {"Effect": "Allow", "Action": ["pipeline:*", "git:Read"], "Resource": ["*"]},
    ])
    body = {"name": "greedy", "repository": project.name}
    refused = project.server.call("POST", "/api/v1/pipelines", body, token=token)
    assert refused.status == 403
    assert "registry:Publish" in refused.json()["detail"]


def test_schemas_are_published(server):
    for name, key in (("pipeline", "stages"), ("buildspec", "phases")):
        assert key in server.call("GET", f"/api/v1/schemas/{name}.json", token=None).json()["properties"]


def test_pages_show_what_happened(project):
    commit = project.push({"pipeline.yml": BUILD, "buildspec.yml": buildspec("printf '\\033[31mred <b>\\033[0m\\n'", "mkdir out; touch out/x")})
    found = project.until(commit, "passed")
    attempt = project.action(found, "build")["attempts"][0]["id"]

    def page(path):
        answer = project.server.call("GET", path, headers={"Accept": "text/html"})
        assert answer.status == 200, path
        return answer.text

    assert f"/pipelines/{project.name}" in page("/pipelines")
    assert f"/executions/{found['id']}" in page(f"/pipelines/{project.name}")
    shown = page(f"/executions/{found['id']}")
    assert '<svg class="graph"' in shown
    assert f"/attempts/{attempt}/log" in shown
    log = page(f"/attempts/{attempt}/log")
    assert '<span class="fg-1">red &lt;b&gt;</span>' in log
    assert "data-more" not in log
    assert "\x1b[31mred <b>" in page(f"/attempts/{attempt}/log/text")
    assert f"/executions/{found['id']}" in page("/")
    assert f"/pipelines/{project.name}" in page(f"/search?q={project.name}")
