"""Every kind of secret, by its own examples; and that no secret is shown."""

import pytest

from analyzers.detector import all_detectors, scan, told
from analyzers.finding import SourceFile
from analyzers.lines import Lines
from analyzers.mask import masked
from analyzers.options import ReviewOptions
from analyzers.review import review_file
from analyzers.setting import all_readers

SETTINGS = [pytest.param(one, *example, id=f"{one.name}-{n}") for one in all_readers() for n, example in enumerate(one.examples)]
DETECTORS = all_detectors()
FLAGGED = [pytest.param(one, text, id=f"{one.name}-{n}") for one in DETECTORS for n, text in enumerate(one.flagged)]
NEAR = [pytest.param(one, text, id=f"{one.name}-{n}") for one in DETECTORS for n, text in enumerate(one.near_misses)]


def found_by(detector, text):
    path = f"x{detector.files[0]}" if detector.files else "a.env"
    path = path if detector.covers(path) else detector.files[0]
    return [draft for draft in scan(text, Lines(text), path) if draft.rule == f"secret-{detector.name}"]


@pytest.mark.parametrize(("detector", "text"), FLAGGED)
def test_a_detector_sees_its_secret(detector, text):
    assert found_by(detector, text)


@pytest.mark.parametrize(("detector", "text"), NEAR)
def test_a_detector_leaves_near_misses_alone(detector, text):
    assert not found_by(detector, text)


@pytest.mark.parametrize(("reader", "text", "name", "value"), SETTINGS)
def test_a_reader_reads_its_form(reader, text, name, value):
    [found] = {(one.start, one.end) for one in reader.read(text) if (one.name, one.value) == (name, value)}
    assert text[slice(*found)].strip("'\"") == value


@pytest.mark.parametrize(("detector", "text"), FLAGGED)
def test_no_finding_shows_its_secret(detector, text):
    path = f"x{detector.files[0]}" if detector.files else "a.env"
    [secret] = {draft.secret for draft in found_by(detector, text)}
    report = review_file(SourceFile(path, text.encode()), ReviewOptions())
    assert secret not in str(report)
    line_texts = [masked(line, n, report.findings) for n, line in enumerate(Lines(text).all(), 1)]
    assert secret not in "\n".join(line_texts)


def test_only_four_characters_are_told():
    assert told("A key", "abcdefghijklmnopqrst") == "A key, ending in …qrst, is in the source."
    assert told("A key", "tulip-44") == "A key is in the source."


def test_detect_secrets_gives_a_second_opinion():
    key = "9f8e7d6c5b4a39281706f5e4d3c2b1a0" + "-us12"
    text = f'const mail = connect("{key}");\n'
    report = review_file(SourceFile("app.js", text.encode()), ReviewOptions())
    assert {finding.tool for finding in report.findings} == {"detect-secrets"}


def test_an_allowlist_comment_silences_but_stays_visible():
    text = 'connect("9f8e7d6c5b4a39281706f5e4d3c2b1a0-us12")  # pragma: allowlist secret\n'
    report = review_file(SourceFile("a.properties", text.encode()), ReviewOptions())
    assert not report.findings
    assert [one.reason for one in report.suppressed] == ["an allowlist comment"]


def test_an_address_in_a_docstring_weighs_less():
    address = '"mssql://ann:tulip^44rain@base17:1433/shop"'
    prose = f'# a.py\n"""Use it so::\n\n    connect({address})\n"""\n'
    assert [one.severity for one in scan(prose, Lines(prose), "a.py")] == ["medium"]
    code = f'"""Use it."""\nconnect({address})\n'
    assert [one.severity for one in scan(code, Lines(code), "a.py")] == ["high"]
