"""How phases follow one another and what passes between them."""

import json

from pipelines.builds import buildspec
from tests.pipelines.builds.conftest import commands

ALL_PHASES = """
version: 0.2
phases:
  install:
    commands: [echo one]
    finally: [echo one-finally]
  pre_build:
    commands: [echo two]
  build:
    commands: [echo three, %s, echo never]
    finally: [echo three-finally $CODEBUILD_BUILD_SUCCEEDING]
  post_build:
    commands: [echo four $CODEBUILD_BUILD_SUCCEEDING]
"""


def states(built):
    return {phase.name: phase.state for phase in built.result.phases}


def test_phases_run_in_order(build):
    built = build(ALL_PHASES.replace("%s, echo never", "'true'"))
    assert built.result.state == "passed", built.log
    assert built.output() == ["one", "one-finally", "two", "three", "three-finally 1", "four 1"]
    assert states(built) == dict.fromkeys(("install", "pre_build", "build", "post_build"), "passed")


def test_post_build_runs_after_a_failed_build(build):
    built = build(ALL_PHASES % "exit 7")
    assert built.output() == ["one", "one-finally", "two", "three", "three-finally 1", "four 0"]
    assert built.result.state == "failed"
    assert built.result.cause == "command"
    assert built.result.reason == "build: command 2 ended with exit code 7: exit 7"
    assert [p.exit_code for p in built.result.phases] == [0, 0, 7, 0]


def test_nothing_runs_after_a_failed_install(build):
    built = build(commands("echo never", install=["false"], post_build=["echo never"]))
    assert built.output() == []
    assert states(built) == {"install": "failed", "build": "skipped", "post_build": "skipped"}


def test_abort_skips_post_build(build):
    spec = {"build": {"commands": ["false"], "on-failure": "ABORT"}, "post_build": {"commands": ["echo never"]}}
    built = build(json.dumps({"version": "0.2", "phases": spec}))
    assert states(built) == {"build": "failed", "post_build": "skipped"}


def test_continue_goes_on_but_fails(build):
    spec = {"install": {"commands": ["false"], "on-failure": "CONTINUE"}, "build": {"commands": ["echo still"]}}
    built = build(json.dumps({"version": "0.2", "phases": spec}))
    assert built.output() == ["still"]
    assert built.result.state == "failed"
    assert built.result.reason.startswith("install: command 1")


def test_retry_runs_a_phase_again(build):
    command = "n=$(cat /tmp/n 2>/dev/null || echo 0); echo $((n+1)) > /tmp/n; echo try $n; test $n -ge 2"
    spec = {"build": {"commands": [command], "on-failure": "RETRY-3-try \\d"}}
    built = build(json.dumps({"version": "0.2", "phases": spec}))
    assert built.result.state == "passed", built.log
    assert built.output() == ["try 0", "try 1", "try 2"]


def test_retry_needs_its_pattern(build):
    spec = {"build": {"commands": ["echo try; false"], "on-failure": "RETRY-network down"}}
    built = build(json.dumps({"version": "0.2", "phases": spec}))
    assert built.output() == ["try"]


def test_hostile_retry_patterns_are_ended(build):
    spec = {"build": {"commands": ["printf %060d 0; false"], "on-failure": "RETRY-1-(0+)+x"}}
    built = build(json.dumps({"version": "0.2", "phases": spec}))
    assert built.result.state == "failed"
    assert any("no retry" in warning for warning in built.lines("warning"))


def test_variables_and_folder_carry_over(build):
    text = "it's \"quoted\" $HOME\nand two lines"
    built = build(
        commands('printf "%s|%s|" "$GIVEN" "$SET"; pwd', install=["export SET=later", "mkdir -p 'a b'", "cd 'a b'"]),
        environment={"GIVEN": text},
    )
    assert built.result.state == "passed", built.log
    assert "\n".join(built.output()) == f"{text}|later|/build/src/a b"


def test_commands_of_a_phase_share_a_shell(build):
    built = build(commands("f() { echo called; }", "x=unexported", "f; echo $x"))
    assert built.output() == ["called", "unexported"]


def test_several_lines_are_one_command(build):
    built = build(commands("for i in 1 2; do\n  echo $i\ndone\ncat <<'E'\n$i\nE"))
    assert built.output() == ["1", "2", "$i"]


