"""Secrets in whole files: planted ones are found, look-alikes are not, and no input makes the search slow or large."""

import base64
import gzip
import time

import pytest

from analyzers.adapters import detect_secrets
from analyzers.detector import scan
from analyzers.encoded import INFLATED_BYTES_MAX, decoded_parts
from analyzers.finding import SourceFile
from analyzers.lines import Lines
from analyzers.merge import FINDINGS_PER_LINE_MAX
from analyzers.options import ALL_BUT_SECRETS, ReviewOptions
from analyzers.rarity import is_generated
from analyzers.review import review_file
from benchmarks import left_secrets
from benchmarks.planted_secrets import CLEAN, FORMS, score

SECONDS_MAX = 10
TOKEN = "k3Tz9QpXv7LmW2rB8sYdN4hJ"


def secrets_in(path, text):
    return [one for one in review_file(SourceFile(path, text.encode()), ReviewOptions()).findings if one.secret]


def test_planted_secrets_are_found():
    done = score(FORMS, seeds=1)
    assert done.found >= 0.95 * done.lines, done.missed
    assert done.extra <= 5


@pytest.mark.parametrize(("name", "share"), [("left_secrets.txt", 0.95), ("leaked_files.txt", 0.95), ("leaked_files_later.txt", 0.9)])
def test_what_people_leave_is_found(name, share):
    done = left_secrets.score(name, seeds=1)
    assert done.found >= share * done.risks, done.told
    assert done.extra <= 5, done.told


@pytest.mark.parametrize("name", ["no_secrets.txt", "near_misses.txt", "near_misses_later.txt"])
def test_what_only_looks_like_a_secret_is_left_alone(name):
    assert not left_secrets.score(name, seeds=1).told


def test_look_alikes_are_left_alone():
    assert score(CLEAN, seeds=1).extra == 0


@pytest.mark.parametrize("path", ["a.env", "a.json", "a.xml", "a.js", "a.md", "a.yml", "a.sql", "a.py", "Dockerfile"])
@pytest.mark.parametrize(
    "text",
    [
        "password" * 60_000, "password=" * 50_000, '"password":"' * 40_000, "<password " * 40_000, "a=" * 200_000, " " * 400_000 + "password=x",
        "https://a:" * 40_000, "eyJ" * 100_000, "\0password=\0" * 30_000, "A" * 500_000, "kind: Secret\n" * 30_000, "curl -u " * 40_000,
    ],
    ids=["words", "assignments", "members", "elements", "short", "spaces", "addresses", "tokens", "nuls", "base64", "documents", "commands"],
)
def test_no_text_holds_the_search_up(path, text):
    begun = time.process_time()
    list(scan(text[:500_000], Lines(text[:500_000]), path))
    assert time.process_time() - begun < SECONDS_MAX


def test_a_bomb_is_not_unfolded():
    bomb = base64.b64encode(gzip.compress(b"password " * 5_000_000)).decode()
    assert all(len(part.text) <= INFLATED_BYTES_MAX for part in decoded_parts(bomb))


def test_what_is_encoded_twice_is_still_found():
    once = base64.b64encode(b"export X=ghs_a8Fk2LmQ9xRt4VbN7cYp1ZsWd6HgJu000000")
    twice = base64.b64encode(b"{'inner': '" + once + b"'}").decode()
    [found] = secrets_in("a.txt", f"blob {twice}\n")
    assert found.rule == "secret-github-token"
    assert "base64 in base64" in found.message
    assert (found.line, found.column) == (1, 6)


def test_a_random_text_is_told_from_a_name():
    assert is_generated(TOKEN)
    assert is_generated("9f8e7d6c5b4a39281706f5e4d3c2b1a0")
    assert not any(map(is_generated, ("getElementByIdAndName", "CONTENT_SECURITY_POLICY", "a" * 40, "0" * 40, "short7Q")))


def test_tests_and_prose_need_a_generated_value():
    line = "db_password = 'tulip-44-rain'\n"
    assert secrets_in("config/app.ini", line)
    assert not secrets_in("tests/fixtures/app.ini", line)
    assert secrets_in("tests/fixtures/app.ini", line.replace("tulip-44-rain", TOKEN))
    assert not secrets_in("README.md", line)


def test_the_same_file_gives_the_same_findings():
    text = "\n".join(f"password_{n}=tulip-{n}-rain\ntoken: {TOKEN}{n}" for n in range(50))
    assert review_file(SourceFile("a.env", text.encode()), ReviewOptions()) == review_file(SourceFile("a.env", text.encode()), ReviewOptions())


@pytest.mark.parametrize("text", ["PASSWORD=" * 100_000, "https://a:k3Tz9QpXv7@b.c.d " * 35_000], ids=["assignments", "addresses"])
def test_a_line_of_nothing_but_secrets_is_cut_short(text):
    begun = time.process_time()
    report = review_file(SourceFile("a.env", text.encode()), ReviewOptions(disable=(ALL_BUT_SECRETS,)))
    assert time.process_time() - begun < SECONDS_MAX
    assert len(report.findings) == FINDINGS_PER_LINE_MAX
    assert any("findings of this line are kept" in one.message for one in report.diagnostics)


@pytest.mark.parametrize(("kind", "line"), [
    ("secret-cloudant-credentials", "cloudant_password = '{}'".format("4f9a1c7e" * 8)),
    ("secret-cloudant-credentials", "clou_key: {}".format("qzjxkvbwpmgfhrtdlcnysuae")),
    ("secret-ibm-cos-hmac-credentials", "cos_hmac_secret_access_key = '{}'".format("8b1d03f6" * 6)),
    ("secret-ibm-cloud-iam-key", "ibm_api_key = '{}'".format("Zk3-Qw9_Lm2x" * 3 + "aB7cD8eF")),
    ("secret-softlayer-credentials", "softlayer_key = {}".format("k7q2z9w4" * 8)),
    ("secret-mailchimp-access-key", "m = '{}-us12'".format("9f8e7d6c5b4a3f2e" * 2)),
    ("secret-artifactory-credentials", "a=AKC{}".format("p5Zk3Qw9Lm2x7Rt8")),
    ("secret-telegram-bot-token", "bot = 110201543:{}".format("AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw7")),
])
def test_detect_secrets_still_sees_what_long_runs_hold(kind: str, line: str) -> None:
    assert kind in {one.rule for one in detect_secrets.find(Lines(f"# settings\n{line}\n"), "settings.conf", python=False)}
