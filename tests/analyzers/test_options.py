"""Settings files: what they mean, and errors that name file, line and key."""

import re

import pytest

from analyzers.finding import SourceFile
from analyzers.options import BrokenOptions, ReviewOptions, read_options
from analyzers.review import review_file


def test_no_file_means_defaults():
    assert read_options(None, None) == ReviewOptions()
    assert read_options(b"gate:\n  block_at: medium\n") == ReviewOptions()


def test_both_files_exclude():
    options = read_options(b"review:\n  exclude: [docs/]\n", b'version: 1.0\nexcludeFiles:\n  - "**/generated/**"\n')
    assert options.excludes("docs/a.py")
    assert options.excludes("src/generated/a.py")
    assert not options.excludes("src/a.py")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"gate: {}\nreview:\n  exclud: [a]\n", ".lockgate.yml:3: unknown key `review.exclud`; did you mean `exclude`?"),
        (b"review:\n  exclude:\n    - a\n    - [b]\n", ".lockgate.yml:4: `review.exclude.1`"),
        (b"review: yes please\n", ".lockgate.yml:1: `review` must be a mapping"),
        (b"review:\n  exclude: [a\n", "not YAML"),
        (b"- a\n", ".lockgate.yml:1: must be a mapping"),
        (b"a" * 70_000, "larger than the limit"),
    ],
)
def test_an_error_names_file_line_and_key(content, says):
    with pytest.raises(BrokenOptions) as caught:
        read_options(content)
    assert says in str(caught.value)


@pytest.mark.parametrize(
    ("content", "says"),
    [(b"version: 1.0\nexcludefiles: [a]\n", "yml:2: unknown key `excludefiles`; did you mean `excludeFiles`"),
     (b"rules: []\n", "yml:1: unknown key `rules`; known are version, excludeFiles"), (b"version: 2.0\n", "yml:1: `version`: 1.0 is the only")],
    ids=range(3),
)  # fmt: skip
def test_what_codeguru_would_not_read_is_an_error(content, says):
    with pytest.raises(BrokenOptions, match=re.escape(says)):
        read_options(None, content)


def test_a_bad_codeguru_file_is_an_error():
    with pytest.raises(BrokenOptions, match=r"aws-codeguru-reviewer.yml:2: `excludeFiles` must be a list"):
        read_options(None, b"version: 1.0\nexcludeFiles: docs\n")


def test_rules_about_habits_run_only_when_enabled():
    file = SourceFile("a.py", b"def getName():\n    return 1\n")
    assert "pep8-naming" not in {one.rule for one in review_file(file, ReviewOptions()).findings}
    named = read_options(b"review:\n  enable: [pep8-naming]\n")
    assert {one.rule for one in review_file(file, named).findings} == {"pep8-naming"}
    every = {one.rule for one in review_file(file, read_options(b'review:\n  enable: ["*"]\n  disable: [pep8-naming]\n')).findings}
    assert {"missing-docstring", "missing-annotation"} == every


def test_names_that_no_rule_has_are_told():
    content = (
        b"review:\n  disable:\n    - missing-timeout\n    - sql_injection\n    - B113\n    - detect-secrets\n    - repository/own\n"
        b"    - secret-private-key\n  enable: ['*', zzz]\n"
    )
    report = review_file(SourceFile(".lockgate.yml", content), ReviewOptions())
    assert [(one.line, one.message) for one in report.diagnostics] == [
        (4, "`review.disable`: no rule is called `sql_injection`; did you mean `sql-injection` or `nosql-injection` or `shell-injection`?"),
        (9, "`review.enable`: no rule is called `zzz`; `/detectors` of a server lists the names"),
    ]
    assert not review_file(SourceFile("docs/.lockgate.yml", content), ReviewOptions()).diagnostics


@pytest.mark.parametrize("folder", ["/etc", "../up", "a//b", "."])
def test_a_folder_of_rules_lies_in_the_repository(folder):
    with pytest.raises(BrokenOptions, match="must be a folder of this repository"):
        read_options(f"review:\n  rules: {folder}\n".encode())
