"""What `lockgate review --treat-as` writes into `.lockgate.yml`, and what the next review says."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzers.lesson import ROLES, CannotTeach, lesson, snippet
from analyzers.options import read_options
from analyzers.teach import teach
from tests.analyzers.test_command_line import lockgate

APP = "import os\nfrom flask import request\nfrom shop.text import tidy\n\n\ndef page():\n    os.system('ls ' + tidy(request.args['a']))\n"
TIDY = "import tidying\n\n\ndef tidy(text):\n    return tidying.clean(text)\n"
KEPT = "# ours\nreview:   # what is looked at\n    exclude: [ 'docs/' ]  # prose\n\ngate:\n    block_at: high\n"
TEXTS = [
    None, b"", b"# nothing yet\n", KEPT.encode(), b"review:\n", b"gate: {block_at: high}\n", b"review: {exclude: [a]} # flow\n",
    b"review:\n  models: {sanitizers: [{names: [a.b], kinds: [xss]}]}\n", b"review:\n  models:\n    sanitizers: []\n",
    b"review:\n  models:\n    sanitizers:\n    # one\n    - names: [a.b]\n      kinds: [sql]  # only\n\n    # two\n    guards: [{names: [c.d], kinds: ['*']}]\n",
    b"review:\r\n  exclude: [a]\r\ngate:\r\n  block_at: low\r\n",
]  # fmt: skip


@pytest.fixture
def tree(tmp_path):
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop/text.py").write_text(TIDY)
    (tmp_path / "app.py").write_text(APP)
    return tmp_path


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("role", ROLES)
def test_other_lines_stay_as_they_are(text, role):
    new = lesson(role, "shop.text.tidy", () if role == "source" else ("sql",))
    written = teach(text, new).content
    models = read_options(written).models.document()
    assert any(set(new.entry["names"]) <= set(one["names"]) for one in models[role])
    if text is not None and b"{" not in text and b"[]" not in text:
        left = iter(written.splitlines())
        assert all(line in left for line in text.splitlines()), "the old lines are there, in their order"
    with pytest.raises(CannotTeach, match="already says so"):
        teach(written, new)


@settings(deadline=None)  # a busy machine is no fault
@given(st.lists(st.sampled_from(["sql", "xss", "path", "*"]), min_size=1, max_size=4))
def test_kinds_are_added_up(kinds):
    content = None
    for kind in dict.fromkeys(kinds):
        try:
            content = teach(content, lesson("sanitizer", "a.b", (kind,))).content
        except CannotTeach:
            assert "*" in kinds
    last = read_options(content).models.sanitizers[-1]
    assert "*" in last.kinds or set(kinds) == set(last.kinds)


def test_the_snippet_is_what_is_written():
    new = lesson("guard", "*.is_plain", ("sql", "xss"))
    assert teach(None, new).content.decode() == snippet(new)


@pytest.mark.parametrize(
    ("role", "name", "kinds", "says"),
    [
        ("sanitizer", "a b", (), "no full name"), ("sanitizer", "a.b]\n  - evil", (), "no full name"), ("sink", "a.b", (), "one kind"),
        ("sink", "a.b", ("*",), "no kind of sink"), ("guard", "a.b", ("sqll",), "no kind of sink 'sqll'"), ("source", "a.b", ("sql",), "has no kinds"),
    ],
)  # fmt: skip
def test_a_wrong_lesson_is_told(role, name, kinds, says):
    with pytest.raises(CannotTeach, match=says):
        lesson(role, name, kinds)


def test_a_finding_teaches_its_function(tree):
    (tree / ".lockgate.yml").write_text(KEPT)
    found = json.loads(lockgate(".", "--format", "json", cwd=tree).stdout)["findings"]
    [one] = [each for each in found if each["rule"] == "shell-injection"]
    assert {step["function"] for step in one["steps"]} == {"", "shop.text.tidy", "tidying.clean"}
    assert f"--treat-as sanitizer {one['fingerprint'][:12]}" in lockgate(".", cwd=tree).stdout
    done = lockgate(".", "--treat-as", "sanitizer", one["fingerprint"][:12], cwd=tree)
    assert done.returncode == 0, done.stderr
    assert '- names: ["shop.text.tidy"]' in done.stdout
    assert "app.py:7: shell-injection is no longer found" in done.stdout
    written = (tree / ".lockgate.yml").read_text()
    assert written.startswith("# ours\nreview:   # what is looked at\n    exclude: [ 'docs/' ]  # prose\n    models:\n")
    assert written.endswith("\ngate:\n    block_at: high\n")
    assert "shell-injection" not in lockgate(".", cwd=tree).stdout
    again = lockgate(".", "--treat-as", "sanitizer", one["fingerprint"][:12], cwd=tree)
    assert (again.returncode, "no finding here" in again.stderr) == (2, True)


def test_of_several_functions_one_must_be_named(tree):
    (tree / "app.py").write_text(APP.replace("tidy(request", "tidy(twice(request") + "\n\ndef twice(text):\n    return tidy(text)\n")
    (tree / "app.py").write_text((tree / "app.py").read_text().replace("['a'])", "['a']))"))
    [one] = json.loads(lockgate(".", "--format", "json", cwd=tree).stdout)["findings"]
    done = lockgate(".", "--treat-as", "sanitizer", one["fingerprint"], cwd=tree)
    assert done.returncode == 2
    assert "--treat-as sanitizer shop.text.tidy --kinds command" in done.stderr
    assert "--treat-as sanitizer app.twice --kinds command" in done.stderr
    assert not (tree / ".lockgate.yml").exists()
