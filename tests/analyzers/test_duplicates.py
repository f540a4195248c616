"""The same code in two files: found by its meaning to a reader, told with both places, the same from any order of reports."""

import random
from datetime import date

import pytest

from analyzers import duplicates, shingles
from analyzers.duplicates import FINDINGS_MAX, LINES_MIN, RULE, added
from analyzers.finding import FileReport, SourceFile
from analyzers.options import ReviewOptions
from analyzers.review import review, review_file
from analyzers.sarif import document

OPTIONS = ReviewOptions()
TODAY = date(2026, 11, 24)
PRICE = '''def price(order, rates, today):
    """The price of an order."""
    total = 0
    for line in order.lines:
        rate = rates.get(line.kind, 1)
        amount = line.amount * rate
        if line.discount and today < line.discount.until:
            amount -= line.discount.amount
        if line.kind == "book":
            amount *= 0.93
        total += amount
    if total > 100:
        total -= 5
    order.total = total
    order.save()
    return total
'''
TOLD = PRICE.replace('"book"', "'paper'").replace("    total = 0", "    # none yet\n\n    total  =  0").replace("The price", "What it costs")


def reports(files, options=OPTIONS):
    return added([(path, review_file(SourceFile(path, text.encode()), options)) for path, text in files.items()], options)


def found(files, options=OPTIONS):
    return [one for report in reports(files, options) for one in report.findings if one.rule == RULE]


def test_a_copy_is_told_with_both_places():
    [one] = found({"b.py": TOLD, "a.py": "import os\n\n\n" + PRICE})
    assert (one.path, one.line, one.end_line, one.severity, one.cwe) == ("b.py", 1, 18, "low", 1041)
    assert one.message == "15 lines of code, 1 to 18, are the same as lines 4 to 19 of a.py."
    [step] = one.steps
    assert (step.path, step.line, step.end_line) == ("a.py", 4, 19)


def test_other_names_numbers_or_one_file_are_no_copy():
    assert found({"a.py": PRICE, "b.py": PRICE.replace("total", "price_sum")}) == []
    assert found({"a.py": PRICE, "b.py": PRICE.replace("amount", "number").replace("-= 5", "-= 7")}) == []
    assert found({"a.py": PRICE + "\n\n" + PRICE}) == []
    assert found({"a.py": PRICE, "b.md": PRICE}) == []


def test_imports_tables_and_prose_are_no_copy():
    many = "from shop import (\n" + "".join(f"    name_{n},\n" for n in range(40)) + ")\nimport os\n" + "".join(f"import m{n}\n" for n in range(30))
    table = "ROWS = [\n" + "".join(f"    ({n}, {n * n}, 'row'),\n" for n in range(60)) + "]\n"
    prose = '"""' + "".join(f"Line {n} of what this is about.\n" for n in range(40)) + '"""\n'
    call = "run(\n" + "".join(f"    size={n % 4},\n" for n in range(60)) + ")\n"
    text = many + prose + table + call
    assert found({"a.py": text, "b.py": text}) == []


@pytest.mark.parametrize("shared", [LINES_MIN - 1, LINES_MIN])
def test_enough_lines_are_found_wherever_they_stand(shared):
    chance = random.Random(shared)
    for _ in range(40):
        copied = [f"    value_{chance.random()} = step_{n}(value)\n" for n in range(shared)]

        def around(name, copied=copied):
            mine = [f"    {name}_{chance.random()} = {name}_{n}(1)\n" for n in range(chance.randrange(60))]
            at = chance.randrange(len(mine) + 1)
            return "def f(value):\n" + "".join([*mine[:at], *copied, *mine[at:]])

        files = [(path, FileReport(code=shingles.packed(around(path[0])))) for path in ("a.py", "b.py")]
        told = [one for report in added(files, OPTIONS) for one in report.findings]
        assert len(told) == (shared == LINES_MIN)


