"""What a buildspec may say, and how a mistake in it is told."""

import pytest

from pipelines.builds import buildspec
from pipelines.builds.buildspec import BadBuildspec
from pipelines.builds.default_spec import default_spec


def problem(text: str) -> str:
    with pytest.raises(BadBuildspec) as caught:
        buildspec.load(text.encode(), "ci/buildspec.yml")
    return caught.value.detail


GOOD = "version: 0.2\nphases:\n  build:\n    commands: [make]\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "version: 0.2\nphases:\n  biuld:\n    commands: [x]\n",
            "ci/buildspec.yml, line 3, key phases.biuld: there is no such key; did you mean build?",
        ),
        (
            "version: 0.2\nphases:\n  build:\n    comands:\n    - x\n",
            "ci/buildspec.yml, line 4, key phases.build.comands: there is no such key; did you mean commands?",
        ),
        (GOOD.replace("0.2", "0.1"), "ci/buildspec.yml, line 1, key version: version 0.1 is not supported; write `version: 0.2`"),
        (
            "version: 0.2\nphases:\n  build:\n    commands:\n    - echo a\n    - echo: b\n",
            "ci/buildspec.yml, line 6, key phases.build.commands[1]: text is needed and this is a mapping;",
        ),
        ("version: 0.2\n", "ci/buildspec.yml, line 1, key phases: this key is needed"),
        ("", "ci/buildspec.yml, line 1: the file is empty"),
        ("- a\n", "ci/buildspec.yml, line 1: a buildspec is a mapping that starts with `version: 0.2`"),
        (
            GOOD + "env:\n  variables:\n    CODEBUILD_X: y\n",
            "ci/buildspec.yml, line 7, key env.variables.CODEBUILD_X: names that start with CODEBUILD_ or LOCKGATE_ belong",
        ),
        (
            GOOD + "env:\n  exported-variables: [A-B]\n",
            "ci/buildspec.yml, line 6, key env.exported-variables[0]: a variable name has letters, digits and _ only",
        ),
        (
            "version: 0.2\nphases:\n  build:\n    commands: [a]\n  build:\n    commands: [b]\n",
            "ci/buildspec.yml, line 5, key phases.build: the key is given twice, first on line 3",
        ),
        (GOOD + "artifacts:\n  name: x\n", "ci/buildspec.yml, line 5, key artifacts: files is needed: the patterns of what to keep"),
        (GOOD + "env:\n  shell: cmd.exe\n", "ci/buildspec.yml, line 6, key env.shell: the shell must be bash or /bin/sh"),
        (
            GOOD + "    on-failure: MAYBE\n",
            "ci/buildspec.yml, line 5, key phases.build.on-failure: use ABORT, CONTINUE, RETRY, RETRY-count, RETRY-regex",
        ),
        ("version: 0.2\nphases:\n  build:\n    commands:\n", "ci/buildspec.yml, line 4, key phases.build.commands: a value is needed and there is none"),
        ("version: 0.2\nphases:\n\tbuild: x\n", "ci/buildspec.yml, line 3"),
        ("version: 0.2\nphases: {build: [\n", "ci/buildspec.yml, line 3"),
    ],
)
def test_mistakes_name_file_line_and_key(text, said):
    assert problem(text).startswith(said)


def test_alias_bombs_are_refused():
    lines = ["a: &a [x,x,x,x,x,x,x,x,x,x]"]
    lines += [f"{new}: &{new} [{','.join([f'*{old}'] * 10)}]" for old, new in zip("abcdefgh", "bcdefghi", strict=True)]
    assert "too many" in problem("\n".join(lines))


def test_binary_and_huge_files_are_refused():
    with pytest.raises(BadBuildspec, match="not UTF-8"):
        buildspec.load(b"version: 0.2\n\xff\xfe", "b")
    with pytest.raises(BadBuildspec, match="larger than"):
        buildspec.load(b"#" * 300_000, "b")


def test_values_stay_as_written():
    loaded = buildspec.load((GOOD + "env:\n  variables: {A: 1.10, B: yes, C: 007, D: ''}\n").encode(), "b")
    assert loaded.spec.env.variables == {"A": "1.10", "B": "yes", "C": "007", "D": ""}


def test_keys_without_effect_are_told():
    text = GOOD + "    run-as: root\ncache:\n  paths: [x]\nreports:\n  unit: {files: [r.xml]}\nproxy: {logs: no}\n"
    warnings = buildspec.load(text.encode(), "b.yml").warnings
    assert [warning.partition(" has no effect")[0] for warning in warnings] == [
        "b.yml:5: phases.build.run-as",
        "b.yml:6: cache",
        "b.yml:9: reports.unit",
        "b.yml:10: proxy",
    ]


def test_keys_without_effect_stand_in_the_log(build):
    built = build(GOOD.replace("make", "echo ran") + "cache:\n  paths: [x]\n")
    assert built.lines("warning") == ["buildspec.yml:5: cache has no effect: each build starts clean"]


def test_mistakes_stand_in_the_log(build):
    built = build("version: 0.2\nphases:\n  biuld: {}\n")
    assert (built.result.state, built.result.cause) == ("failed", "spec")
    assert built.lines("error") == [built.result.reason]
    assert "line 3, key phases.biuld" in built.result.reason


def test_missing_secrets_name_their_key(build):
    built = build(GOOD + "env:\n  secrets-manager: {A: deploy-key}\n")
    assert built.result.reason == "buildspec.yml, key env.secrets-manager.A: this build has no secret named deploy-key"


def test_python_projects_have_a_default(tmp_path):
    (tmp_path / "pyproject.toml").touch()
    spec = buildspec.load(default_spec(tmp_path), "default").spec
    assert spec.phases.build.commands == ["python3 -m build --outdir dist"]
    assert spec.artifacts.files == ["dist/*.whl", "dist/*.tar.gz"]


def test_npm_installs_only_what_is_named(tmp_path):
    package = tmp_path / "package.json"
    package.write_text('{"name": "x"}')
    assert buildspec.load(default_spec(tmp_path), "d").spec.phases.install is None
    package.write_text('{"name": "x", "devDependencies": {"y": "1"}}')
    assert buildspec.load(default_spec(tmp_path), "d").spec.phases.install.commands == ["npm install"]
    (tmp_path / "package-lock.json").touch()
    assert buildspec.load(default_spec(tmp_path), "d").spec.phases.install.commands == ["npm ci"]


def test_npm_packages_build_by_default(build):
    built = build(None, {"package.json": '{"name": "hello", "version": "1.2.3"}', "index.js": "1"})
    assert built.result.state == "passed", built.log
    assert built.names() == ["dist/hello-1.2.3.tgz"]


def test_unknown_projects_say_what_is_missing(build):
    built = build(None, {"README": "x"})
    assert (built.result.state, built.result.cause) == ("failed", "spec")
    assert "no pyproject.toml, setup.py or package.json" in built.result.reason
