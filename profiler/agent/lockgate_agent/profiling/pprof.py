"""Writes gzip pprof (github.com/google/pprof, proto/profile.proto), the format that most profilers speak."""

import gzip
from collections.abc import Iterable, Mapping, Sequence

Frame = tuple[str, str, int, int]
"""Function name, file, first line of the function, line."""


def encode(
    types: "Sequence[tuple[str, str]]",
    samples: "Iterable[tuple[Sequence[Frame], Sequence[int], Mapping[str, str]]]",
    *,
    start_ns: int,
    duration_ns: int,
    period_ns: int = 0,
    default: str = "",
    comments: Sequence[str] = (),
) -> bytes:
    """The profile's bytes. `types` are (name, unit); a sample is a stack, leaf first, one value per type, and labels.

    The same input gives the same bytes, so that a delivery that is repeated can be recognised.
    """
    out, pool = bytearray(), _Pool()
    for name, unit in types:
        _message(out, 1, _pair(pool.string(name), pool.string(unit)))
    for frames, values, labels in samples:
        _message(out, 2, _sample(pool, frames, values, labels))
    out += pool.locations
    out += pool.functions
    for comment in comments:
        _number(out, 13, pool.string(comment))
    _number(out, 9, start_ns)
    _number(out, 10, duration_ns)
    if period_ns:
        _message(out, 11, _pair(pool.string("wall"), pool.string("nanoseconds")))
        _number(out, 12, period_ns)
    _number(out, 14, pool.string(default))
    for text in pool.strings:
        _message(out, 6, text.encode("utf-8", "replace"))
    return gzip.compress(bytes(out), compresslevel=6, mtime=0)


class _Pool:
    """Strings, functions and locations, each written once and named by number."""

    def __init__(self) -> None:
        self.strings: dict[str, int] = {"": 0}
        self.functions, self.locations = bytearray(), bytearray()
        self._functions: dict[tuple[str, str, int], int] = {}
        self._locations: dict[Frame, int] = {}

    def string(self, text: str) -> int:
        """The number of the string."""
        return self.strings.setdefault(text, len(self.strings))

    def location(self, frame: Frame) -> int:
        """The number of the location."""
        known = self._locations.get(frame)
        if known is None:
            known = self._locations[frame] = len(self._locations) + 1
            line, location = bytearray(), bytearray()
            _number(line, 1, self._function(frame))
            _number(line, 2, frame[3])
            _number(location, 1, known)
            _message(location, 4, line)
            _message(self.locations, 4, location)
        return known

    def _function(self, frame: Frame) -> int:
        name, file, first, _line = frame
        known = self._functions.get((name, file, first))
        if known is None:
            known = self._functions[name, file, first] = len(self._functions) + 1
            function = bytearray()
            named, filed = self.string(name), self.string(file)
            for field, number in ((1, known), (2, named), (3, named), (4, filed), (5, first)):
                _number(function, field, number)
            _message(self.functions, 5, function)
        return known


def _sample(pool: _Pool, frames: Sequence[Frame], values: Sequence[int], labels: "Mapping[str, str]") -> bytearray:
    sample, packed = bytearray(), bytearray()
    for frame in frames:
        _varint(packed, pool.location(frame))
    _message(sample, 1, packed)
    packed = bytearray()
    for value in values:
        _varint(packed, value)
    _message(sample, 2, packed)
    for key, text in labels.items():
        _message(sample, 3, _pair(pool.string(key), pool.string(text)))
    return sample


def _pair(first: int, second: int) -> bytearray:
    out = bytearray()
    _number(out, 1, first)
    _number(out, 2, second)
    return out


def _number(out: bytearray, field: int, value: int) -> None:
    if value:
        out.append(field << 3)
        _varint(out, value)


def _message(out: bytearray, field: int, body: "bytes | bytearray") -> None:
    out.append(field << 3 | 2)
    _varint(out, len(body))
    out += body


def _varint(out: bytearray, value: int) -> None:
    value &= 0xFFFF_FFFF_FFFF_FFFF  # a negative int64 is written as its two's complement
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