def test_order_moves_and_renames_change_no_fingerprint():
    [one] = found({"a.py": PRICE, "b.py": TOLD})
    [moved] = found({"zz/old.py": "X = 1\n\n\n" + PRICE, "b.py": "Y = 2\n" + TOLD})
    assert (moved.path, moved.fingerprint) == ("zz/old.py", one.fingerprint)
    three = found({"a.py": PRICE, "b.py": TOLD, "c.py": PRICE})
    assert [two.steps[0].path for two in three] == ["a.py", "a.py"]
    assert len({two.fingerprint for two in three}) == 2
    assert one.fingerprint in {two.fingerprint for two in three}


def test_a_comment_with_a_reason_silences_it():
    silenced = PRICE.replace("    total = 0", "    # lockgate: ignore[duplicate-code] two shops, two laws until=2027-01-01\n    total = 0")
    files = [SourceFile("a.py", PRICE.encode()), SourceFile("b.py", silenced.encode())]
    report = review(files, OPTIONS, TODAY)
    assert (report.findings, report.diagnostics) == ((), ())
    assert [(one.reason, one.until, one.line) for one in report.suppressed] == [("two shops, two laws", "2027-01-01", 3)]
    late = review(files, OPTIONS, date(2027, 1, 2))
    assert [one.rule for one in late.findings] == [RULE]
    assert [one.message for one in late.diagnostics] == [f"the suppression of {RULE} ended on 2027-01-01"]
    alone = review(files[1:], OPTIONS, TODAY)
    assert [(one.line, one.message) for one in alone.diagnostics] == [(3, f"this suppression of {RULE} silences nothing; remove it")]


def test_documentation_may_show_such_a_comment():
    report = review([SourceFile("a.md", b"    # lockgate: ignore[duplicate-code] two shops, two laws\n")], OPTIONS, TODAY)
    assert report.diagnostics == ()


def test_settings_accept_or_disable_it():
    accepted = ReviewOptions.model_validate({"accept": [{"rules": [RULE], "paths": ["old/"], "reason": "goes next month"}]})
    files = {"a.py": PRICE, "old/b.py": TOLD}
    [_, report] = reports(files, accepted)
    assert [(one.reason, one.entry) for one in report.suppressed] == [("goes next month", 1)]
    for off in (ReviewOptions(disable=(RULE,)), ReviewOptions(disable=("all-but-secrets",))):
        assert found(files, off) == []
        assert review_file(SourceFile("a.py", PRICE.encode()), off).code == ""


def test_a_report_keeps_what_it_gives():
    report = review_file(SourceFile("a.py", TOLD.encode()), OPTIONS)
    assert FileReport.from_dict(report.to_dict()) == report
    assert len(shingles.unpacked(report.code).numbers) == 15


def test_sarif_relates_the_other_place():
    result = document(found({"a.py": PRICE, "b.py": TOLD}))["runs"][0]["results"][0]
    assert "codeFlows" not in result
    assert result["locations"][0]["physicalLocation"]["region"] == {"startLine": 1, "endLine": 18}
    [other] = result["relatedLocations"]
    assert other["physicalLocation"]["artifactLocation"]["uri"] == "a.py"
    assert other["physicalLocation"]["region"] == {"startLine": 1, "endLine": 16}


def test_more_than_the_limit_is_told():
    code = review_file(SourceFile("a.py", PRICE.encode()), OPTIONS).code
    many = added([(f"f{number:05}.py", FileReport(code=code)) for number in range(FINDINGS_MAX + 20)], OPTIONS)
    assert sum(len(one.findings) for one in many) == FINDINGS_MAX
    assert [told.message for one in many for told in one.diagnostics] == [
        f"{duplicates.RULE}: more than 1,000 in this tree; the first by path are told"
    ]


@pytest.mark.parametrize("text", ['\\"' * 400_000, '"""' + '\\"""\n' * 200_000, "'" * 400_001, "x\n" * 400_000, "#'\"" * 300_000, "\\", '"\\'])
def test_hostile_text_is_gone_over_once(text):
    code = shingles.packed(text)
    assert [one.findings for one in added([(path, FileReport(code=code)) for path in "ab"], OPTIONS)] == [(), ()]
