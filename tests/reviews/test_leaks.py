"""Secrets in pushed histories, the end of leaked tokens, the server's minimum, and other tools' findings: on a real server."""

import json
from pathlib import Path

import pytest

from tests.lockgate_server import Server, wait_for
from tests.reviews.project import CLEAN, INJECTION, Project

PASSWORD = "tulip-44-rain"


@pytest.fixture
def project(server: Server, tmp_path: Path) -> Project:
    return Project(server, tmp_path / "work")


def found(project: Project, number: int) -> list[dict[str, object]]:
    def enough() -> object:
        items = project.server.call("GET", f"/api/v1/secrets?repository={project.name}").json()["items"]
        return items if len(items) >= number else None

    return wait_for(enough, 40, f"{number} leaked secrets")  # type: ignore[no-any-return]


def test_a_token_that_is_pushed_ends_at_once(project: Project) -> None:
    server = project.server
    token = server.new_account(f"leaky-{project.name[-10:]}", [{"Effect": "Allow", "Action": ["git:*"], "Resource": ["*"]}])
    assert server.call("GET", "/api/v1/whoami", token=token).status == 200
    project.commit({"deploy.sh": f"export LOCKGATE_TOKEN={token}\n"}, "Deploy")
    project.commit({"deploy.sh": None}, "Take it away again")
    project.git("push", "-q", "origin", "HEAD:refs/tags/v1")
    wait_for(lambda: server.call("GET", "/api/v1/whoami", token=token).status == 401, 30, "the token ends")
    [leak] = found(project, 1)
    assert token not in json.dumps(leak)
    assert (leak["rule"], leak["path"], leak["state"]) == ("secret-lockgate-token", "deploy.sh", "open")


def test_a_large_file_is_searched_to_its_end(project: Project) -> None:
    server = project.server
    token = server.new_account(f"large-{project.name[-10:]}", [{"Effect": "Allow", "Action": ["git:*"], "Resource": ["*"]}])
    lines = "colour = blue\n" * 100_000
    project.commit({"dump.ini": f"{lines}[db]\npassword = {PASSWORD}\n# {token}\n"}, "A dump")
    project.git("push", "-q", "origin", "HEAD:refs/tags/v1")
    wait_for(lambda: server.call("GET", "/api/v1/whoami", token=token).status == 401, 30, "the token ends")
    assert {("dump.ini", 100_002), ("dump.ini", 100_003)} == {(one["path"], one["line"]) for one in found(project, 2)}


def test_what_a_later_commit_took_away_is_found(project: Project) -> None:
    first = project.commit({"config.ini": f"[db]\npassword = {PASSWORD}\n", "shop.py": CLEAN})
    assert project.push({"config.ini": None})["verdict"] == "passed"
    [leak] = found(project, 1)
    assert (leak["path"], leak["line"], leak["commit"]) == ("config.ini", 2, first)
    page = project.server.call("GET", f"/reviews/secrets?repository={project.name}", headers={"Accept": "text/html"}).text
    assert "config.ini:2" in page
    assert PASSWORD not in page
    path = f"/api/v1/secrets/{leak['id']}/resolve"
    assert project.server.call("POST", path, {"reason": ""}).status == 400
    assert project.server.call("POST", path, {"reason": "changed on the server"}).json()["state"] == "resolved"


def test_the_whole_history_is_searched_when_asked(project: Project) -> None:
    project.push({"shop.py": CLEAN})
    project.push({"a.env": f"DB_PASSWORD={PASSWORD}\n", "b/a.env": f"DB_PASSWORD={PASSWORD}\n"}, ref="side")
    assert len(found(project, 1)) == 1, "the same secret is told once"
    assert project.server.call("POST", "/api/v1/secrets/scan", {"repository": project.name}).status == 202
    assert project.server.call("POST", "/api/v1/secrets/scan", {"repository": "no/such"}).status == 404


