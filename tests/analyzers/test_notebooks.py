"""Notebooks: their cells are read as one module, and what is found stands where an editor shows it."""

import json

import pytest

from analyzers.cells import NOTEBOOK_BYTES_MAX
from analyzers.finding import FileReport, SourceFile
from analyzers.limits import FILE_BYTES_MAX, readable
from analyzers.options import ReviewOptions
from analyzers.review import review_file

pytestmark = pytest.mark.anydb


def cell(source: str, kind: str = "code", *, whole: bool = False) -> dict[str, object]:
    return {"cell_type": kind, "metadata": {}, "source": source if whole else source.splitlines(keepends=True)}


def notebook(*cells: dict[str, object], language: str = "python", indent: int | None = 1) -> bytes:
    known = {"cells": list(cells), "metadata": {"kernelspec": {"name": "julia-1.9", "language": language}}, "nbformat": 4}
    return json.dumps(known, indent=indent).encode()


def review(content: bytes) -> FileReport:
    return review_file(SourceFile("study.ipynb", content), ReviewOptions())


CELLS = (
    cell("# Text with import os\n", "markdown"),
    cell("%matplotlib inline\nimport os\nfiles = !ls\nos?\n!pip install x\n"),
    cell("def run(name):\n    os.system('ls \"' + name)\n"),
    cell("%%bash\nrm -rf $HOME\n"),
    cell("%%time\nrun(input())\n"),
)


def test_a_finding_stands_at_its_line_of_the_file() -> None:
    content = notebook(*CELLS)
    report = review(content)
    found = next(one for one in report.findings if one.rule == "shell-injection" and "cell 3, line 2" in one.message)
    text = content.decode().splitlines()[found.line - 1]
    assert "os.system(" in text
    assert text[found.column - 1 :].startswith("os.system(")
    assert text[: found.end_column - 1].endswith("name)")
    assert not report.diagnostics
    assert {one.line for one in report.findings} <= set(range(1, len(content.splitlines()) + 1))


def test_cells_are_one_module_with_data_flow() -> None:
    content = notebook(cell("from flask import request\nimport os\n"), cell("name = request.args['a']\n"), cell("os.system(name)\n"))
    found = next(one for one in review(content).findings if one.rule == "shell-injection")
    assert [one.message.rsplit("(", 1)[1] for one in found.steps][:: len(found.steps) - 1] == ["cell 2, line 1)", "cell 3, line 1)"]


@pytest.mark.parametrize("indent", [None, 4])
def test_a_source_may_be_one_text(indent: int | None) -> None:
    content = notebook(cell("import os\n\nos.system(x)\n", whole=True), indent=indent)
    found = next(one for one in review(content).findings if one.rule == "shell-injection")
    line = content.decode().splitlines()[found.line - 1]
    assert line[found.column - 1 :].startswith("os.system(x)")
    assert "(cell 1, line 3)" in found.message


def test_a_comment_in_a_cell_silences() -> None:
    content = notebook(cell("import os\nos.system(x)  # lockgate: ignore[shell-injection] x is ours\n"))
    report = review(content)
    assert [one.reason for one in report.suppressed] == ["x is ours"]
    assert "shell-injection" not in {one.rule for one in report.findings}


def test_a_broken_cell_costs_only_itself() -> None:
    report = review(notebook(cell("def f(:\n"), cell("import os\nos.system(x)\n")))
    assert [one.rule for one in report.findings] == ["shell-injection"]
    assert "cell 1 is not valid Python and was not read: line 1" in report.diagnostics[0].message


@pytest.mark.parametrize(
    ("content", "says"),
    [(b"{", "no JSON"), (b"[]", "no list of cells"), (b'{"cells": 3}', "no list of cells"), (b"[" * 100_000, "no JSON"),
     (b'{"cells": [' + b"[" * 900 + b"]" * 900 + b"]}", "nests too deeply")],
    ids=range(5),
)
def test_what_is_no_notebook_is_told(content: bytes, says: str) -> None:
    assert says in review(content).diagnostics[0].message


def test_other_kernels_are_searched_for_secrets_only() -> None:
    assert not review(notebook(cell("import os\nos.system(x)\n"), language="julia")).findings
    assert not review(notebook()).diagnostics


def test_a_large_notebook_is_read_without_its_pictures() -> None:
    picture = {"output_type": "display_data", "data": {"image/png": "iVBORw0KGgo" * 300_000, "text/plain": ["<Figure>"]}}
    sins = cell("import os\nos.system(input())\n") | {"outputs": [picture], "execution_count": 1}
    content = notebook(cell("# Text\n" * 3, "markdown") | {"attachments": {"a.png": {"image/png": "x" * 5000}}}, sins, cell("y = 1\n"))
    assert len(content) > 3 * FILE_BYTES_MAX
    file = readable("a/study.ipynb", content)
    assert len(file.content) < 10_000
    assert file.content.count(b"\n") == content.count(b"\n")
    [report] = [review_file(file, ReviewOptions())]
    found = next(one for one in report.findings if one.rule == "shell-injection")
    assert content.decode().splitlines()[found.line - 1][found.column - 1 :].startswith("os.system(")
    assert "(cell 2, line 2)" in found.message
    assert [one.message for one in report.diagnostics] == ["long texts among its outputs, such as pictures, were not read, for it is large: 2"]
    assert report.metered == 3


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (notebook(cell("x = 1\n" * 300_000)), "larger than the limit of 1,048,576 bytes, even without what its cells put out"),
        (b" " * (NOTEBOOK_BYTES_MAX + 1), "larger than the limit of 33,554,432 bytes"),
        (b"}" * (FILE_BYTES_MAX + 1), "larger than the limit of 1,048,576 bytes"),
        (b'"\\' * FILE_BYTES_MAX, "larger than the limit of 1,048,576 bytes"),
        (b'{"a":' * FILE_BYTES_MAX, "larger than the limit of 1,048,576 bytes"),
        (b'"' * (FILE_BYTES_MAX + 1), "larger than the limit of 1,048,576 bytes"),
    ],
    ids=range(6),
)
def test_a_notebook_too_large_all_the_same_is_told(content: bytes, says: str) -> None:
    [told] = review_file(readable("study.ipynb", content), ReviewOptions()).diagnostics
    assert says in told.message


def test_cells_named_twice_are_read_as_json_reads_them() -> None:
    code = notebook(cell("import os\nos.system(input())\n")).decode()
    twice = json.dumps({"cells": [cell("a = 1\n")] * 3})[:-1] + "," + code.lstrip("{ \n")
    assert "shell-injection" in {one.rule for one in review(twice.encode()).findings}


def test_only_code_cells_are_metered() -> None:
    code = cell("# a comment\n\nx = 1\ny = '''\ntext\n'''\n") | {"outputs": [{"text": ["many\n"] * 50}]}
    assert review(notebook(cell("# Text\n" * 9, "markdown"), code)).metered == 4
    assert review(b"{").metered == 1
