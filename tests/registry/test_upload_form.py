"""Small upload forms are read at once: never to another result than the parser's."""

import io
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from registry.formats.pypi.form import Form, parsed, plain
from service.kernel.blobs import Blobs, open_blobs
from service.kernel.errors import Malformed
from tests.registry.made import BOUNDARY, form, wheel

pytestmark = pytest.mark.anydb
MARK = BOUNDARY.encode()
_TEXT = st.text(st.characters(codec="utf-8"), max_size=20)
_NAMES = st.sampled_from(["name", "version", ":action", "classifiers", "gpg_signature", "content", "é", 'a"b', "a;b", "a%22"])
_PIECES = st.sampled_from([
    b"\r\n", b"\n", b"\r", b"--", b"\r\n--" + MARK, b"\r\n--" + MARK + b"--", b"--" + MARK, b"\r\n\r\n", b"\\", b'"', b";", b"\0", b"\xff",
    b"Content-Type: text/plain\r\n", b'Content-Disposition: form-data; name="content"; filename="x-1-py3-none-any.whl"\r\n', b" ",
])


@pytest.fixture(scope="module")
def blobs(tmp_path_factory: pytest.TempPathFactory) -> Blobs:
    return open_blobs(f"file://{tmp_path_factory.mktemp('blobs')}")


def part(name: str, value: bytes, filename: str = "") -> bytes:
    more = f'; filename="{filename}"' if filename else ""
    return b"--" + MARK + f'\r\nContent-Disposition: form-data; name="{name}"{more}\r\n\r\n'.encode() + value + b"\r\n"


def slow(body: bytes, blobs: Blobs) -> Form | None:
    try:
        return parsed(io.BytesIO(body), MARK, blobs)
    except Malformed:
        return None


def is_same(body: bytes, blobs: Blobs) -> bool:
    """Whether what is read at once is what the parser reads; nothing read at once leaves it to the parser."""
    quick = plain(body, MARK, blobs)
    other = slow(body, blobs)
    return quick is None or (other is not None and (quick.fields, quick.filename, quick.blob, quick.hashes) == (
        other.fields, other.filename, other.blob, other.hashes
    ))


def test_what_clients_send_is_read_at_once(blobs: Blobs) -> None:
    one = wheel("plain", "1.0")
    _, body = form(one, summary="two\r\nlines", description="é\n")
    quick = plain(body, MARK, blobs)
    assert quick is not None
    assert (quick.data, quick.filename, quick.one("summary")) == (one.data, one.filename, "two\r\nlines")
    assert is_same(body, blobs)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(_NAMES, _TEXT.map(str.encode) | st.binary(max_size=30), st.sampled_from(["", "x.whl", "é.whl", "a/b", 'q"'])), max_size=6))
def test_any_form_is_read_alike(blobs: Blobs, fields: list[tuple[str, bytes, str]]) -> None:
    body = b"".join(part(*one) for one in fields) + b"--" + MARK + b"--\r\n"
    assert is_same(body, blobs)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.floats(0, 1), _PIECES, st.integers(0, 12)), min_size=1, max_size=3))
def test_any_damage_is_read_alike(blobs: Blobs, changes: list[tuple[float, bytes, int]]) -> None:
    body = part("name", b"plain") + part("content", b"bytes of it", "x-1-py3-none-any.whl") + part("version", b"1.0") + b"--" + MARK + b"--\r\n"
    for where, piece, dropped in changes:
        at = int(where * len(body))
        body = body[:at] + piece + body[at + dropped :]
    assert is_same(body, blobs)


def test_the_parser_decides_what_is_unusual(tmp_path: Path) -> None:
    store = open_blobs(f"file://{tmp_path}")
    usual = part("content", b"bytes", "x.whl") + b"--" + MARK + b"--\r\n"
    assert plain(usual, MARK, store) is not None
    for body in (b"", b"preamble\r\n" + usual, usual + b"epilogue", usual.replace(b"\r\n", b"\n"), usual[:-6], usual + usual,
                 usual.replace(b"bytes", b""), part("content", b"again", "y.whl") + usual):
        assert plain(body, MARK, store) is None
