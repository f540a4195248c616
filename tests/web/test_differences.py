"""What git prints is read as it was meant, with the real git."""

import pytest

from service.git import unified
from tests.web.sample import git


@pytest.fixture
def work(tmp_path):
    git(tmp_path, "init", "-q", "-b", "main", ".")
    (tmp_path / "a.txt").write_text("".join(f"{n}\n" for n in range(1, 41)))
    (tmp_path / "mode.sh").write_text("true\n")
    (tmp_path / 'quo"te ä.txt').write_text("x\ny\nz\n")
    (tmp_path / "gone.txt").write_text("gone\n")
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "-q", "-m", "one")
    return tmp_path


def changes(work):
    git(work, "add", "-A")
    git(work, "commit", "-q", "--allow-empty", "-m", "two")
    return {file.path: file for file in unified.parse(git(work, "diff", "-M", "--no-color", "HEAD~1", "HEAD") + "\n")}


def test_lines_have_the_numbers_of_both_sides(work):
    lines = (work / "a.txt").read_text().split("\n")
    lines[2:3] = ["three", "and more"]
    del lines[30]
    (work / "a.txt").write_text("\n".join(lines))
    file = changes(work)["a.txt"]
    assert (file.added, file.removed, len(file.hunks)) == (2, 2, 2)
    first = [(line.kind, line.old, line.new, line.text) for line in file.hunks[0].lines]
    assert first[2:5] == [("removed", 3, None, "3"), ("added", None, 3, "three"), ("added", None, 4, "and more")]
    for hunk in file.hunks:
        for line in hunk.lines:
            side = hunk.old_text if line.kind == "removed" else hunk.new_text
            assert side.split("\n")[line.at] == line.text


def test_a_line_that_looks_like_a_header_stays_a_line(work):
    (work / "a.txt").write_text("-- a/b\n++ c\ndiff --git a/x b/x\n@@ -1 +1 @@\n")
    file = changes(work)["a.txt"]
    assert [line.text for line in file.hunks[0].lines if line.kind == "added"] == ["-- a/b", "++ c", "diff --git a/x b/x", "@@ -1 +1 @@"]


def test_quoted_and_renamed_names_are_read(work):
    git(work, "mv", 'quo"te ä.txt', 'new\ttab "ö".txt')
    file = changes(work)['new\ttab "ö".txt']
    assert (file.change, file.old_path) == ("renamed", 'quo"te ä.txt')


def test_added_removed_mode_and_binary_are_told(work):
    (work / "new file.txt").write_text("new\n")
    (work / "gone.txt").unlink()
    (work / "mode.sh").chmod(0o755)
    (work / "data.bin").write_bytes(b"\0\1")
    found = changes(work)
    assert {path: file.change for path, file in found.items()} == {
        "new file.txt": "added", "gone.txt": "removed", "mode.sh": "mode", "data.bin": "added",
    }
    assert found["data.bin"].binary


def test_a_missing_last_newline_adds_no_line(work):
    (work / "gone.txt").write_text("gone")
    file = changes(work)["gone.txt"]
    assert (file.added, file.removed) == (1, 1)


def test_a_cut_difference_gives_what_is_whole(work):
    (work / "a.txt").write_text("")
    (work / "mode.sh").write_text("false\n")
    git(work, "add", "-A")
    text = git(work, "diff", "--cached", "--no-color")
    assert [file.path for file in unified.parse(text[: len(text) // 2])] == ["a.txt"]


def test_no_difference_is_no_file():
    assert unified.parse("") == []
