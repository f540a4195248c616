"""Findings to and from other tools: SARIF in, GitLab's and Sonar's forms out."""

import json
from datetime import UTC, datetime

import jsonschema
import pytest

from analyzers import sarif
from analyzers.finding import SEVERITIES, Finding, Mend, SourceFile, Step
from analyzers.options import ReviewOptions
from analyzers.reports import FORMS
from analyzers.review import review_file
from analyzers.sarif_in import BrokenLog, read_log

TEXT = {"type": "string", "minLength": 1}
LINE = {"type": "integer", "minimum": 1}
COLUMN = {"type": "integer", "minimum": 0}


def one_of(*words):
    return {"type": "string", "enum": list(words)}


def object_of(required, **optional):
    """The shape of an object that has these members and no others."""
    return {"type": "object", "required": list(required), "properties": {**required, **optional}, "additionalProperties": False}


TOOL = object_of({"id": TEXT, "name": TEXT, "version": TEXT, "vendor": object_of({"name": TEXT})})
MOMENT = {"type": "string", "pattern": r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}$"}
SHAPES = {
    # Written by hand after GitLab's pages on security reports 15 and code quality, and Sonar's on generic issues (10.3 and later).
    "gitlab-sast": object_of({
        "version": {"type": "string", "pattern": r"^15\.\d+\.\d+$"},
        "scan": object_of({"analyzer": TOOL, "scanner": TOOL, "type": one_of("sast"), "start_time": MOMENT, "end_time": MOMENT,
                           "status": one_of("success", "failure")}),
        "vulnerabilities": {"type": "array", "items": object_of(
            {"id": TEXT, "location": object_of({"file": TEXT, "start_line": LINE}, end_line=LINE),
             "identifiers": {"type": "array", "minItems": 1, "items": object_of({"type": TEXT, "name": TEXT, "value": TEXT}, url=TEXT)}},
            category=one_of("sast"), name={"type": "string", "maxLength": 255}, description=TEXT, solution=TEXT,
            severity=one_of("Info", "Unknown", "Low", "Medium", "High", "Critical"), scanner=object_of({"id": TEXT, "name": TEXT}),
            tracking=object_of({"type": one_of("source"), "items": {"type": "array", "minItems": 1, "items": object_of({
                "file": TEXT, "line_start": LINE, "line_end": LINE,
                "signatures": {"type": "array", "minItems": 1, "items": object_of({"algorithm": TEXT, "value": TEXT})}})}}),
        )},
    }, schema=TEXT),
    "gitlab-codequality": {"type": "array", "items": object_of({
        "description": TEXT, "check_name": TEXT, "fingerprint": TEXT,
        "severity": one_of("info", "minor", "major", "critical", "blocker"),
        "location": object_of({"path": TEXT, "lines": object_of({"begin": LINE}, end=LINE)})})},
    "sonar": object_of({
        "rules": {"type": "array", "items": object_of({
            "id": TEXT, "name": TEXT, "engineId": TEXT, "description": TEXT,
            "cleanCodeAttribute": one_of("CONVENTIONAL", "FORMATTED", "IDENTIFIABLE", "CLEAR", "COMPLETE", "EFFICIENT", "LOGICAL", "DISTINCT",
                                         "FOCUSED", "MODULAR", "TESTED", "LAWFUL", "RESPECTFUL", "TRUSTWORTHY"),
            "impacts": {"type": "array", "minItems": 1, "items": object_of({
                "softwareQuality": one_of("SECURITY", "RELIABILITY", "MAINTAINABILITY"),
                "severity": one_of("BLOCKER", "HIGH", "MEDIUM", "LOW", "INFO")})}})},
        "issues": {"type": "array", "items": object_of({"ruleId": TEXT, "primaryLocation": object_of(
            {"message": TEXT, "filePath": TEXT},
            textRange=object_of({"startLine": LINE}, endLine=LINE, startColumn=COLUMN, endColumn=COLUMN))})},
    }),
}  # fmt: skip
SHAPES["gitlab-secrets"] = json.loads(json.dumps(SHAPES["gitlab-sast"]).replace('"enum": ["sast"]', '"enum": ["secret_detection"]'))
PLACE = SHAPES["gitlab-secrets"]["properties"]["vulnerabilities"]["items"]["properties"]["location"]
PLACE["properties"]["commit"] = object_of({"sha": TEXT})
PLACE["required"].append("commit")
COMMIT = "9f8e7d6c5b4a39281706f5e4d3c2b1a09f8e7d6c"
AT = datetime(2031, 5, 4, 12, tzinfo=UTC)


