"""A repository that refuses pushes which bring secrets: git's own client against a real server."""

import shlex
import subprocess
import sys
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


def block(project: Project, says: str = "block", **more: str) -> None:
    answer = project.server.call("PUT", f"/api/v1/push-checks/{project.name}", {"secrets": says, **more})
    assert answer.json() == {"repository": project.name, "secrets": says, "level": more.get("level", "high")}


def refusals(project: Project) -> str:
    """The page of the audit trail with the refused pushes to main."""
    address = f"/audit?action=git:Push&outcome=refused&resource=git/{project.name}/refs/heads/main"
    answer = project.server.call("GET", address)
    assert answer.status == 200, answer.text
    return answer.text


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
    told = refusals(project)
    assert "secrets: secret-settings-credential × 1" in told
    assert f"git/{project.name}/refs/heads/main" in told and "admin" in told and PASSWORD not in told

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


def test_a_file_without_comments_declares_a_false_alarm(project: Project) -> None:
    block(project)
    project.commit({"config.json": f'{{\n  "host": "db",\n  "password": "{PASSWORD}"\n}}\n'})
    refused = pushed(project, "HEAD:main")
    assert refused.returncode != 0
    [told] = [line for line in refused.stderr.splitlines() if "--accept" in line]
    printed = shlex.split(told.split("Where no comment can stand: ")[1])
    assert printed[:3] == ["lockgate", "review", "--accept"]
    command = Path(sys.executable).with_name("lockgate")
    done = subprocess.run([command, *printed[1:]], cwd=project.folder, capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stderr
    settings = (project.folder / ".lockgate.yml").read_text()
    assert "hash: scrypt:" in settings and PASSWORD not in settings
    gate = project.push({}, "Accept it")
    assert gate["verdict"] == "passed", gate
    assert project.server.call("GET", f"/api/v1/secrets?repository={project.name}").json()["items"] == []

    project.commit({"config.json": '{\n  "host": "db",\n  "password": "harbor-45-snow"\n}\n'})
    assert pushed(project, "HEAD:main").returncode != 0, "another secret at the same place is another matter"


def test_a_repository_chooses_the_severity(project: Project) -> None:
    hook = "https://hooks.slack.com/services/" + "T04QZK81N/B7LM2XR90/k3Tz9QpXv7LmW2rB8sYdN4hJ"
    block(project, level="medium")
    project.commit({"notify.env": f"URL={hook}\n"})
    assert "secret-slack-webhook" in pushed(project, "HEAD:main").stderr
    path = f"/api/v1/push-checks/{project.name}"
    assert project.server.call("PUT", path, {"secrets": "block"}).json()["level"] == "medium", "what is left out stays"
    block(project, level="high")
    assert pushed(project, "HEAD:main").returncode == 0


def test_a_large_file_is_searched_too(project: Project) -> None:
    block(project)
    rows = "".join(f"2024-05-01 INFO order {number} was paid and sent to the customer\n" for number in range(20_000))
    assert len(rows) > 1024 * 1024
    project.commit({"dump.log": f"{rows}DB_PASSWORD={PASSWORD}\n", "image.bin": b"\0" + rows.encode()})
    done = pushed(project, "HEAD:main")
    assert done.returncode != 0
    assert "dump.log:20001: secret-settings-credential" in done.stderr, done.stderr
    assert done.stderr.count("secret-settings-credential:") == 1
    assert "image.bin" not in done.stderr


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
