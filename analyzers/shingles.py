"""What one file of Python gives to the search for duplicates across files: its lines of code by hash, and a few shingles of them.

A shingle is the hash of LINES consecutive lines of code. Of every WINDOW in a row the smallest is kept (winnowing), so two files
that share LINES + WINDOW - 1 lines share a kept shingle, wherever the lines stand and whatever is around them.

https://theory.stanford.edu/~aiken/publications/papers/sigmod03.pdf (Schleimer, Wilkerson, Aiken: Winnowing)
"""

import base64
import re
import struct
from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from zlib import crc32

LINES = 6
WINDOW = 7
_IMPORTS = ("import ", "from ")
_DATA = frozenset("\"'([{)]}0123456789-,")
"""How lines of tables, texts and closing brackets begin."""
_BASE, _MODULUS = 1_000_003, (1 << 61) - 1
_LEAVING = pow(_BASE, LINES, _MODULUS)
_GAP_MAX = 0xFFFF
_HEAD_BYTES = 8
_LITERAL = re.compile(
    r"""["'#](?:(?<=\#)[^\n]*
    |(?<=")(?:""[^"\\]*(?:(?:\\.|"(?!""))[^"\\]*)*(?:["]{3})?|[^"\\\n]*(?:\\.[^"\\\n]*)*"?)
    |(?<=')(?:''[^'\\]*(?:(?:\\.|'(?!''))[^'\\]*)*(?:''')?|[^'\\\n]*(?:\\.[^'\\\n]*)*'?))""",
    re.DOTALL | re.VERBOSE,
)
"""A comment or a string. The first sign decides which, so that text without either is skipped fast; one that nobody closes goes on
to the end of its line or of the file, so that no text is gone over twice."""


@dataclass(frozen=True)
class Code:
    """The lines of code of a file: number and hash of each, in order."""

    numbers: Sequence[int]
    hashes: Sequence[int]


def packed(text: str) -> str:
    """A file's code for keeping; "" where it is too short to share anything."""
    numbers, hashes = _code_lines(text)
    if len(numbers) < LINES + WINDOW - 1:
        return ""
    gaps = [after - before for before, after in zip((0, *numbers), numbers, strict=False)]
    if max(gaps) > _GAP_MAX:
        return ""  # nobody writes that
    kept = list(_winnowed(list(_shingles(hashes))))
    size, number = len(numbers), len(kept)
    parts = (
        struct.pack(f"<II{size}H", size, number, *gaps), struct.pack(f"<{size}I", *hashes),
        struct.pack(f"<{number}Q", *(value for value, _ in kept)), struct.pack(f"<{number}I", *(at for _, at in kept)),
    )  # fmt: skip
    return base64.b64encode(b"".join(parts)).decode("ascii")


def kept_shingles(code: str) -> Iterable[tuple[int, int]]:
    """The shingles that `packed` kept, each with the place among the lines of code where it begins."""
    raw = base64.b64decode(code)
    size, number = struct.unpack_from("<II", raw)
    start = _HEAD_BYTES + size * 6
    return zip(struct.unpack_from(f"<{number}Q", raw, start), struct.unpack_from(f"<{number}I", raw, start + number * 8), strict=True)


def unpacked(code: str) -> Code:
    """The lines that `packed` kept."""
    raw = base64.b64decode(code)
    size, _ = struct.unpack_from("<II", raw)
    numbers = array("I", accumulate(struct.unpack_from(f"<{size}H", raw, _HEAD_BYTES)))
    return Code(numbers, array("I", struct.unpack_from(f"<{size}I", raw, _HEAD_BYTES + size * 2)))


def _code_lines(text: str) -> tuple[list[int], list[int]]:
    """Numbers and hashes of the lines of code. Spaces and what strings say do not count; names and numbers do.

    Not among them: blank lines, comments, imports and data.
    """
    numbers, hashes = [], []
    for number, whole in enumerate(_LITERAL.sub(_blanked, text).split("\n"), 1):
        line = whole.strip()
        if not line or line[0] in _DATA or line.startswith(_IMPORTS):
            continue
        bare = "".join(line.split())
        if not (bare[-1] == "," and bare[:-1].isidentifier()):  # one of many names to import or export
            numbers.append(number)
            hashes.append(crc32(bare.encode(errors="replace")))
    return numbers, hashes


def _blanked(found: re.Match[str]) -> str:
    """Nothing for a comment, an empty string for a string, and as many lines as it has."""
    text = found.group()
    if text[0] == "#":
        return ""
    ends = text.count("\n")
    return '""' + "\n" * ends if ends else '""'


def _shingles(hashes: Sequence[int]) -> Iterator[int]:
    """A rolling hash (Rabin, Karp) over LINES hashes in a row."""
    value = 0
    for at, hashed in enumerate(hashes):
        value = (value * _BASE + hashed) % _MODULUS
        if at >= LINES:
            value = (value - hashes[at - LINES] * _LEAVING) % _MODULUS
        if at >= LINES - 1:
            yield value


def _winnowed(values: Sequence[int]) -> Iterator[tuple[int, int]]:
    """The smallest of each WINDOW, of equal ones the last, each once."""
    chosen = -1
    for start in range(max(1, len(values) - WINDOW + 1)):
        end = min(start + WINDOW, len(values))
        if chosen < start:
            chosen = min(range(start, end), key=lambda at: (values[at], -at))
            yield values[chosen], chosen
        elif values[end - 1] <= values[chosen]:
            chosen = end - 1
            yield values[chosen], chosen
