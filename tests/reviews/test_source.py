"""Six lines of source around a finding, with nothing secret in them."""

import pytest

from service.reviews.source import LINES, covered, excerpt, lines_to_cover

pytestmark = pytest.mark.anydb

TWENTY = b"\n".join(b"line %d" % number for number in range(1, 21)) + b"\n"


@pytest.mark.parametrize(("line", "first"), [(1, 1), (2, 1), (3, 1), (10, 8), (18, 15), (20, 15), (99, 15)])
def test_six_lines_surround_the_finding(line: int, first: int) -> None:
    shown = excerpt(TWENTY, line, line, secret_lines=())
    assert shown.first == first
    assert shown.text.split("\n") == [f"line {number}" for number in range(first, first + LINES)]


def test_a_short_file_is_shown_whole() -> None:
    shown = excerpt(b"import os\n", 1, 1, secret_lines=())
    assert (shown.text, shown.first, shown.marks) == ("import os", 1, (1,))


def test_marks_stay_within_what_is_shown() -> None:
    assert excerpt(TWENTY, 10, 40, secret_lines=()).marks == (10, 11, 12, 13)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_numbers_are_those_of_editors(end: str) -> None:
    content = end.join(["a", "b\x0c\x1c", "c\u2028", "d", "e", "f", "g", "h"]).encode()
    assert excerpt(content, 8, 8, secret_lines=()).text.split("\n")[-1] == "h"


def test_an_endless_line_is_cut() -> None:
    assert len(excerpt(b"x" * 5_000_000, 1, 1, secret_lines=()).text) < 1000


@pytest.mark.parametrize(
    ("line", "secret", "kept"),
    [
        ('PASSWORD = "hunter2!"', "hunter2", "PASSWORD"),
        ("password: hunter2!", "hunter2", "password"),
        ("DB_PASSWORD=hunter2!", "hunter2", "DB_PASSWORD"),
        ("connect(user='shop', password='hunter2!')", "hunter2", "password"),
        ('url = "postgres://shop:hunter2@db/shop"', "hunter2", "url"),
        (r'key = "hun\"ter2"', "ter2", "key"),
        ("PRODUCTION_DATABASE_PASSWORD = hunter2!", "hunter2", "PRODUCTION_DATABASE_PASSWORD"),
        ("c2VjcmV0c2VjcmV0c2VjcmV0==", "c2VjcmV0", ""),
        ("MIIEvQIBADANBgkqhkiG9w0BAQEFAASC", "MIIEvQIB", ""),
    ],
)
def test_a_secret_is_covered_its_name_is_not(line: str, secret: str, kept: str) -> None:
    shown = covered(line)
    assert secret not in shown
    assert kept in shown


def test_the_body_of_a_key_is_covered() -> None:
    content = b"-----BEGIN PRIVATE KEY-----\n" + b"MIIEvQIBADANBgkqhkiG9w0BAQEFAASC\n" * 8
    assert "MIIE" not in excerpt(content, 1, 1, secret_lines=lines_to_cover(content, 1, 1)).text


def test_a_neighbouring_secret_is_covered_too() -> None:
    content = b'PASSWORD = "hunter2!"\ncursor.execute(f"select {x}")\n'
    shown = excerpt(content, 2, 2, secret_lines=lines_to_cover(content, 1, 1)).text
    assert "hunter2" not in shown


def test_lines_around_a_password_stay_readable() -> None:
    content = b'PASSWORD = "hunter2!"\n\ndef find(connection: Connection) -> str:\n'
    shown = excerpt(content, 1, 1, secret_lines=lines_to_cover(content, 1, 1)).text
    assert "def find(connection: Connection) -> str:" in shown