def finding(**other):
    values = {
        "rule": "sql-injection", "tool": "lockgate", "message": "SQL is built from strings.", "severity": "high", "confidence": "high",
        "cwe": 89, "path": "a b.py", "line": 3, "column": 5, "end_line": 3, "end_column": 20, "fingerprint": "f1", "why": "w", "fix": "x", "rank": 0.5,
    }
    return Finding(**{**values, **other})


def log(**result):
    rules = [{"id": "R1", "properties": {"security-severity": "9.1", "tags": ["external/cwe/cwe-079"]}}, {"id": "R2", "defaultConfiguration": {"level": "note"}}]
    place = {"physicalLocation": {"artifactLocation": {"uri": "src/a%20b.js"}, "region": {"startLine": 4}}}
    one = {"ruleId": "R1", "message": {"text": "Bad."}, "locations": [place], **result}
    return json.dumps({"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "Other", "rules": rules}}, "results": [one]}]}).encode()


def test_another_tools_result_becomes_a_finding():
    [one] = read_log(log())
    assert (one.tool, one.rule, one.severity, one.cwe, one.path, one.line) == ("Other", "R1", "critical", 79, "src/a b.js", 4)
    assert read_log(log(ruleId="R2"))[0].severity == "low"
    assert read_log(log(ruleId="R2", level="error"))[0].severity == "high"


@pytest.mark.parametrize("other", [{"suppressions": [{"kind": "inSource"}]}, {"kind": "pass"}, {"baselineState": "absent"}])
def test_a_result_that_does_not_stand_is_left_out(other):
    assert read_log(log(**other)) == []


def test_fingerprints_hold_no_line():
    prints = {"partialFingerprints": {"primaryLocationLineHash": "abc:1"}}
    moved = {"locations": [{"physicalLocation": {"artifactLocation": {"uri": "src/a%20b.js"}, "region": {"startLine": 90}}}]}
    assert read_log(log(**prints))[0].fingerprint == read_log(log(**prints, **moved))[0].fingerprint


def test_our_own_log_of_another_tool_comes_back():
    made = sarif.document([finding(tool="Other")])
    made["runs"] = made["runs"][1:]
    [one] = read_log(json.dumps(made).encode())
    assert (one.rule, one.severity, one.cwe, one.line, one.end_column) == ("sql-injection", "high", 89, 3, 20)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"{", "not JSON"), (b"[" * 100_000, "not JSON"), (b"{}", "not SARIF 2.1.0"), (b"\xff", "not JSON"),
        (b'{"version": "2.1.0", "runs": [3]}', r"runs\[0\]: must be an object"),
        (log().replace(b"src/a%20b.js", b"../../etc/passwd"), "points out of the repository"),
        (log().replace(b"Other", b"lockgate"), "cannot name another tool"),
        (log(locations=["x"]), r"runs\[0\].results\[0\]: must be an object"),
    ],
)
def test_a_broken_log_is_told_with_its_place(content, says):
    with pytest.raises(BrokenLog, match=says):
        read_log(content)


def test_the_way_of_a_value_and_its_mend_are_in_the_log():
    steps = (Step("web.py", 1, 1, 1, 9, "enters here"), Step("a b.py", 3, 5, 3, 20, "is run here"))
    made = sarif.document([finding(steps=steps, mend=Mend(3, 5, 3, 20, "bound()"))])
    [result] = made["runs"][0]["results"]
    flow = result["codeFlows"][0]["threadFlows"][0]["locations"]
    assert [one["location"]["message"]["text"] for one in flow] == ["enters here", "is run here"]
    assert result["fixes"][0]["artifactChanges"][0]["replacements"][0]["insertedContent"]["text"] == "bound()"


