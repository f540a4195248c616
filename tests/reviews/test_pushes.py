"""Stories of pushes: the real git pushes to a real server, and the gate says what it thinks."""

import os
from pathlib import Path

import pytest

from tests.lockgate_server import Server, wait_for
from tests.reviews.project import CLEAN, CREDENTIAL, INJECTION, LEAK, MEDIUM, Project


@pytest.fixture
def project(server: Server, tmp_path: Path) -> Project:
    return Project(server, tmp_path / "work")


def test_three_sins_block_and_their_fix_passes(project: Project) -> None:
    sins = {".lockgate.yml": MEDIUM, "shop/orders.py": CLEAN + "\n\n" + INJECTION, "shop/settings.py": CREDENTIAL, "shop/files.py": LEAK}
    gate = project.push(sins)
    assert gate["verdict"] == "blocked"
    assert gate["reasons"][0].startswith("3 of 3 findings are new and")
    found = {(one["path"], one["line"]): one for one in project.review(gate)["findings"]}
    assert set(found) == {("shop/orders.py", 10), ("shop/settings.py", 1), ("shop/files.py", 2)}
    assert found["shop/orders.py", 10]["cwe"] == 89
    assert found["shop/settings.py", 1]["cwe"] in (259, 798)
    assert found["shop/files.py", 2]["severity"] == "medium"
    assert all(one["new"] and one["why"] and one["fix"] for one in found.values())

    fix = {"shop/orders.py": CLEAN, "shop/settings.py": "import os\n\nDATABASE_PASSWORD = os.environ['DATABASE_PASSWORD']\n",
           "shop/files.py": "def read(path):\n    with open(path) as file:\n        return file.read()\n"}
    assert project.push(fix)["verdict"] == "passed"


def test_an_empty_commit_does_not_open_the_gate(project: Project) -> None:
    passed = project.push({"shop.py": CLEAN})
    blocked = project.push({"shop.py": CLEAN + "\n\n" + INJECTION})
    empty = project.push({}, "Nothing")
    assert [gate["verdict"] for gate in (passed, blocked, empty)] == ["passed", "blocked", "blocked"]
    assert project.review(empty)["base_commit"] == passed["commit"]


def test_what_passed_before_does_not_block(project: Project) -> None:
    project.push({".lockgate.yml": "gate:\n  block_at: never\n", "legacy.py": INJECTION})
    gate = project.push({".lockgate.yml": MEDIUM, "shop.py": CLEAN})
    assert gate["verdict"] == "passed"
    assert [one["standing"] for one in project.review(gate)["findings"]] == ["old"]


def test_lines_that_move_bring_nothing_new(project: Project) -> None:
    project.push({".lockgate.yml": "gate:\n  block_at: never\n", "legacy.py": INJECTION})
    gate = project.push({".lockgate.yml": MEDIUM, "legacy.py": "import os\n\n\n" + INJECTION + "\n\nprint(os.name)\n"})
    assert gate["verdict"] == "passed"


def test_a_file_that_moves_brings_nothing_new(project: Project) -> None:
    legacy = INJECTION + "\n\n" + CLEAN * 3
    project.push({".lockgate.yml": "gate:\n  block_at: never\n", "legacy.py": legacy})
    gate = project.push({".lockgate.yml": MEDIUM, "legacy.py": None, "old/legacy.py": "import os\n" + legacy})
    assert gate["verdict"] == "passed", gate["reasons"]


