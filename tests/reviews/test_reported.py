"""What a review tells besides its findings: files left out, metered lines, mends and other services' forms, models to commit."""

import html
import json
import os
import re
from pathlib import Path

import pytest

from tests.lockgate_server import Server
from tests.reviews.project import CLEAN, Project

PAGE = """import os

from flask import request
from shop.text import tidy


def page(count=None):
    # what is asked for
    if count == None:
        count = 1

    os.system("ls " + tidy(request.args["a"]))
"""
TIDY = "import tidying\n\n\ndef tidy(text):\n    return tidying.clean(text)\n"
METERED = 7 + 3
"""Lines of code in PAGE and TIDY."""


@pytest.fixture
def project(server: Server, tmp_path: Path) -> Project:
    return Project(server, tmp_path / "work")


def test_a_review_tells_what_it_left_out(project: Project) -> None:
    (project.folder / "link.py").symlink_to("/etc/passwd")
    (project.folder / "other").mkdir()
    project.git("update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},other")
    files: dict[str, str | bytes | None] = {
        ".lockgate.yml": "review:\n  exclude: ['made/']\n", "made/a.py": "def f(:\n", "picture.bin": b"a\0b", "shop.py": CLEAN,
        os.fsdecode(b"caf\xe9.bin"): b"\0",
    }
    gate = project.push(files)
    assert gate["verdict"] == "passed"
    review = project.review(gate)
    assert [(one["path"], one["reason"]) for one in review["skipped"]] == [
        ("caf\\xe9.bin", "binary"), ("link.py", "link"), ("made/a.py", "excluded"), ("other", "submodule"), ("picture.bin", "binary"),
    ]
    assert (review["counts"]["skipped"], review["counts"]["files"], review["diagnostics"]) == (5, 2, [])
    call = project.server.call
    page = call("GET", f"/reviews/{gate['review_id']}", headers={"Accept": "text/html"}).text
    assert "5 files not reviewed, each for a reason" in page
    assert "excluded by `made/`" in page
    log = call("GET", f"/api/v1/reviews/{gate['review_id']}?format=sarif").json()
    notes = log["runs"][0]["invocations"][0]["toolExecutionNotifications"]
    assert [one["descriptor"]["id"].removeprefix("left-out/") for one in notes] == [one["reason"] for one in review["skipped"]]
    again = project.review(project.push({"shop.py": CLEAN + "\n"}))
    assert again["skipped"] == review["skipped"], "kept results tell it too"


def test_a_line_is_metered_once(project: Project) -> None:
    call = project.server.call
    first = project.review(project.push({"app.py": PAGE, "shop/text.py": TIDY}))
    assert (first["verdict"], first["metered_lines"]) == ("blocked", METERED)
    project.git("mv", "app.py", "web.py")
    again = project.review(project.push({"web.py": PAGE.replace("    # what", "    more = [\n    ]\n\n    # what"), "b.bin": b"\0"}))
    assert again["metered_lines"] == 2, "the blocked ancestor counts, the move does not, nor do blanks"
    query = f"/api/v1/metered-lines?repository={project.name}"
    [month] = call("GET", query).json()["items"]
    assert (month["reviews"], month["lines"]) == (2, METERED + 2)
    assert call("GET", f"{query}&since=2001-02&until=2001-03").json()["items"] == []
    assert call("GET", f"{query}&since=May").status == 400
    stranger = project.server.new_account(f"meter-{project.name[-10:]}", [])
    assert call("GET", query, token=stranger).json()["items"] == []
    assert project.name in call("GET", "/reviews/metered", headers={"Accept": "text/html"}).text


def test_the_cells_of_a_notebook_are_metered_and_shown(project: Project) -> None:
    def notebook(*lines: str, picture: str) -> str:
        output = {"output_type": "display_data", "data": {"image/png": picture}, "metadata": {}}
        cell = {"cell_type": "code", "source": [f"{one}\n" for one in lines], "outputs": [output], "metadata": {}, "execution_count": 1}
        return json.dumps({"cells": [cell], "metadata": {"kernelspec": {"language": "python"}}, "nbformat": 4}, indent=1)

    gate = project.push({"study.ipynb": notebook("import os", "os.system(input())", picture="iVBO" * 400_000)})
    review = project.review(gate)
    assert (review["metered_lines"], review["counts"]["files"]) == (2, 1)
    [told] = review["diagnostics"]
    assert "long texts among its outputs" in told["message"]
    [found] = [one for one in review["findings"] if one["rule"] == "shell-injection"]
    assert found["message"].endswith("(cell 1, line 2)")
    page = project.server.call("GET", f"/reviews/{gate['review_id']}", headers={"Accept": "text/html"}).text
    assert "os.system(input())" in html.unescape(re.sub(r"<[^>]+>", "", page))
    more = notebook("import os", "", "# run again", "print(os.name)", "os.system(input())", picture="iVBP" * 400_000)
    assert project.review(project.push({"study.ipynb": more}))["metered_lines"] == 1, "not what running it changes, nor comments"


def test_mends_forms_and_models_come_from_the_server(project: Project) -> None:
    call = project.server.call
    gate = project.push({"app.py": PAGE, "shop/text.py": TIDY})
    shown = call("GET", f"/reviews/{gate['review_id']}", headers={"Accept": "text/html"}).text
    assert "<code>tidy</code>" in shown, "names of code are set as code, not between backticks"
    address = f"/api/v1/reviews/{gate['review_id']}"
    results = call("GET", f"{address}?format=sarif").json()["runs"][0]["results"]
    [mended] = [one for one in results if "fixes" in one]
    change = mended["fixes"][0]["artifactChanges"][0]["replacements"][0]
    assert (mended["ruleId"], change["insertedContent"]["text"], change["deletedRegion"]["startLine"]) == ("none-equality", "count is None", 9)
    assert any("codeFlows" in one for one in results)
    sast = call("GET", f"{address}?format=gitlab-sast").json()
    assert [one["name"] for one in sast["vulnerabilities"]] == ["shell injection"]
    secrets = call("GET", f"{address}?format=gitlab-secrets").json()
    assert (secrets["scan"]["type"], secrets["vulnerabilities"]) == ("secret_detection", []), "this commit holds no secret"
    assert call("GET", f"{address}?format=gitlab-codequality").json()[0]["location"]["path"] == "app.py"
    assert {one["ruleId"] for one in call("GET", f"{address}?format=sonar").json()["issues"]} == {"shell-injection", "none-equality"}
    assert call("GET", f"{address}?format=xml").status == 422
    page = call("GET", f"/reviews/{gate['review_id']}", headers={"Accept": "text/html"}).text
    assert "--treat-as sanitizer shop.text.tidy --kinds command" in page
    model = 'review:\n  models:\n    sanitizers:\n      - names: ["shop.text.tidy"]\n        kinds: ["command"]\n'
    assert model.replace('"', "&#34;") in page
    assert project.push({".lockgate.yml": model})["verdict"] == "passed", "as the page says"
    project.waive(gate, all=True)
    assert call("GET", f"{address}?format=sonar").json() == {"rules": [], "issues": []}
