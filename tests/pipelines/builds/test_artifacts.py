"""What is kept of a build, and what is not let in."""

import hashlib
import json
import os
import re
import time
from pathlib import Path

import pytest

from pipelines.builds.artifacts import _matches, _pattern


def spec(artifacts, *lines):
    return json.dumps({"version": "0.2", "phases": {"build": {"commands": list(lines) or ["true"]}}, "artifacts": artifacts})


TREE = {"dist/a.whl": "a", "dist/deep/b.txt": "b", "dist/deep/c.log": "c", "top.txt": "t"}


@pytest.mark.parametrize(
    ("artifacts", "names"),
    [
        ({"files": ["**/*"]}, ["dist/a.whl", "dist/deep/b.txt", "dist/deep/c.log", "top.txt"]),
        ({"files": ["dist/*"]}, ["dist/a.whl"]),
        ({"files": ["dist/**/*"]}, ["dist/a.whl", "dist/deep/b.txt", "dist/deep/c.log"]),
        ({"files": ["./dist/a.whl", "top.txt"]}, ["dist/a.whl", "top.txt"]),
        ({"files": ["**/*"], "base-directory": "dist"}, ["a.whl", "deep/b.txt", "deep/c.log"]),
        ({"files": ["**/*"], "base-directory": "di*"}, ["a.whl", "deep/b.txt", "deep/c.log"]),
        ({"files": ["**/*"], "discard-paths": "yes"}, ["a.whl", "b.txt", "c.log", "top.txt"]),
        ({"files": ["**/*"], "exclude-paths": ["dist/**/*.log", "top.*"]}, ["dist/a.whl", "dist/deep/b.txt"]),
    ],
)
def test_patterns_choose_files(build, artifacts, names):
    built = build(spec(artifacts), TREE)
    assert built.result.state == "passed", built.log
    assert list(built.files()) == names


def test_secondary_artifacts_are_apart(build):
    artifacts = {"secondary-artifacts": {"wheels": {"files": ["dist/*.whl"]}, "text": {"files": ["**/*.txt"], "name": "t-$A"}}}
    built = build(spec(artifacts), TREE, environment={"A": "1"})
    assert set(built.result.artifacts) == {"wheels", "text"}
    assert built.files("wheels") == {"dist/a.whl": "a"}
    assert built.result.artifact_names == {"text": "t-1"}


def test_names_are_shell_expressions(build):
    built = build(spec({"files": ["top.txt"], "name": 'x-$(printf "%s" "$V")-"q"'}, "export V=9"), TREE)
    assert built.result.artifact_names == {"primary": 'x-9-"q"'}


def test_same_files_give_same_bytes(build):
    digests = set()
    for touch in ("true", "touch -d @1 dist/a.whl; chmod 600 top.txt; mv dist/deep x; mv x dist/deep"):
        built = build(spec({"files": ["**/*"]}, touch), TREE)
        digests.add(hashlib.sha256(built.result.artifacts["primary"].read_bytes()).hexdigest())
    assert len(digests) == 1


def test_no_match_fails_a_good_build(build):
    built = build(spec({"files": ["*.zip"]}), TREE)
    assert (built.result.state, built.result.cause) == ("failed", "artifacts")
    assert built.result.reason == "artifact primary: no file matches *.zip"


def test_folders_are_told_apart(build):
    built = build(spec({"files": ["dist"]}), TREE)
    assert "it is a folder; write dist/**/*" in built.result.reason


def test_failed_builds_keep_what_they_made(build):
    built = build(spec({"files": ["top.txt"], "secondary-artifacts": {"z": {"files": ["*.zip"]}}}, "false"), TREE)
    assert built.result.state == "failed"
    assert built.result.reason.startswith("build: command 1")
    assert built.files() == {"top.txt": "t"}
    assert built.lines("warning") == ["artifact z: no file matches *.zip"]


