"""What is written in base64, hex or percent signs, decoded down to two levels; a bomb inside is cut, never unfolded."""

import base64
import binascii
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import unquote

DEPTH_MAX = 2
PARTS_MAX = 2000
"""Pieces decoded for one file."""
PART_CHARACTERS_MAX = 64 * 1024
INFLATED_BYTES_MAX = 256 * 1024
_PRINTABLE_SHARE_MIN = 0.97
_BASE64 = re.compile(r"(?<![A-Za-z0-9+/_-])[A-Za-z0-9+/_-]{16,65536}={0,2}")
_HEX = re.compile(r"(?<![0-9A-Za-z])(?:[0-9a-f]{2}){16,32768}(?![0-9A-Za-z])")
_PERCENT = re.compile(r"(?<![\w./:@%+-])[\w./:@%+-]{8,4000}")
_PACKED = (b"\x1f\x8b", b"x\x9c", b"x\xda", b"x\x01")


@dataclass(frozen=True)
class Part:
    """A piece of text that was encoded at `start` to `end`; `how` names the encodings, outermost first."""

    text: str
    start: int
    end: int
    how: str


def decoded_parts(text: str) -> Iterator[Part]:
    """The pieces of a text that decode to readable text, the text itself left out."""
    left = PARTS_MAX
    waiting = [(Part(text, 0, len(text), ""), 0)]
    while waiting and left > 0:
        outer, depth = waiting.pop()
        for inner in _inside(outer, depth):
            left -= 1
            if left < 0:
                return
            yield inner
            if depth + 1 < DEPTH_MAX:
                waiting.append((inner, depth + 1))


def _inside(outer: Part, depth: int) -> Iterator[Part]:
    for how, pattern, decode in (("base64", _BASE64, _from_base64), ("hex", _HEX, _from_hex), ("percent signs", _PERCENT, _from_percent)):
        for match in pattern.finditer(outer.text[:PART_CHARACTERS_MAX] if depth else outer.text):
            plain = decode(match.group())
            if plain is not None:
                place = (outer.start, outer.end) if depth else match.span()
                yield Part(plain, *place, f"{outer.how} in {how}" if outer.how else how)


def _from_base64(text: str) -> str | None:
    bare = text.rstrip("=").replace("-", "+").replace("_", "/")
    if len(bare) % 4 == 1:
        return None
    try:
        return _readable(base64.b64decode(bare + "=" * (-len(bare) % 4)))
    except (binascii.Error, ValueError):
        return None


def _from_hex(text: str) -> str | None:
    return _readable(bytes.fromhex(text))


def _from_percent(text: str) -> str | None:
    if "%" not in text:
        return None
    plain = unquote(text, errors="replace")
    return plain if plain != text else None


def _readable(data: bytes) -> str | None:
    if data.startswith(_PACKED):
        data = _inflated(data)
    if not data or sum(32 <= one < 127 or one in (9, 10, 13) for one in data[:64]) < _PRINTABLE_SHARE_MIN * len(data[:64]):
        return None
    text = data.decode("utf-8", errors="replace")
    good = sum(one.isprintable() or one in "\t\r\n" for one in text)
    return text if good >= _PRINTABLE_SHARE_MIN * len(text) and "\ufffd" not in text else None


def _inflated(data: bytes) -> bytes:
    try:
        return zlib.decompressobj(wbits=47).decompress(data, INFLATED_BYTES_MAX)
    except zlib.error:
        return b""
