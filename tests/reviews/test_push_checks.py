"""A repository that refuses pushes which bring secrets: git's own client against a real server."""

import subprocess
from pathlib import Path

import pytest

from tests.lockgate_server import Server
from tests.reviews.project import CLEAN, Project

PASSWORD = "tulip-44-rain"
SETTINGS = f"[db]\npassword = {PASSWORD}\n"


@pytest.fixture
def project(server: Server, tmp_path: Path) -> Project:
    return Project(server, tmp_path / "work")


def pushed(project: Project, *refs: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(["git", "push", "origin", *refs], cwd=project.folder, capture_output=True, text=True, timeout=100)


def block(project: Project, says: str = "block") -> None:
    answer = project.server.call("PUT", f"/api/v1/push-checks/{project.name}", {"secrets": says})
    assert answer.json() == {"repository": project.name, "secrets": says}


def test_a_push_with_a_secret_is_refused(project: Project) -> None:
    project.commit({"shop.py": CLEAN})
    assert pushed(project, "HEAD:main").returncode == 0
    block(project)
    project.commit({"config.ini": SETTINGS}, "Settings")
    project.commit({"config.ini": None}, "Take it away again")
    done = pushed(project, "HEAD:main", "HEAD:refs/tags/v1")
    assert done.returncode != 0
    assert "remote: Lockgate: config.ini:2: secret-" in done.stderr, done.stderr
    assert "# lockgate: ignore[secret-" in done.stderr
    assert "pre-receive hook declined" in done.stderr
    assert PASSWORD not in done.stderr
    listed = project.git("ls-remote", "origin")
    assert "v1" not in listed
    assert project.git("rev-parse", "HEAD") not in listed, "nothing of it was taken"

    rule = done.stderr.split("ignore[")[1].split("]")[0]
    project.git("reset", "-q", "--hard", "HEAD~2")
    project.commit({"config.ini": f"[db]\n# lockgate: ignore[{rule}] the example of the manual\npassword = {PASSWORD}\n"})
    assert pushed(project, "HEAD:main").returncode == 0, "a false alarm that is declared passes"
    assert pushed(project, "HEAD:refs/heads/side").returncode == 0, "there is nothing new to search"
    assert pushed(project, ":refs/heads/side").returncode == 0, "a deletion brings nothing"

    project.commit({"more.env": f"DB_PASSWORD={PASSWORD}-two\n"})
    assert pushed(project, "HEAD:main").returncode != 0
    block(project, "gate")
    assert pushed(project, "HEAD:main").returncode == 0


def test_who_may_not_set_it_cannot(project: Project) -> None:
    call = project.server.call
    path = f"/api/v1/push-checks/{project.name}"
    assert call("GET", path).json()["secrets"] == "gate", "the default"
    token = project.server.new_account(f"setter-{project.name[-10:]}", [{"Effect": "Allow", "Action": ["review:Read"], "Resource": ["*"]}])
    assert call("PUT", path, {"secrets": "block"}, token=token).status == 403
    assert call("GET", path, token=token).json()["secrets"] == "gate"
    assert call("PUT", path, {"secrets": "maybe"}).status == 422
    assert call("PUT", "/api/v1/push-checks/no/such", {"secrets": "block"}).status == 404
    assert call("GET", path, token=None).status == 401