def test_a_merge_is_not_blamed_for_either_side(project: Project) -> None:
    project.push({"shop.py": CLEAN})
    project.git("checkout", "-q", "-b", "side")
    assert project.push({".lockgate.yml": "gate:\n  block_at: never\n", "side.py": INJECTION}, ref="side")["verdict"] == "passed"
    project.git("checkout", "-q", "main")
    assert project.push({"main.py": CLEAN})["verdict"] == "passed"
    project.git("merge", "-q", "--no-ff", "-m", "Merge", "side")
    assert project.push({".lockgate.yml": MEDIUM})["verdict"] == "passed"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("gate:\n  blockat: medium\n", ".lockgate.yml:2: unknown key `gate.blockat`; did you mean `block_at`?"),
        ("review:\n  exclud: []\n", ".lockgate.yml:2: unknown key `review.exclud`; did you mean `exclude`?"),
        ("gate: [\n", "not YAML"),
    ],
)
def test_broken_settings_block_with_their_line(project: Project, content: str, said: str) -> None:
    gate = project.push({".lockgate.yml": content, "shop.py": CLEAN})
    assert gate["verdict"] == "blocked"
    assert len(gate["reasons"]) == 1
    assert said in gate["reasons"][0]


def test_a_file_that_cannot_be_parsed_blocks(project: Project) -> None:
    gate = project.push({"shop.py": CLEAN, "broken.py": "def f(:\n"})
    assert gate["verdict"] == "blocked"
    assert "1 Python file is new and cannot be reviewed" in gate["reasons"][0]
    assert project.review(gate)["diagnostics"][0]["path"] == "broken.py"

    allowed = project.push({".lockgate.yml": "gate:\n  unparsable_files: allow\n"})
    assert allowed["verdict"] == "passed"
    assert project.push({".lockgate.yml": None})["verdict"] == "passed", "it could not be parsed before either"


def test_excluded_files_are_not_reviewed(project: Project) -> None:
    gate = project.push({".lockgate.yml": "review:\n  exclude: [vendored/]\n", "vendored/old.py": INJECTION})
    assert gate["verdict"] == "passed"
    assert project.review(gate)["counts"]["files"] == 1


def test_a_silenced_finding_is_shown_but_passes(project: Project) -> None:
    silenced = INJECTION.replace('\'")\n', '\'")  # lockgate: ignore[sql-injection] the name is checked by the caller\n')
    gate = project.push({"shop.py": silenced})
    assert gate["verdict"] == "passed", gate["reasons"]
    told = project.review(gate)
    assert [(one["standing"], one["suppression"]) for one in told["findings"]] == [("suppressed", "the name is checked by the caller")]


def test_only_changed_files_are_read_again(project: Project) -> None:
    project.push({f"shop/part{number}.py": CLEAN for number in range(9)})
    gate = project.push({"shop/part3.py": CLEAN + "\n# changed\n"})
    counts = project.review(gate)["counts"]
    assert (counts["files"], counts["analysed"]) == (9, 1)


def test_tags_and_deleted_branches_are_not_reviewed(project: Project) -> None:
    project.push({"shop.py": CLEAN})
    project.git("push", "-q", "origin", "HEAD:refs/heads/other")
    project.git("push", "-q", "origin", ":refs/heads/other")
    tagged = project.commit({"shop.py": CLEAN + "\n# tagged\n"})
    project.git("push", "-q", "origin", "HEAD:refs/tags/v1")
    project.push({"shop.py": CLEAN + "\n# later\n"})
    assert project.ask(tagged).status == 404


def test_every_branch_is_reviewed(project: Project) -> None:
    assert project.push({"shop.py": INJECTION}, ref="feature/x")["verdict"] == "blocked"


def test_strange_files_do_not_stop_a_review(project: Project) -> None:
    (project.folder / "link.py").symlink_to("/etc/passwd")
    files: dict[str, str | bytes | None] = {
        "picture.png": b"\x89PNG\0\0" * 100, "empty.py": b"", "latin.txt": "prix: 3 \xa4".encode("latin-1"),
        "large.sql": b"-- x\n" * 400_000, "a b/\N{SNOWMAN}.py": CLEAN, "nul.txt": b"a\0b",
    }
    gate = project.push(files)
    assert gate["verdict"] == "passed", gate["reasons"]
    assert any("large.sql" in told["path"] for told in project.review(gate)["diagnostics"])


