"""Who may see reviews and waive, over the API and the pages; and what the pages say."""

import html
import json
import re
import urllib.parse
from pathlib import Path

import pytest

from tests.lockgate_server import Answer, Server
from tests.reviews.project import CLEAN, CREDENTIAL, INJECTION, LEAK, MEDIUM, Project

PAGE = {"Accept": "text/html"}


@pytest.fixture(scope="module")
def project(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Project:
    return Project(server, tmp_path_factory.mktemp("access") / "work")


@pytest.fixture(scope="module")
def blocked(project: Project) -> dict[str, object]:
    """The gate's word on a commit with three sins."""
    sins: dict[str, str | bytes | None] = {
        ".lockgate.yml": MEDIUM, "orders.py": INJECTION, "settings.py": CREDENTIAL + "\n" + LEAK, "shop.py": CLEAN,
    }
    return project.push(sins, "Sell <b>things</b>")


@pytest.fixture(scope="module")
def reader(server: Server, project: Project) -> str:
    """A token that may read this project's reviews, but not its source, and may not waive."""
    allowed = [{"Effect": "Allow", "Action": ["review:Read"], "Resource": [f"review/{project.name}"]}]
    return server.new_account(f"reader-{project.name[-10:]}", allowed)


@pytest.fixture(scope="module")
def stranger(server: Server, project: Project) -> str:
    """A token that may do nothing here."""
    allowed = [{"Effect": "Allow", "Action": ["review:*"], "Resource": ["review/elsewhere"]}]
    return server.new_account(f"stranger-{project.name[-10:]}", allowed)


def page(server: Server, path: str, **how: str) -> Answer:
    return server.call("GET", path, headers=PAGE, **how)  # type: ignore[arg-type]


def test_nobody_reads_without_a_token(server: Server, project: Project, blocked: dict[str, object]) -> None:
    gate = f"/api/v1/gate/{project.name}/{blocked['commit']}"
    for path in ("/api/v1/reviews", f"/api/v1/reviews/{blocked['review_id']}", "/api/v1/reviews/999999", gate):
        assert server.call("GET", path, token=None).status == 401, path
    assert server.call("POST", f"/api/v1/reviews/{blocked['review_id']}/waive", {"all": True, "reason": "because"}, token=None).status == 401
    assert page(server, "/reviews", token=None).status in (302, 401)  # type: ignore[arg-type]


def test_a_stranger_sees_no_review(server: Server, project: Project, blocked: dict[str, object], stranger: str) -> None:
    assert server.call("GET", "/api/v1/reviews", token=stranger).json() == {"items": [], "next": None}
    for path in (f"/api/v1/reviews/{blocked['review_id']}", f"/api/v1/gate/{project.name}/{blocked['commit']}",
                 f"/api/v1/waivers?repository={project.name}", f"/reviews/{blocked['review_id']}",
                 f"/reviews/of/{project.name}/{blocked['commit']}"):
        assert server.call("GET", path, token=stranger).status == 403, path


def test_a_reader_may_not_waive(server: Server, blocked: dict[str, object], reader: str) -> None:
    path = f"/api/v1/reviews/{blocked['review_id']}"
    assert server.call("GET", path, token=reader).json()["verdict"] == "blocked"
    assert server.call("POST", f"{path}/waive", {"all": True, "reason": "because"}, token=reader).status == 403
    assert server.call("POST", f"/reviews/{blocked['review_id']}/waive", token=reader, body=b"all=1&reason=because",
                       headers={"Content-Type": "application/x-www-form-urlencoded"}).status == 403
    assert server.call("GET", path, token=reader).json()["verdict"] == "blocked"
    assert "Waive" not in page(server, f"/reviews/{blocked['review_id']}", token=reader).text


def test_a_reader_of_reviews_sees_no_source(server: Server, blocked: dict[str, object], reader: str) -> None:
    shown = page(server, f"/reviews/{blocked['review_id']}", token=reader).text
    assert "select * from" not in html.unescape(re.sub(r"<[^>]+>", "", shown))


def test_the_page_says_the_verdict_first(server: Server, project: Project, blocked: dict[str, object]) -> None:
    answer = page(server, f"/reviews/of/{project.name}/{blocked['commit']}")
    assert answer.status == 302
    shown = page(server, answer.headers["Location"]).text
    text = html.unescape(re.sub(r"<[^>]+>", "", shown))
    assert f"Blocked: {blocked['reasons'][0]}" in text  # type: ignore[index]
    assert text.index("Blocked: 3 of 3") < text.index("cursor.execute")
    assert "Sell <b>things</b>" in text
    assert f"/repositories/{project.name}/-/blob/{blocked['commit']}/orders.py#L2" in shown


def test_no_answer_holds_the_secret(server: Server, blocked: dict[str, object]) -> None:
    for path in (f"/reviews/{blocked['review_id']}", f"/api/v1/reviews/{blocked['review_id']}",
                 f"/api/v1/gate/{blocked['repository']}/{blocked['commit']}"):
        assert "tr0ub4dor" not in page(server, path).text


def test_pages_work_under_the_strict_policy(server: Server, blocked: dict[str, object]) -> None:
    for path in (f"/reviews/{blocked['review_id']}", "/reviews"):
        shown = page(server, path).text
        assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=", shown)


def test_the_list_filters_by_its_address(server: Server, project: Project, blocked: dict[str, object]) -> None:
    link = f'href="/reviews/{blocked["review_id"]}"'
    name = urllib.parse.quote(project.name)
    assert link in page(server, f"/reviews?repository={name}&state=blocked").text
    assert link not in page(server, f"/reviews?repository={name}&state=passed").text
    assert link not in page(server, f"/reviews?repository={name}&before={blocked['review_id']}").text
    found = server.call("GET", f"/api/v1/reviews?repository={name}&state=blocked&commit={blocked['commit']}").json()
    assert [one["id"] for one in found["items"]] == [blocked["review_id"]]


def test_findings_come_in_portions(server: Server, blocked: dict[str, object]) -> None:
    path = f"/api/v1/reviews/{blocked['review_id']}"
    first = server.call("GET", f"{path}?limit=2").json()
    rest = server.call("GET", f"{path}?limit=2&after={first['next']}").json()
    ranks = [one["rank"] for one in first["findings"] + rest["findings"]]
    assert len(ranks) == 3
    assert ranks == sorted(ranks, reverse=True)
    assert rest["next"] is None


@pytest.mark.parametrize(
    ("path", "status"),
    [("/reviews/999999", 404), ("/reviews/0", 404), ("/reviews/1?show=everything", 400), ("/reviews/x", 404),
     ("/reviews/99999999999999999999999", 404), ("/reviews?before=x", 200), ("/reviews/1?page=-5", 200),
     ("/reviews/1?page=99999999999999999999", 200), ("/reviews?before=99999999999999999999", 200)],
)
def test_a_wrong_address_gets_a_clear_error(server: Server, blocked: dict[str, object], path: str, status: int) -> None:
    assert page(server, path.replace("/1?", f"/{blocked['review_id']}?")).status == status


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"reason": "because"}, 400),
        ({"all": True, "fingerprints": ["x"], "reason": "because"}, 400),
        ({"fingerprints": ["unknown"], "reason": "because"}, 404),
        ({"all": True, "reason": " "}, 400),
        ({"all": True, "reason": "because", "expires_days": 0}, 400),
        ({"all": True, "reason": "because", "expires_days": 10**12}, 400),
        ({"all": True}, 422),
        ({"all": True, "reason": "because", "for": "ever"}, 422),
        ([], 422),
    ],
)
def test_a_malformed_waiver_changes_nothing(server: Server, blocked: dict[str, object], body: object, status: int) -> None:
    path = f"/api/v1/reviews/{blocked['review_id']}"
    assert server.call("POST", f"{path}/waive", body).status == status
    assert server.call("GET", path).json()["verdict"] == "blocked"


