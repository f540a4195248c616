"""The code cells of a notebook as one module of Python, and where each line of it stands in the file.

Magics: https://ipython.readthedocs.io/en/stable/interactive/magics.html
"""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import libcst as cst

from analyzers.cells import Cell, cells, left_out
from analyzers.context import Draft
from analyzers.finding import Diagnostic, Step
from analyzers.lines import Lines
from analyzers.parse import parse_module

_PYTHON_CELLS = re.compile(r"%%(time|timeit|capture|prun|debug|memit)\b")
_MAGIC = re.compile(r"(\s*)(?:[%!?].*|[\w.]+\?{1,2}\s*)$")
_ASSIGNED_MAGIC = re.compile(r"(\s*[\w.,\[\] ]+=\s*)[%!](?!=).*$")
_ENDING = re.compile(r'(?:\\n)?",?\s*$')


@dataclass(frozen=True)
class _Row:
    """A line of the module: the offset of its text in the file, its cell and line there, from 1, and the text."""

    offset: int
    cell: int
    line: int
    text: str


@dataclass(frozen=True)
class Notebook:
    """The code of a notebook. `text` is the module; cells that are no Python are empty lines in it and told of."""

    text: str
    told: tuple[Diagnostic, ...]
    rows: tuple[_Row, ...]

    def placed(self, draft: Draft, lines: Lines, path: str) -> Draft:
        """What was found in the module, at its place in the file, with the cell in its message."""
        line, column, row = self._place(draft.line, draft.column, lines)
        end_line, end_column, _ = self._place(draft.end_line, draft.end_column, lines)
        return replace(
            draft, line=line, column=column, end_line=max(line, end_line), end_column=end_column, mend=None,
            message=f"{draft.message} (cell {row.cell}, line {row.line})", steps=tuple(self._step(one, lines, path) for one in draft.steps),
            also=frozenset(self._place(one, 1, lines)[0] for one in draft.also),
        )  # fmt: skip

    def _step(self, step: Step, lines: Lines, path: str) -> Step:
        if step.path != path:
            return step
        line, column, row = self._place(step.line, step.column, lines)
        end_line, end_column, _ = self._place(step.end_line, step.end_column, lines)
        told = f"{step.message} (cell {row.cell}, line {row.line})"
        return replace(step, line=line, column=column, end_line=end_line, end_column=end_column, message=told)

    def _place(self, line: int, column: int, lines: Lines) -> tuple[int, int, _Row]:
        row = self.rows[min(max(line, 1), len(self.rows)) - 1]
        written = len(json.dumps(row.text[: column - 1], ensure_ascii=False)) - 2
        return (*lines.place(row.offset + written), row)


def read(text: str, path: str) -> Notebook | None:
    """The notebook in a file; None for one whose code is no Python. Raises NoNotebook."""
    every, language = cells(text)
    if language and language.lower() not in ("python", "ipython"):
        return None
    rows: list[_Row] = []
    told: list[Diagnostic] = []
    lines = Lines(text)
    if gone := left_out(text):
        told.append(Diagnostic(path, 0, f"long texts among its outputs, such as pictures, were not read, for it is large: {gone}"))
    for number, cell in enumerate(every, 1):
        if cell.kind == "code":
            own = [_Row(offset, number, at, line) for at, (line, offset) in enumerate(_source_lines(cell), 1)]
            code, why = _checked(_without_magics([one.text for one in own]))
            if why and own:
                told.append(Diagnostic(path, lines.place(own[0].offset)[0], f"cell {number} is not valid Python and was not read: {why}"))
            rows += [replace(row, text=line) for row, line in zip(own, code, strict=True)]
    return Notebook("".join(f"{row.text}\n" for row in rows), tuple(told), tuple(rows)) if rows else None


def readable_comments(lines: Lines) -> Lines:
    """The file's lines without what JSON puts after a line of code, so that a comment ends where its author ended it."""
    return Lines("\n".join(_ENDING.sub("", line) for line in lines.all()))


def _source_lines(cell: Cell) -> Iterator[tuple[str, int]]:
    """The cell's lines, each with where it begins in the file."""
    for part, offset in cell.parts:
        at = offset
        for line in part.split("\n") if not part.endswith("\n") else part[:-1].split("\n"):
            yield line.rstrip("\r"), at
            at += len(json.dumps(line, ensure_ascii=False)) - 2 + len("\\n")


def _without_magics(lines: Sequence[str]) -> list[str]:
    """The lines with IPython's own syntax taken out; of a cell in another language nothing is left."""
    first = next((line for line in lines if line.strip()), "")
    if first.startswith("%%") and not _PYTHON_CELLS.match(first):
        return [""] * len(lines)
    without = []
    for line in lines:
        magic, assigned = _MAGIC.match(line), _ASSIGNED_MAGIC.match(line)
        without.append(f"{magic[1]}pass" if magic else f"{assigned[1]}None" if assigned else line)
    return without


def _checked(lines: list[str]) -> tuple[list[str], str]:
    """The lines, or as many empty ones and why they are no Python."""
    try:
        parse_module("\n".join(lines) + "\n")
    except cst.ParserSyntaxError as error:
        return [""] * len(lines), f"line {error.raw_line}: {error.message.splitlines()[0]}"
    return lines, ""