def test_a_file_name_that_is_no_text_is_reviewed(project: Project) -> None:
    (project.folder / "x").mkdir()
    (project.folder / "x" / os.fsdecode(b"caf\xe9.py")).write_text(INJECTION)
    gate = project.push({})
    assert gate["verdict"] == "blocked"
    assert project.review(gate)["findings"][0]["path"] == r"x/caf\xe9.py"


def test_a_killed_worker_leaves_no_review_undone(fresh_server: Server, tmp_path: Path) -> None:
    project = Project(fresh_server, tmp_path / "work")
    files: dict[str, str | bytes | None] = {f"part{number}.py": CLEAN + f"# {number}\n" + INJECTION for number in range(40)}
    commit = project.commit(files)
    project.git("push", "-q", "origin", "HEAD:refs/heads/main")
    wait_for(lambda: project.ask(commit).status == 200, 60, "the review began")
    fresh_server.kill("worker")
    gate = project.gate(commit)
    assert gate["verdict"] == "blocked"
    assert project.review(gate)["counts"]["findings"] == 40
    listed = fresh_server.call("GET", f"/api/v1/reviews?repository={project.name}").json()["items"]
    assert len(listed) == 1


def test_a_review_that_cannot_run_blocks(fresh_server: Server, tmp_path: Path) -> None:
    project = Project(fresh_server, tmp_path / "work")
    worker = fresh_server.suspend_worker()
    commit = project.commit({"shop.py": CLEAN})
    project.git("push", "-q", "origin", "HEAD:refs/heads/main")
    (folder,) = (fresh_server.data / "git").glob("*/*.git")
    for loose in (folder / "objects").rglob("*"):
        if loose.is_file():
            loose.unlink()
    worker.resume()
    gate = project.gate(commit)
    assert (gate["state"], gate["verdict"]) == ("failed", "blocked")
    assert "The review failed" in gate["reasons"][0]


WEB = """from flask import Flask, request
import files
from names import tidy

app = Flask(__name__)


@app.get("/file")
def file():
    return {"size": files.size(tidy(request.args["name"]))}
"""
FILES = "def size(name):\n    with open('/srv/files/' + name) as file:\n        return len(file.read())\n"
KNOWN = "KNOWN = {'one': 'one.txt', 'two': 'two.txt'}\n\n\ndef tidy(name):\n    return KNOWN[name]\n"
ANY = "def tidy(name):\n    return name.strip()\n"


def test_a_value_is_followed_through_other_files(server: Server, tmp_path: Path) -> None:
    """Also when only the file between source and sink changes: what was kept for the other two counts no more."""
    project = Project(server, tmp_path / "work")
    gate = project.push({"web.py": WEB, "files.py": FILES, "names.py": KNOWN})
    assert gate["verdict"] == "passed"
    gate = project.push({"names.py": ANY})
    assert gate["verdict"] == "blocked"
    [found] = [one for one in project.review(gate)["findings"] if one["rule"] == "path-traversal"]
    assert found["path"] == "web.py"
    assert project.push({"names.py": KNOWN})["verdict"] == "passed"
    gate = project.push({"names.py": None, "lib/names.py": ANY})
    assert gate["verdict"] == "blocked"


def test_a_change_costs_who_follows_it_and_nobody_else(server: Server, tmp_path: Path) -> None:
    project = Project(server, tmp_path / "work")
    web = "from flask import request\nfrom base import run\n\n\ndef page():\n    run(request.args['a'])\n"
    project.push({"base.py": "def run(name):\n    return name\n", "quiet.py": "from base import run\n\nrun(input())\n", "web.py": web})
    gate = project.push({"base.py": "import os\n\n\ndef run(name):\n    os.system(name)\n"})
    review = project.review(gate)
    assert review["counts"]["analysed"] == 2, "the file itself and the page"
    assert ("shell-injection", "web.py") in {(one["rule"], one["path"]) for one in review["findings"]}
    gate = project.push({"base.py": "import os\n\nfrom flask import request\n\n\ndef run(name):\n    os.system(name)\n"})
    assert project.review(gate)["counts"]["analysed"] == 3, "now it speaks of requests, so an import of it is followed"