def test_a_stranger_sees_no_secret(project: Project) -> None:
    project.push({"a.env": f"DB_PASSWORD={PASSWORD}\n"})
    [leak] = found(project, 1)
    token = project.server.new_account(f"stranger-{project.name[-10:]}", [{"Effect": "Allow", "Action": ["review:*"], "Resource": ["review/x"]}])
    call = project.server.call
    assert call("GET", f"/api/v1/secrets?repository={project.name}", token=token).json()["items"] == []
    assert call("POST", f"/api/v1/secrets/{leak['id']}/resolve", {"reason": "it is mine"}, token=token).status == 403
    assert call("POST", "/api/v1/secrets/scan", {"repository": project.name}, token=token).status == 403
    assert call("PUT", "/api/v1/gate-minimums", {"block_at": "low"}, token=token).status == 403
    assert call("POST", f"/api/v1/sarif?repository={project.name}&commit=x", body=b"{}", token=token).status == 403
    assert call("GET", "/api/v1/secrets", token=None).status == 401


def test_a_commit_cannot_lower_the_minimum(project: Project) -> None:
    lax = "gate:\n  block_at: never\n  max_new: {high: 9}\nreview:\n  exclude: ['*.py']\n"
    silenced = INJECTION.replace("'\")\n", "'\")  # lockgate: ignore[sql-injection] trust me\n")
    minimum = {"repositories": f"{project.name}*", "block_at": "high", "excludes": "ignore", "suppressions": "ignore"}
    assert project.push({".lockgate.yml": lax, "shop.py": silenced})["verdict"] == "passed"
    made = project.server.call("PUT", "/api/v1/gate-minimums", minimum).json()
    gate = project.push({"more.py": silenced})
    assert gate["verdict"] == "blocked"
    assert any(reason.startswith("more.py:2:") for reason in gate["reasons"])
    page = project.server.call("GET", f"/reviews/{gate['review_id']}", headers={"Accept": "text/html"}).text
    assert "minimum for" in page
    assert project.server.call("DELETE", f"/api/v1/gate-minimums/{made['id']}").status == 204
    assert project.push({"third.py": silenced})["verdict"] == "passed"


@pytest.mark.parametrize("body", [{"block_at": "awful"}, {"repositories": " "}, {"excludes": "maybe"}, {"unknown": "x"}])
def test_a_wrong_minimum_is_refused(server: Server, body: dict[str, str]) -> None:
    assert server.call("PUT", "/api/v1/gate-minimums", body).status in (400, 422)


def log(tool: str = "Other", uri: str = "shop.py", number: int = 1) -> bytes:
    place = {"physicalLocation": {"artifactLocation": {"uri": uri}, "region": {"startLine": 2}}}
    results = [{"ruleId": f"R{n}", "level": "error", "message": {"text": f"Bad {n}."}, "locations": [place]} for n in range(number)]
    return json.dumps({"version": "2.1.0", "runs": [{"tool": {"driver": {"name": tool}}, "results": results}]}).encode()


def test_another_tools_findings_count_where_the_gate_says_so(project: Project) -> None:
    upload = f"/api/v1/sarif?repository={project.name}&commit="
    gate = project.push({"shop.py": CLEAN})
    answer = project.server.call("POST", upload + str(gate["commit"]), body=log(number=2))
    assert (answer.status, answer.json()["findings"]) == (201, {"Other": 2})
    review = project.review(project.gate(gate["commit"]))
    assert review["verdict"] == "passed", "the default leaves them out"
    assert [one["tool"] for one in review["findings"]] == ["Other", "Other"]

    gate = project.push({".lockgate.yml": "gate:\n  imported: count\n"})
    assert gate["verdict"] == "passed"
    project.server.call("POST", upload + str(gate["commit"]), body=log(number=3))
    gate = project.gate(gate["commit"])
    assert gate["verdict"] == "blocked"
    assert "1 of 3 findings is new" in gate["reasons"][0]
    project.server.call("POST", upload + str(gate["commit"]), body=log(number=2))
    assert project.gate(gate["commit"])["verdict"] == "passed", "a later log takes the place of the earlier one"


def test_a_log_that_is_none_is_refused(project: Project) -> None:
    commit = project.push({"shop.py": CLEAN})["commit"]
    upload = f"/api/v1/sarif?repository={project.name}&commit="
    for content in (b"no", b"{}", log(uri="../../x"), log(tool="lockgate")):
        answer = project.server.call("POST", upload + commit, body=content)
        assert answer.status == 422, content
        assert "SARIF" in answer.text
    assert project.server.call("POST", upload + "0" * 40, body=log()).status == 400
    assert project.server.call("POST", upload + commit, body=b"").status == 400
