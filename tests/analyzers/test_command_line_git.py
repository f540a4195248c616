"""`lockgate review` as a pre-commit hook, over a whole history, and with baselines of known secrets."""

import json
from pathlib import Path

import pytest
from detect_secrets.core.baseline import load, load_from_file

from tests.analyzers.test_command_line import CLEAN, INJECTION, git, lockgate

PASSWORD = "tulip-44-rain"
SETTINGS = f"[db]\npassword = {PASSWORD}\n"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    git(tmp_path, "init", "-q", "-b", "main")
    (tmp_path / "app.py").write_text(INJECTION)
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-q", "-m", "First")
    return tmp_path


def test_the_hook_looks_at_what_is_staged(tree):
    (tree / "app.py").write_text(INJECTION + "\n# more\n")
    (tree / "more.py").write_text(INJECTION)
    git(tree, "add", "app.py")
    assert lockgate("--hook", cwd=tree).returncode == 0, "what HEAD has is not new, and what is not staged does not count"
    git(tree, "add", "more.py")
    (tree / "more.py").write_text(CLEAN)
    done = lockgate("--hook", cwd=tree)
    assert done.returncode == 1
    assert "more.py:5:5" in done.stdout
    assert "os.system('ls ' + name)" in done.stdout


def test_the_hook_refuses_a_staged_secret(tree):
    (tree / "config.ini").write_text(SETTINGS)
    git(tree, "add", ".")
    assert lockgate("--hook", cwd=tree).returncode == 1


def test_the_first_commit_can_be_hooked(tmp_path):
    git(tmp_path, "init", "-q")
    (tmp_path / "config.ini").write_text(SETTINGS)
    git(tmp_path, "add", ".")
    assert lockgate("--hook", cwd=tmp_path).returncode == 1


def test_history_holds_what_was_taken_away(tree):
    (tree / "config.ini").write_text(SETTINGS)
    git(tree, "add", ".")
    git(tree, "commit", "-q", "-m", "Settings")
    (tree / "config.ini").unlink()
    git(tree, "commit", "-qam", "No settings")
    done = lockgate("--history", "--format", "json", cwd=tree)
    assert done.returncode == 1
    [found] = json.loads(done.stdout)["findings"]
    assert (found["path"], found["line"], found["secret_hash"], found["secret_sha1"]) == ("config.ini", 2, "", "")
    git(tree, "reset", "-q", "--hard", "HEAD~2")
    git(tree, "reflog", "expire", "--expire=now", "--all")
    assert lockgate("--history", cwd=tree).returncode == 1, "no ref reaches it, and it is still there"


def test_history_reaches_the_end_of_a_large_file(tree):
    (tree / "dump.ini").write_text("colour = blue\n" * 100_000 + SETTINGS)
    git(tree, "add", ".")
    git(tree, "commit", "-q", "-m", "A dump")
    done = lockgate("--history", "--format", "json", cwd=tree)
    [found] = json.loads(done.stdout)["findings"]
    assert (found["path"], found["line"]) == ("dump.ini", 100_002)


def test_a_baseline_is_written_and_known_again(tree):
    (tree / "config.ini").write_text(SETTINGS)
    lockgate("config.ini", "--write-baseline", ".secrets.baseline", cwd=tree)
    assert PASSWORD not in (tree / ".secrets.baseline").read_text()
    loaded = load(load_from_file(str(tree / ".secrets.baseline")), ".secrets.baseline")
    assert [(name, secret.line_number) for name, secret in loaded] == [("config.ini", 2)]
    assert lockgate("config.ini", "--baseline", ".secrets.baseline", cwd=tree).returncode == 0
    (tree / "config.ini").write_text(SETTINGS + f"api_token = k3Tz9{PASSWORD}Qp\n")
    assert lockgate("config.ini", "--baseline", ".secrets.baseline", cwd=tree).returncode == 1


@pytest.mark.parametrize(("content", "says"), [("{}", "not a baseline"), ("no", "not a baseline"), (None, "No such file")])
def test_a_broken_baseline_ends_with_2(tree, content, says):
    if content is not None:
        (tree / "b.json").write_text(content)
    done = lockgate(".", "--baseline", "b.json", cwd=tree)
    assert done.returncode == 2
    assert says in done.stderr


@pytest.mark.parametrize("form", ["gitlab-sast", "gitlab-codequality", "sonar"])
def test_other_services_forms_come_out(tree, form):
    done = lockgate("app.py", "--format", form, cwd=tree)
    assert done.returncode == 1
    assert "app.py" in json.dumps(json.loads(done.stdout))


def test_gitlab_gets_secrets_of_a_tree(tree):
    (tree / "config.ini").write_text(SETTINGS)
    done = lockgate(".", "--format", "gitlab-secrets", cwd=tree)
    [one] = json.loads(done.stdout)["vulnerabilities"]
    assert (one["location"]["file"], one["location"]["start_line"]) == ("config.ini", 2)


def test_every_file_left_out_is_told(tree):
    (tree / ".lockgate.yml").write_text("review:\n  exclude: ['made/']\n")
    (tree / "made").mkdir()
    for number in range(12):
        (tree / f"made/m{number:02}.py").write_text(INJECTION)
    (tree / "picture.bin").write_bytes(b"a\0b")
    (tree / "link.py").symlink_to("/etc/passwd")
    (tree / "broken.py").write_text("def f(:\n")
    (tree / "large.txt").write_text("x\n" * 600_000)
    git(tree, "init", "-q", "other")
    git(tree / "other", "commit", "-q", "--allow-empty", "-m", "Other")
    git(tree, "add", "-A")
    text = lockgate(".", cwd=tree).stdout
    for told in ("made/m00.py: excluded by `made/`", "2 more: excluded by `made/`", "link.py: a symbolic link", "other: a submodule",
                 "picture.bin: binary, not text", "broken.py:1: not valid Python", "large.txt: not reviewed: larger than", "15 left out"):
        assert told in text
    told = json.loads(lockgate(".", "--format", "json", cwd=tree).stdout)
    assert len([one for one in told["skipped"] if one["reason"] == "excluded"]) == 12
    assert {one["reason"] for one in told["skipped"]} == {"excluded", "link", "submodule", "binary"}
    assert (told["files"], told["metered"]) == (4, 6), "code of app.py and .lockgate.yml"