def test_links_inside_stay_links(build):
    built = build(spec({"files": ["**/*"]}, "ln -s ../top.txt dist/link", "ln -s deep dist/folder"), TREE)
    assert built.files()["dist/link"] == "-> ../top.txt"
    assert built.files()["dist/folder"] == "-> deep"


@pytest.mark.parametrize("target", ["/etc/passwd", "../../../etc/passwd", "dist/../../x", "hop/../../../.."])
def test_links_outward_are_refused(build, target):
    built = build(spec({"files": ["**/*"]}, "mkdir -p a; ln -s a hop", f"ln -s {target} evil"), TREE)
    assert (built.result.state, built.result.cause) == ("failed", "artifacts")
    assert "the link evil points out of the artifact" in built.result.reason
    assert built.result.artifacts == {}


def test_a_linked_base_directory_is_refused(build):
    built = build(spec({"files": ["*"], "base-directory": "out"}, "ln -s /etc out"), TREE)
    assert built.result.reason == "artifact primary: base-directory out matches no folder of the source tree"


@pytest.mark.parametrize("pattern", ["/etc/passwd", "../x", "a/../../x"])
def test_patterns_outward_are_refused(build, pattern):
    built = build(spec({"files": [pattern]}), TREE)
    assert "leaves the source tree" in built.result.reason


def test_a_linked_source_tree_is_not_followed(build):
    built = build(spec({"files": ["**/*"]}, "cd /build && mv src old && ln -s /etc src"), TREE)
    assert built.result.state == "failed", built.files()


def test_pipes_are_refused(build):
    built = build(spec({"files": ["**/*"]}, "mkfifo pipe"), TREE)
    assert "the link" not in built.result.reason
    assert "pipe is a socket, pipe or device" in built.result.reason


def test_artifacts_reach_the_next_build(build):
    first = build(spec({"files": ["**/*"]}), TREE)
    second = build(
        spec({"files": ["copied"]}, "cp $CODEBUILD_SRC_DIR_first_out/dist/a.whl copied"),
        inputs={"first-out": first.result.artifacts["primary"]},
    )
    assert second.files() == {"copied": "a"}


def test_broken_inputs_are_told(build, tmp_path):
    (tmp_path / "broken.tar.gz").write_bytes(b"no")
    built = build(spec({"files": ["*"]}), TREE, inputs={"x": tmp_path / "broken.tar.gz"})
    assert built.result.reason.startswith("the artifact x cannot be unpacked")


def test_hostile_patterns_are_quick():
    started = time.monotonic()
    assert not _matches(_pattern("**/" * 30 + "a*" * 100 + "b"), "a/" * 100 + "a" * 200)
    assert time.monotonic() - started < 2


def test_only_artifacts_are_left(build):
    built = build(spec({"files": ["**/*"]}, "mkdir -p locked/x; chmod 0 locked"), TREE)
    left = {path.relative_to(built.work).as_posix() for path in built.work.rglob("*")}
    assert left == {"owner", "artifacts", "artifacts/primary.tar.gz"}, built.log


def test_patterns_agree_with_a_plain_definition():
    def plain(glob: str, path: str) -> bool:
        regex = re.escape(glob).replace(r"\*\*/", "(?:[^/]+/)*").replace(r"\*\*", ".+").replace(r"\*", "[^/]*")
        return re.fullmatch(regex, path) is not None

    parts = ["a", "b", "*", "**"]
    globs = ["/".join(g) for n in (1, 2, 3) for g in __import__("itertools").product(parts, repeat=n)]
    paths = ["a", "b", "a/a", "a/b", "b/a/a", "a/b/a", "c/a/b", "a/c/c/b"]
    for glob in globs:
        for path in paths:
            assert _matches(_pattern(glob), path) == plain(glob, path), (glob, path)


def test_work_folders_may_be_long(build, tmp_path):
    assert len(os.fsencode(tmp_path)) + 110 > 107
    built = build(spec({"files": ["*.txt"]}), TREE)
    assert Path(built.result.artifacts["primary"]).is_file()