def test_syntax_errors_fail_the_command(build):
    for shell in ("bash", "/bin/sh"):
        spec = {"version": "0.2", "env": {"shell": shell}, "phases": {"build": {"commands": ["echo a", "if then", "echo b"]}}}
        built = build(json.dumps(spec))
        assert built.result.state == "failed", shell
        assert "build: command 2 ended with exit code" in built.result.reason
        assert built.output()[0] == "a"
        assert "b" not in built.output()


def test_plain_shell_carries_variables_too(build):
    spec = {"version": "0.2", "env": {"shell": "sh", "exported-variables": ["A"]}}
    spec["phases"] = {"install": {"commands": ["export A=\"it's\nhere\""]}, "build": {"commands": ['echo "$A"']}}
    built = build(json.dumps(spec))
    assert built.output() == ["it's", "here"]
    assert built.result.exported == {"A": "it's\nhere"}


def test_early_exit_zero_is_told(build):
    built = build(commands("exit 0", "echo never"))
    assert built.result.state == "passed"
    assert built.lines("warning") == ["the shell of build ended with exit 0; 1 more commands were not run"]


def test_set_e_ends_the_phase(build):
    built = build(commands("set -eu", "false", "echo never"))
    assert built.result.reason == "build: command 2 ended with exit code 1: false"


def test_exported_variables_come_back(build):
    spec = {"version": "0.2", "env": {"variables": {"V": "1.10"}, "exported-variables": ["V", "W", "NONE"]}}
    spec["phases"] = {"build": {"commands": ["export W='a b\nc'"]}}
    built = build(json.dumps(spec))
    assert built.result.exported == {"V": "1.10", "W": "a b\nc", "NONE": ""}


def test_later_variables_win(build):
    spec = {"version": "0.2", "env": {"variables": {"A": "spec", "B": "spec"}}, "phases": {"build": {"commands": ["echo $A $B"]}}}
    built = build(json.dumps(spec), environment={"A": "caller"})
    assert built.output() == ["caller spec"]


def test_builds_know_what_they_are(build):
    built = build(
        commands("echo $CODEBUILD_BUILD_ID $CODEBUILD_SRC_DIR $CODEBUILD_RESOLVED_SOURCE_VERSION $CODEBUILD_INITIATOR"),
        source_version="abc",
        started_by="pipeline/shop",
    )
    assert built.output() == ["test-1 /build/src abc pipeline/shop"]


def test_background_processes_do_not_hold_a_phase(build):
    built = build(commands("sleep 300 & echo started", post_build=["kill -0 $(pgrep sleep) && echo alive"]))
    assert built.output() == ["started", "alive"]
    assert built.seconds < 10


def test_commands_have_no_input(build):
    built = build(commands("cat; read x; echo done"))
    assert built.output() == ["done"]


def test_redirected_shells_still_report(build):
    built = build(commands("exec >/dev/null 2>&1", "false"))
    assert built.result.reason == "build: command 2 ended with exit code 1: false"


def test_killing_the_driver_fails_the_build(build):
    built = build(commands("kill -9 -1; sleep 5"))
    assert built.result.state == "failed"
    assert built.result.cause == "command"


def test_stopping_ends_everything(build):
    asked = iter(range(1000))
    built = build(commands("echo started; sleep 300"), stop=lambda: next(asked) >= 2)
    assert (built.result.state, built.result.cause) == ("stopped", "stopped")
    assert states(built) == {"build": "stopped"}
    assert built.seconds < 10


def test_preload_is_not_for_the_outside(build):
    built = build(commands("echo inside"), environment={"LD_PRELOAD": "/build/src/evil.so", "BASH_ENV": "/build/src/x"})
    assert built.output()[-1] == "inside"
    assert built.output()[0].count("LD_PRELOAD") <= 1


def test_schema_accepts_what_the_model_does():
    import jsonschema
    import yaml

    schema = buildspec.schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    spec = yaml.safe_load(ALL_PHASES % "exit 1")
    jsonschema.validate(spec, schema)
    spec["phases"]["biuld"] = {}
    assert not jsonschema.Draft202012Validator(schema).is_valid(spec)
