"""Whole files: what tools say together, what comments silence, what cannot be read, and the way through JSON."""

import json
from datetime import date
from encodings.aliases import aliases

import pytest

from analyzers import accept
from analyzers.finding import FileReport, Report, Skipped, SourceFile
from analyzers.limits import FILE_BYTES_MAX
from analyzers.options import ReviewOptions
from analyzers.review import review, review_file

OPTIONS = ReviewOptions()
TODAY = date(2026, 11, 24)
SINS = b"""import os, pickle, requests

def f(db, name, data):
    query = f"SELECT * FROM users WHERE name = '{name}'"
    os.system("ls " + name)
    requests.get("https://example.org", verify=False, timeout=5)
    pickle.loads(data)
    return db.execute(query)
"""


def of(content, path="a.py", options=OPTIONS):
    return review_file(SourceFile(path, content), options)


def test_two_tools_make_one_finding():
    report = of(SINS)
    rules = sorted((one.rule, one.line) for one in report.findings)
    assert rules == [
        ("shell-injection", 5), ("sql-injection", 8), ("unsafe-deserialization", 7), ("unverified-tls", 6),
    ]  # fmt: skip
    assert {one.tool for one in report.findings} == {"lockgate"}


def test_bandit_adds_what_our_rules_lack():
    report = of(b"def f(name):\n    return \"SELECT a FROM t WHERE b = '%s'\" % name\n")
    assert [(one.rule, one.tool) for one in report.findings] == [("B608", "bandit")]


def test_reports_survive_json():
    report = of(SINS + b"x = 1  # lockgate: ignore[nothing] why\neval(x)  # lockgate: ignore[dynamic-code] fixed\n")
    assert FileReport.from_dict(json.loads(json.dumps(report.to_dict()))) == report
    whole = review([SourceFile("a.py", SINS)], OPTIONS, TODAY)
    assert Report.from_dict(json.loads(json.dumps(whole.to_dict()))) == whole


def test_the_worst_comes_first():
    ranks = [one.rank for one in review([SourceFile("a.py", SINS)], OPTIONS, TODAY).findings]
    assert ranks == sorted(ranks, reverse=True)
    assert all(0 < rank <= 1 for rank in ranks)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"def f(:\n", "not valid Python"),
        (b"x = 1\0\n", "not valid Python"),
        (b"x = '\xe9'\n", "not valid UTF-8"),
        (b"# coding: nonsense\n", "unknown encoding"),
        (b"x" * (FILE_BYTES_MAX + 1), "larger than the limit"),
    ],
)
def test_an_unreadable_file_is_told_of(content, says):
    [told] = of(content).diagnostics
    assert says in told.message
    assert told.unreadable


def test_a_file_bandit_cannot_read_is_told_of():
    report = of(b"import os\ntype A[T] = list[T]\nos.system(A)\n")
    assert [one.rule for one in report.findings] == ["shell-injection"]
    assert ["Bandit cannot read this file" in one.message for one in report.diagnostics] == [True]
    assert not report.diagnostics[0].unreadable


def test_an_unreadable_file_is_still_searched_for_secrets():
    key = "AKIA" + "QYLPMN5HHHFPZAM2"
    assert [one.rule for one in of(f"def f(:\n  k = '{key}'\n".encode()).findings] == ["secret-aws-access-key-id"]


@pytest.mark.parametrize(
    "content",
    [b"\xef\xbb\xbfimport os\nos.system(a)\n", b"import os\r\nos.system(a)\r\n", b"import os\n\x0cos.system(a)\n",
     b"# -*- coding: latin-1 -*-\nimport os; x = '\xe9'; os.system(a)\n"],
    ids=["mark", "crlf", "form feed", "latin"],
)  # fmt: skip
def test_line_numbers_are_those_of_editors(content):
    assert [one.line for one in of(content).findings if one.rule == "shell-injection"] == [2]


def test_binary_files_are_passed_over():
    assert of(bytes(range(256)) * 10, "a.png") == FileReport(skipped=(Skipped("a.png", "binary", "binary, not text"),))


def test_a_suppression_needs_rule_and_reason():
    good = of(b"import os\nos.system(a)  # lockgate: ignore[shell-injection] the list is fixed above\n")
    assert not good.findings
    assert not good.diagnostics
    assert [one.reason for one in good.suppressed] == ["the list is fixed above"]
    for comment in (b"# lockgate: ignore", b"# lockgate: ignore[shell-injection]", b"# lockgate: ignore[] why"):
        bad = of(b"import os\nos.system(a)  " + comment + b"\n")
        assert len(bad.findings) == 1
        assert "does not count" in bad.diagnostics[0].message