def test_a_waiver_opens_and_its_end_closes(server: Server, tmp_path: Path) -> None:
    project = Project(server, tmp_path / "work")
    gate = project.push({"orders.py": INJECTION})
    (finding,) = project.review(gate)["findings"]
    done = project.waive(gate, fingerprints=[finding["fingerprint"]], expires_days=7)
    assert (done.status, done.json()["verdict"]) == (200, "passed")
    assert project.gate(gate["commit"])["verdict"] == "passed"

    later = project.push({"shop.py": CLEAN})
    assert later["verdict"] == "passed"
    (waived,) = project.review(later)["findings"]
    assert (waived["standing"], waived["waiver"]["reason"]) == ("waived", "known and watched")
    assert "known and watched" in page(server, f"/reviews/{later['review_id']}").text

    assert server.call("POST", f"/api/v1/waivers/{waived['waiver']['id']}/revoke").status == 200
    assert project.gate(gate["commit"])["verdict"] == "blocked"
    assert project.gate(later["commit"])["verdict"] == "blocked"
    (ended,) = server.call("GET", f"/api/v1/waivers?repository={urllib.parse.quote(project.name)}").json()["items"]
    assert ended["revoked_by"] == "admin"


def test_the_form_waives_without_javascript(server: Server, tmp_path: Path) -> None:
    project = Project(server, tmp_path / "work")
    gate = project.push({"orders.py": INJECTION})
    url = f"/reviews/{gate['review_id']}"
    (mark,) = re.findall(r'name="fingerprint" value="(\w+)"', page(server, url).text)
    form = urllib.parse.urlencode({"fingerprint": mark, "reason": "known", "days": "7"}).encode()
    kind = {"Content-Type": "application/x-www-form-urlencoded", **PAGE}
    done = server.call("POST", f"{url}/waive", body=form, headers=kind)
    assert (done.status, done.headers["Location"]) == (303, url)
    shown = page(server, url).text
    assert "Passed: 1 finding, waived" in shown
    (action,) = re.findall(rf'action="({url}/waivers/\d+/revoke)"', shown)
    assert server.call("POST", action, body=b"", headers=kind).status == 303
    assert project.gate(gate["commit"])["verdict"] == "blocked"


