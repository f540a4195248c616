"""`lockgate review` as people call it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

CLEAN = "def add(a, b):\n    return a + b\n"
LEAK = "def read(path):\n    file = open(path)\n    return file.read()\n"
INJECTION = "import os\n\n\ndef run(name):\n    os.system('ls ' + name)\n"


def lockgate(*arguments, cwd):
    command = Path(sys.executable).with_name("lockgate")
    return subprocess.run([command, "review", *arguments], cwd=cwd, capture_output=True, text=True, timeout=100)


def git(folder, *arguments):
    names = {"GIT_AUTHOR_NAME": "Ann", "GIT_AUTHOR_EMAIL": "ann@acme.test", "GIT_COMMITTER_NAME": "Ann",
             "GIT_COMMITTER_EMAIL": "ann@acme.test", "GIT_CONFIG_GLOBAL": os.devnull}  # fmt: skip
    subprocess.run(["git", *arguments], cwd=folder, check=True, capture_output=True, env={**os.environ, **names})


@pytest.fixture
def tree(tmp_path):
    git(tmp_path, "init", "-q", "-b", "main")
    (tmp_path / "app.py").write_text(INJECTION)
    (tmp_path / ".gitignore").write_text("build/\n")
    (tmp_path / "build").mkdir()
    (tmp_path / "build" / "made.py").write_text(INJECTION)
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-q", "-m", "First")
    return tmp_path


def test_a_clean_folder_ends_with_0(tmp_path):
    (tmp_path / "a.py").write_text(CLEAN)
    done = lockgate(".", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert "0 findings in 1 file, 2 lines" in done.stdout


def test_a_sin_ends_with_1_and_is_shown(tree):
    done = lockgate(".", cwd=tree)
    assert done.returncode == 1
    assert "app.py:5:5  high  shell-injection · CWE-78" in done.stdout
    assert "os.system('ls ' + name)" in done.stdout
    assert "made.py" not in done.stdout


def test_the_level_decides_the_exit_code(tmp_path):
    (tmp_path / "a.py").write_text(LEAK)
    codes = [lockgate(".", "--fail-on", level, cwd=tmp_path).returncode for level in ("high", "medium", "never")]
    assert codes == [0, 1, 0]


def test_only_what_the_base_lacks_counts(tree):
    (tree / "app.py").write_text("# a line above\n" + INJECTION)
    done = lockgate(".", "--base", "HEAD", cwd=tree)
    assert (done.returncode, "not new" in done.stdout) == (0, True)
    (tree / "more.py").write_text(INJECTION)
    again = lockgate(".", "--base", "HEAD", "--format", "json", cwd=tree)
    assert again.returncode == 1
    assert [(f["path"], f["new"]) for f in json.loads(again.stdout)["findings"]] == [("more.py", True), ("app.py", False)]


def test_a_moved_file_brings_nothing_new(tree):
    git(tree, "mv", "app.py", "tool.py")
    assert lockgate(".", "--base", "HEAD", cwd=tree).returncode == 0


def test_sarif_comes_out_as_json(tree):
    done = lockgate("app.py", "--format", "sarif", cwd=tree)
    assert json.loads(done.stdout)["runs"][0]["results"][0]["ruleId"] == "shell-injection"


def test_a_secret_is_never_printed(tmp_path):
    (tmp_path / "settings.py").write_text('password = "tulip-44-rain"\n')
    for form in ("text", "json", "sarif"):
        done = lockgate(".", "--format", form, cwd=tmp_path)
        assert done.returncode == 1
        assert "tulip" not in done.stdout


def test_own_rules_join_in(tree, tmp_path_factory):
    folder = tmp_path_factory.mktemp("rules")
    (folder / "shout.py").write_text(
        'from analyzers.rule import Rule\n\n\nclass NoShouting(Rule):\n    """Names do not shout."""\n'
        '    severity = "info"\n\n    def visit_Name(self, node):\n        if node.value == "LOUD":\n'
        "            self.report(node)\n"
    )
    (tree / "app.py").write_text("LOUD = 1\n")
    done = lockgate(".", "--rules", str(folder), "--fail-on", "info", cwd=tree)
    assert done.returncode == 1
    assert "no-shouting" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("missing",), "does not exist"),
        ((".", "--base", "nowhere"), "git knows no commit 'nowhere' here"),
        ((".", "--fail-on", "awful"), "awful"),
    ],
)
def test_a_wrong_call_ends_with_2(tree, arguments, says):
    done = lockgate(*arguments, cwd=tree)
    assert done.returncode == 2
    assert says in done.stderr


def test_broken_settings_end_with_2(tree):
    (tree / ".lockgate.yml").write_text("review:\n  exlude: [a]\n")
    done = lockgate(".", cwd=tree)
    assert done.returncode == 2
    assert ".lockgate.yml:2: unknown key `review.exlude`; did you mean `exclude`?" in done.stderr


def test_a_base_needs_git(tmp_path):
    done = lockgate(".", "--base", "HEAD", cwd=tmp_path)
    assert done.returncode == 2
    assert "needs a git work tree" in done.stderr


def test_a_terminal_is_not_steered_by_sources(tmp_path):
    (tmp_path / "a.py").write_bytes(b"import os\nos.system(x + '\x1b[2J')\n")
    done = lockgate(".", cwd=tmp_path)
    assert done.returncode == 1
    assert "\x1b" not in done.stdout


def test_data_flow_is_told_across_files(tmp_path: Path) -> None:
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop/base.py").write_text("import os\n\n\ndef run(line):\n    os.system('ls ' + line)\n")
    (tmp_path / "app.py").write_text("from flask import request\nfrom shop.base import run\n\n\ndef page():\n    run(request.args['a'])\n")
    done = lockgate(str(tmp_path), cwd=tmp_path)
    assert done.returncode == 1
    assert "app.py:6:5  high  shell-injection" in done.stdout
    assert "shop/base.py:5  `system` gets it" in done.stdout


def test_rules_are_tested_by_their_own_examples(tmp_path: Path) -> None:
    rule = (
        "import libcst as cst\nfrom analyzers.rule import Rule\n\n\nclass NoPrint(Rule):\n"
        "    '''Printing is for programs.'''\n    calls = ('builtins.print',)\n    invalid = ('print(1)', 'log(1)')\n    valid = ('log(2)',)\n\n"
        "    def visit_Call(self, node: cst.Call) -> None:\n        self.report(node)\n"
    )
    (tmp_path / "no_print.py").write_text(rule)
    done = lockgate("--rules", str(tmp_path), "--test-rules", cwd=tmp_path)
    assert done.returncode == 1
    assert "no-print: finds nothing in invalid example 2" in done.stdout
    (tmp_path / "no_print.py").write_text(rule.replace(", 'log(1)'", ","))
    assert lockgate("--rules", str(tmp_path), "--test-rules", cwd=tmp_path).returncode == 0


VISITORS = '''
import libcst as cst
from libcst.metadata import PositionProvider, QualifiedNameProvider

from analyzers.visitors import Visitor


class NoPrint(Visitor):
    """Printing is for programs.

    Fix: log it.
    """
    METADATA_DEPENDENCIES = (QualifiedNameProvider, PositionProvider)
    severity = "high"
    invalid = ("print(1)",)
    valid = ("from log import print\\nprint(2)",)

    def visit_Call(self, node: cst.Call) -> None:
        names = {one.name for one in self.get_metadata(QualifiedNameProvider, node.func)}
        if "builtins.print" in names:
            line = self.get_metadata(PositionProvider, node).start.line
            self.report(node, f"line {line} prints")


class Slow(Visitor):
    """Never done."""
    seconds_per_file_max = 0.05

    def visit_Name(self, node: cst.Name) -> None:
        self.report(node)
        for number in range(1_000_000):
            pass


class Wrong(Visitor):
    """Breaks."""

    def leave_Module(self, original_node: cst.Module) -> None:
        raise KeyError("no such thing")
'''


def test_libcst_visitors_join_in_with_a_budget(tmp_path: Path) -> None:
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules/own.py").write_text(VISITORS)
    (tmp_path / "src").mkdir()
    (tmp_path / "src/app.py").write_text("import os\n\nprint(os)  \nfirst = second = third = fourth = os\n" + "fifth = sixth = os\n" * 50)
    done = lockgate("src", "--rules", "rules", cwd=tmp_path)
    assert done.returncode == 1, done.stderr
    assert "app.py:3:1  high  no-print" in done.stdout
    assert "line 3 prints" in done.stdout
    assert "the rule slow failed here: it took longer than its budget of 0.05 s and was stopped" in done.stdout
    assert "the rule wrong failed here: KeyError: 'no such thing'" in done.stdout
    assert {line.split(":")[0] for line in done.stderr.splitlines()} == {"rule no-print", "rule slow", "rule wrong"}
    tested = lockgate("--rules", "rules", "--test-rules", cwd=tmp_path)
    assert "no-print: finds" not in tested.stdout
    assert "slow: needs examples of both kinds" in tested.stdout


def test_nothing_under_review_is_ever_run(tmp_path: Path) -> None:
    marker = tmp_path / "ran"
    (tmp_path / "tree/analyzers").mkdir(parents=True)
    (tmp_path / "rules").mkdir()
    names = ("analyzers/__init__.py", "analyzers/child.py", "sitecustomize.py", "argparse.py", "json.py", "libcst.py", "conftest.py", "setup.py")
    for name in names:
        (tmp_path / "tree" / name).write_text(f"open({str(marker)!r}, 'w')\n")
    done = lockgate(".", "--format", "json", "--fail-on", "never", cwd=tmp_path / "tree")
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["files"] == len(names)
    assert lockgate("--rules", "../rules", "--test-rules", cwd=tmp_path / "tree").returncode == 1
    assert not marker.exists()


PLAIN = '''
import libcst as cst


class FixitLike(cst.BatchableCSTVisitor):
    MESSAGE = "Do not print."
    INVALID = ["print(1)"]
    VALID = ["log(1)"]

    def visit_Call(self, node):
        if isinstance(node.func, cst.Name) and node.func.value == "print":
            self.report(node, replacement=node.with_changes(func=cst.Name("log")))


class OnlyTop(cst.CSTVisitor):
    """Functions at the top."""

    def __init__(self):
        super().__init__()
        self.seen = 0

    def visit_FunctionDef(self, node):
        self.report(node.name, f"{node.name.value} is a function")
        return False


class Counts(cst.BatchableCSTVisitor):
    def visit_Name(self, node):
        self.count = 1


class Changes(cst.CSTTransformer):
    def leave_Name(self, original_node, updated_node):
        return updated_node
'''


def test_plain_visitors_run_or_are_told_of(tmp_path: Path) -> None:
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules/own.py").write_text(PLAIN)
    (tmp_path / "src").mkdir()
    (tmp_path / "src/app.py").write_text("def top():\n    def inner():\n        print(1)\n")
    for _ in range(2):
        done = lockgate("src", "--rules", "rules", "--format", "json", "--fail-on", "never", cwd=tmp_path)
        report = json.loads(done.stdout)
        own = {one["rule"]: one for one in report["findings"] if one["rule"] in ("fixit-like", "only-top")}
        assert (own["fixit-like"]["message"], own["fixit-like"]["line"], own["fixit-like"]["mend"]["text"]) == ("Do not print.", 3, "log(1)")
        assert own["only-top"]["message"] == "top is a function"
        told = [(one["path"], one["line"], one["message"].split(":")[0]) for one in report["diagnostics"]]
        place = str(tmp_path / "rules/own.py")
        assert told == [(place, 32, "the class Changes is not run"), (place, 27, "the class Counts is not run")]
    tested = lockgate("--rules", "rules", "--test-rules", cwd=tmp_path)
    assert "own.py:27: the class Counts is not run: it never calls `self.report(node, message)`" in tested.stdout
    assert "fixit-like" not in tested.stdout


def test_settings_accept_findings_by_rule_and_path(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "a.json").write_text('{"password": "tulip-44-rain"}\n')
    (tmp_path / "a.json").write_text('{"password": "tulip-44-rain"}\n')
    entry = '    - rules: ["secret-*"]\n      paths: [{path}]\n      reason: made up for the tests\n'
    (tmp_path / ".lockgate.yml").write_text("review:\n  accept:\n" + entry.format(path="/data/") + entry.format(path="/none/"))
    done = lockgate(".", "--format", "json", cwd=tmp_path)
    told = json.loads(done.stdout)
    assert [one["path"] for one in told["findings"]] == ["a.json"]
    assert [(one["finding"]["path"], one["reason"], one["entry"]) for one in told["suppressed"]] == [("data/a.json", "made up for the tests", 1)]
    assert [one["message"] for one in told["diagnostics"]] == [
        "entry 2 of `review: accept:` (secret-* in /none/) silences nothing; remove it"
    ]