def test_a_suppression_may_stand_above():
    report = of(b"import os\n# lockgate: ignore[shell-injection] no user's text\nos.system(a)\n")
    assert not report.findings
    assert not report.diagnostics


def test_a_suppression_in_a_string_is_none():
    report = of(b'import os\ntext = "# lockgate: ignore[shell-injection] x"; os.system(a)\n')
    assert len(report.findings) == 1


def test_a_suppression_ends_on_its_day():
    kept = of(b"import os\nos.system(a)  # lockgate: ignore[shell-injection] till then until=2026-12-24\n")
    assert not kept.on(date(2026, 12, 24)).findings
    over = kept.on(date(2026, 12, 25))
    assert [one.rule for one in over.findings] == ["shell-injection"]
    assert "ended on 2026-12-24" in over.diagnostics[0].message


def test_an_unused_suppression_is_told_of():
    report = of(b"x = 1  # lockgate: ignore[shell-injection] was here once\n")
    assert "silences nothing" in report.diagnostics[0].message


def test_options_leave_files_and_rules_out():
    [left] = of(SINS, "docs/a.py", ReviewOptions(exclude=("docs/", "!docs/b.py"))).skipped
    assert (left.reason, left.why) == ("excluded", "excluded by `docs/`")
    left = of(SINS, options=ReviewOptions(disable=("sql-injection", "bandit")))
    assert "sql-injection" not in {one.rule for one in left.findings}


@pytest.mark.parametrize(
    ("test", "severity"),
    [("verify is False", "low"), ("not self.validate_cert", "low"), ("options['cert_reqs'] == ssl.CERT_NONE", "low"), ("url", "high")],
)
def test_checks_that_an_option_switches_off_weigh_little(test, severity):
    source = (
        "import ssl\n\n\ndef connect(self, url, verify, options):\n    context = ssl.create_default_context()\n"
        f"    if {test}:\n        context.check_hostname = False\n        context.verify_mode = ssl.CERT_NONE\n"
    )
    found = [one for one in of(source.encode()).findings if one.rule == "unverified-tls"]
    assert [(one.line, one.severity) for one in found] == [(7, severity)]


def test_names_that_lead_to_each_other_are_followed_once():
    """Each of 24 attributes is made of the two before it, in several ways: the ways through them are more than can be walked."""
    names = [f"a{n}" for n in range(24)]
    ways = [f"        self.{one} = self.{two}.go()\n        self.{one} = self.{three}.go()\n"
            for one, two, three in zip(names[2:], names[1:], names, strict=False)]  # fmt: skip
    local = "".join(f"    if x: x = x.b{n}\n" for n in range(40))
    source = "import os\nclass A:\n    def make(self):\n" + "".join(ways) + f"        self.{names[-1]}.run()\ndef f(x):\n{local}    x.run()\n    os.system(x)\n"
    assert [one.rule for one in of(source.encode()).findings if one.severity == "medium"] == ["shell-injection"]


@pytest.mark.parametrize("name", sorted({*aliases.values(), "idna", "punycode", "undefined", "unicode_escape", "raw_unicode_escape"}))
def test_no_declared_encoding_ends_a_review(name: str) -> None:
    report = review_file(SourceFile("a.py", f"# coding: {name}\nimport os\nos.system(x)\n".encode()), ReviewOptions(disable=("detect-secrets",)))
    assert any(one.unreadable for one in report.diagnostics) or [one.rule for one in report.findings] == ["shell-injection"]


def test_a_misspelt_suppression_names_the_rule_meant():
    report = of(b"import os\nos.system(a)  # lockgate: ignore[shell-injecton] ours\n")
    assert [one.rule for one in report.findings] == ["shell-injection"]
    [told] = report.diagnostics
    assert told.message.startswith("this suppression of shell-injecton silences nothing; no rule is called `shell-injecton`; did you mean `shell-injection`")


def test_an_accepted_finding_comes_back_after_its_day():
    entry = {"rules": ["shell-injection"], "paths": ["*.py"], "reason": "till the rewrite", "until": "2026-12-24"}
    options = ReviewOptions.model_validate({"accept": [entry]})
    file = SourceFile("a.py", b"import os\nos.system(a)\n")
    assert not review([file], options, date(2026, 12, 24)).findings
    late = review([file], options, date(2026, 12, 25))
    assert [one.rule for one in late.findings] == ["shell-injection"]
    [told] = late.diagnostics
    assert (told.path, told.line) == ("a.py", 2)
    assert told.message == "entry 1 of `review: accept:`, which accepted shell-injection here, ended on 2026-12-24"
    assert accept.unused(options.accept, late.suppressed, date(2026, 12, 25)) == []
    assert len(accept.unused(options.accept, late.suppressed, date(2026, 12, 24))) == 1
