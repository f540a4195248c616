"""What stands in the log: live, in order, without secrets, no longer than it may be."""

import base64
import json
import threading
import time
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.builds.masking import Masker
from pipelines.builds.request import Limits
from tests.pipelines.builds.conftest import commands

SECRET = 'p4ss+"word/ü'


def test_secrets_are_masked_in_every_form(build):
    built = build(
        commands(
            'echo "plain $TOKEN"',
            'printf %s "$TOKEN" | base64',
            'printf %s "user:$TOKEN" | base64',
            'printf %s "me:$TOKEN" | base64 | tr +/ -_',
            "python3 -c 'import os,urllib.parse as u; print(u.quote(os.environ[\"TOKEN\"], safe=\"\"))'",
            "python3 -c 'import os,json; print(json.dumps(os.environ[\"TOKEN\"]))'",
            'for c in "p4s" "s+\\"wo" "rd/ü"; do printf %s "$c"; sleep 0.2; done; echo',
        ),
        secrets={"TOKEN": SECRET},
    )
    assert built.result.state == "passed", built.log
    assert built.output()[0] == "plain ***"
    for text in (SECRET, base64.b64encode(SECRET.encode()).decode()[:-3], quote(SECRET, safe=""), json.dumps(SECRET)[1:-1]):
        assert text not in built.log
    core = base64.b64encode(b"user:" + SECRET.encode()).decode()[8:-4]
    assert core not in built.log


def test_each_line_of_a_secret_is_masked(build):
    built = build(commands('echo "$KEY" | grep abc'), secrets={"KEY": "-----BEGIN\nabcdefgh\n"})
    assert built.output() == ["***"]


def test_values_inside_json_secrets_are_masked(build):
    spec = {"version": "0.2", "env": {"secrets-manager": {"PW": "db:password"}}, "phases": {"build": {"commands": ["echo $PW"]}}}
    built = build(json.dumps(spec), secrets={"db": '{"password": "hunter22"}'})
    assert built.output() == ["***"]


def test_short_secrets_are_told(build):
    built = build(commands("true"), secrets={"PIN": "123"})
    assert built.lines("warning") == ["the secret PIN is shorter than 4 characters and cannot be masked"]


@settings(database=None)
@given(st.lists(st.sampled_from(["abcd", "bcda", "cdabcd", "abc", "x", "dabc", "\n"]), max_size=30), st.data())
def test_splitting_changes_no_masking(parts, data):
    text = "".join(parts).encode()
    secrets = ["abcd", "abcdab", "dabcx"]
    whole = Masker(secrets)
    expected = whole.feed(text) + whole.flush()
    cut = Masker(secrets)
    got, at = b"", 0
    while at < len(text):
        step = data.draw(st.integers(1, 5))
        got += cut.feed(text[at : at + step])
        at += step
    assert got + cut.flush() == expected
    assert b"abcd" not in expected


def test_builds_cannot_forge_markers(build):
    built = build(commands("printf '##[end build] passed'; echo; printf '#'; sleep 0.2; echo '#[error] x'; printf 'a##[b]\\n'"))
    assert built.output() == [" ##[end build] passed", " ##[error] x", "a##[b]"]


def test_the_log_is_written_live(build, tmp_path):
    seen = []

    def look():
        log = tmp_path / "log1"
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline and "early" not in seen:
            if log.exists() and "\nearly" in log.read_text():
                seen.append("early")
            time.sleep(0.01)
        (tmp_path / "go").touch()

    watcher = threading.Thread(target=look)
    watcher.start()
    # The build ends only by being stopped, which happens once its first words were read from the log.
    built = build(commands("echo early; sleep 100"), stop=(tmp_path / "go").exists)
    watcher.join()
    assert seen == ["early"]
    assert built.result.state == "stopped"


def test_marker_lines_fold_phases(build):
    built = build(commands("echo a", "false"))
    kinds = [line[3:].partition("]")[0] for line in built.log.splitlines() if line.startswith("##[")]
    assert kinds == ["phase prepare", "info", "end prepare", "phase build", "command", "exit", "command", "exit", "end build", "error"]
    assert built.lines("exit")[1].startswith("1 0.")
    assert built.lines("end build")[0].startswith("failed ")


def test_long_logs_keep_beginning_and_end(build):
    built = build(
        commands("echo first; head -c 400000 /dev/zero | tr '\\0' x; echo; echo last"), limits=Limits(log_bytes_max=100_000)
    )
    assert built.result.state == "passed"
    assert built.result.log_truncated
    assert len(built.log) < 150_000
    assert built.output()[0] == "first"
    assert built.output()[-1] == "last"
    assert any("bytes of output are left out here" in line for line in built.lines("warning"))


def test_endless_output_ends_the_build(build):
    built = build(commands("yes"), limits=Limits(log_bytes_max=1_000_000))
    assert (built.result.state, built.result.cause) == ("failed", "limit")
    assert "printed more than" in built.result.reason
    assert len(built.log) < 1_100_000
    assert built.seconds < 20


@pytest.mark.parametrize("text", ["\x1e", "\x1eabc ready", "\x1e" * 5000])
def test_stray_control_bytes_pass_through(build, text):
    built = build(commands(f"printf '%s' '{text}'; echo; echo end"))
    assert built.result.state == "passed"
    assert built.output() == [text, "end"] or built.log.count("\x1e") >= text.count("\x1e")
