"""Tables: comma-separated values below a row of names, and rows that SQL inserts into named columns."""

import re
from collections.abc import Iterator

from analyzers.setting import Reader, Setting

ROWS_MAX = 20_000
"""Rows read of one table."""
_TELLING = re.compile(r"pass|pwd|secret|token|api_?key|otp|pin\b", re.IGNORECASE)
_CELL = re.compile(r"\"(?P<quoted>(?:[^\"\n]|\"\"){0,400})\"|(?P<bare>[^,;\t\n\"]{0,400})")
_INSERT = re.compile(r"\bINSERT\s+INTO\s+[\w.`\"\[\]]{1,120}\s{0,4}\((?P<columns>[^()]{1,2000})\)\s{0,8}VALUES\s{0,8}", re.IGNORECASE)
_VALUES = re.compile(r"\(\s{0,8}(?P<row>(?:'(?:[^'\\\n]|''|\\.){0,400}'|[^'()\n]){1,4000})\)\s{0,8}[,;]?\s{0,8}")
_VALUE = re.compile(r"\s{0,8}(?:N?'(?P<quoted>(?:[^'\\\n]|''|\\.){0,400})'|(?P<bare>[^',\n]{0,400}))\s{0,8}(?:,|$)")


def _read(text: str) -> Iterator[Setting]:
    yield from _separated(text)
    for insert in _INSERT.finditer(text):
        names = [one.strip(' `"[]\n\t') for one in insert["columns"].split(",")]
        if not any(_TELLING.search(one) for one in names):
            continue
        at = insert.end()
        for _ in range(ROWS_MAX):
            row = _VALUES.match(text, at)
            if row is None:
                break
            yield from _cells(_VALUE, text, names, row.start("row"), row.end("row"))
            at = row.end()


def _separated(text: str) -> Iterator[Setting]:
    """Rows below a header, its sign of separation the one that is in it most often."""
    end = text.find("\n")
    header = text[: max(end, 0)]
    sign = max(",;\t", key=header.count)
    names = [one.strip(' "\r') for one in header.split(sign)]
    if len(names) < 2 or len(header) > 2000 or not all(re.fullmatch(r"[\w .-]{1,60}", one) for one in names):
        return
    if not any(_TELLING.search(one) for one in names):
        return
    at = end + 1
    for _ in range(ROWS_MAX):
        stop = text.find("\n", at)
        stop = len(text) if stop < 0 else stop
        yield from _line(text, names, at, stop, sign)
        at = stop + 1
        if at >= len(text):
            return


def _line(text: str, names: list[str], at: int, stop: int, sign: str) -> Iterator[Setting]:
    for name in names:
        cell = _CELL.match(text, at, stop)
        if cell is None:
            return
        group = "bare" if cell["quoted"] is None else "quoted"
        if _TELLING.search(name) and cell[group].strip():
            yield Setting(name, cell[group].strip(), *cell.span(group))
        at = cell.end() + 1
        if at > stop or text[cell.end() : at] != sign:
            return


def _cells(pattern: re.Pattern[str], text: str, names: list[str], at: int, stop: int) -> Iterator[Setting]:
    for name in names:
        cell = pattern.match(text, at, stop)
        if cell is None:
            return
        if _TELLING.search(name) and cell["quoted"]:
            yield Setting(name, cell["quoted"], *cell.span("quoted"))
        at = cell.end()


READER = Reader(
    name="table",
    files=(".csv", ".tsv", ".sql", ".dump"),
    read=_read,
    source="https://www.rfc-editor.org/rfc/rfc4180",
    examples=(
        ("url,username,password\nhttps://acme.io,ann,tulip-44-rain\n", "password", "tulip-44-rain"),
        ('name;secret\n"ann";"tulip-44-rain"\n', "secret", "tulip-44-rain"),
        ("INSERT INTO users (name, password) VALUES ('ann', 'tulip-44-rain'), ('bob', 'x');", "password", "tulip-44-rain"),
    ),
)