def test_gitlab_gets_security_findings():
    report = FORMS["gitlab-sast"]([finding(), finding(cwe=None, rule="mutable-default")], AT, AT, COMMIT)
    [one] = report["vulnerabilities"]
    assert (one["severity"], one["location"]["start_line"], report["scan"]["start_time"]) == ("High", 3, "2031-05-04T12:00:00")
    assert {"cwe", "lockgate_rule"} == {each["type"] for each in one["identifiers"]}


def test_gitlab_gets_secrets_with_their_commit():
    leaked = finding(rule="secret-github-token", cwe=798)
    report = FORMS["gitlab-secrets"]([finding(), leaked], AT, AT, COMMIT)
    [one] = report["vulnerabilities"]
    assert (one["category"], report["scan"]["type"], one["location"]["commit"]) == ("secret_detection", "secret_detection", {"sha": COMMIT})
    assert report["schema"].endswith("/secret-detection-report-format.json")


def test_gitlab_gets_code_quality():
    [one] = FORMS["gitlab-codequality"]([finding()], AT, AT, COMMIT)
    assert (one["severity"], one["fingerprint"], one["location"]) == ("critical", "f1", {"path": "a b.py", "lines": {"begin": 3, "end": 3}})


def test_sonar_gets_issues_with_their_rules():
    report = FORMS["sonar"]([finding(), finding(end_column=5)], AT, AT, COMMIT)
    assert {one["ruleId"] for one in report["issues"]} == {one["id"] for one in report["rules"]} == {"sql-injection"}
    assert report["issues"][0]["primaryLocation"]["textRange"] == {"startLine": 3, "endLine": 3, "startColumn": 4, "endColumn": 19}
    assert "startColumn" not in report["issues"][1]["primaryLocation"]["textRange"]


def test_no_form_holds_a_secret_or_its_hash():
    report = review_file(SourceFile("a.env", b"DB_PASSWORD=tulip-44-rain\n"), ReviewOptions())
    [one] = report.findings
    for form in FORMS.values():
        text = json.dumps(form(report.findings, AT, AT, COMMIT))
        assert one.secret_hash not in text
        assert "tulip" not in text


@pytest.mark.parametrize("form", FORMS)
def test_each_form_has_its_published_shape(form):
    source = b"import os, hashlib\n\n\ndef f(name, items=[]):\n    os.system(name)\n    hashlib.md5(b'')\n    try:\n        pass\n    except:\n        pass\n"
    found = [*review_file(SourceFile("a b.py", source), ReviewOptions()).findings, *review_file(SourceFile("a.env", b"DB_PASSWORD=tulip-44-rain\n"),
             ReviewOptions()).findings, *(finding(severity=level, end_column=5, why="", fix="", rule=f"r-{level}") for level in SEVERITIES)]
    made = json.loads(json.dumps(FORMS[form](found, AT, AT, COMMIT)))
    jsonschema.validate(made, SHAPES[form])
    assert len(json.dumps(made)) > (900 if form == "gitlab-secrets" else 2000)
    if form == "sonar":
        assert {one["ruleId"] for one in made["issues"]} <= {one["id"] for one in made["rules"]}
    if form == "gitlab-codequality":
        assert len({one["fingerprint"] for one in made}) == len({one.fingerprint for one in found})


@pytest.mark.parametrize(
    ("uri", "path"),
    [("file:///builds/acme/shop/src/app.py", "src/app.py"), ("/work/src/app.py", "src/app.py"), ("file:///C:/ci/app.py", "app.py"),
     ("C:\\ci\\src\\app.py", "src/app.py"), ("other/src/app.py", "other/src/app.py"), ("file:///gone/x.py", "gone/x.py"), ("./app.py", "app.py")],
)  # fmt: skip
def test_places_on_another_machine_become_files_of_the_commit(uri, path):
    result = {"ruleId": "a", "message": {"text": "m"}, "locations": [{"physicalLocation": {"artifactLocation": {"uri": uri}}}]}
    log = {"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "ruff"}}, "results": [result]}]}
    [one] = read_log(json.dumps(log).encode(), frozenset({"app.py", "src/app.py"}))
    assert one.path == path