def test_a_waiver_of_elsewhere_is_not_found_here(server: Server, tmp_path: Path, blocked: dict[str, object]) -> None:
    project = Project(server, tmp_path / "work")
    gate = project.push({"orders.py": INJECTION})
    project.waive(gate, all=True)
    (waiver,) = server.call("GET", f"/api/v1/waivers?repository={urllib.parse.quote(project.name)}").json()["items"]
    done = server.call("POST", f"/reviews/{blocked['review_id']}/waivers/{waiver['id']}/revoke", body=b"",
                       headers={"Content-Type": "application/x-www-form-urlencoded"})
    assert done.status == 404
    assert project.gate(gate["commit"])["verdict"] == "passed"


def test_home_and_search_know_reviews(server: Server, project: Project, blocked: dict[str, object]) -> None:
    link = f"/reviews/{blocked['review_id']}"
    assert link in page(server, "/").text
    assert link in page(server, f"/search?q={str(blocked['commit'])[:12]}").text
    assert link in page(server, "/search?q=sell").text


def test_sarif_tells_what_was_waived(server: Server, tmp_path: Path) -> None:
    project = Project(server, tmp_path / "work")
    gate = project.push({"orders.py": INJECTION, "broken.py": "def f(:\n"})
    project.waive(gate, all=True)
    answer = server.call("GET", f"/api/v1/reviews/{gate['review_id']}?format=sarif")
    assert answer.headers["Content-Type"] == "application/sarif+json"
    run = answer.json()["runs"][0]
    (result,) = run["results"]
    assert result["suppressions"] == [{"kind": "external", "status": "accepted", "justification": "known and watched"}]
    assert result["baselineState"] == "new"
    assert run["versionControlProvenance"][0]["revisionId"] == gate["commit"]
    assert run["invocations"][0]["executionSuccessful"] is False


def test_the_api_describes_reviews(server: Server) -> None:
    described = json.loads(server.call("GET", "/api/v1/openapi.json").body)["paths"]
    assert {"/api/v1/reviews", "/api/v1/reviews/{review_id}/waive"} <= set(described)
