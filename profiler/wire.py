"""Reads gzip pprof (github.com/google/pprof, proto/profile.proto) from strangers: a limit on everything.

Each field and each number of the message is counted, so that no input, however it is made, takes more than seconds.
"""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field

from profiler.tree import ROUTE_FILE, Builder, Frame, Function, Tree
from service.kernel.errors import Malformed, TooLarge

COMPRESSED_BYTES_MAX = 10_000_000
RAW_BYTES_MAX = 100_000_000
TOKENS_MAX = 6_000_000
"""Fields and packed numbers together."""
STRINGS_MAX = 65_536
STRING_BYTES_MAX = 16_384
DEPTH_MAX = 1_024
SAMPLES_MAX = 200_000
TYPES_MAX = 16
TOTAL_MAX = 2**53
"""Of one metric in one profile: a hundred days of nanoseconds."""
_CHUNK_BYTES = 1 << 20
_SCALES = {"microseconds": 1_000, "milliseconds": 1_000_000, "seconds": 1_000_000_000}
_METRICS = {"cpu-time": "cpu", "wall-time": "wall", "cpu-samples": "samples", "sample": "samples"}

Fields = Iterator[tuple[int, int, int, bytes]]
"""Field number, wire type, number (types 0, 1, 5), bytes (type 2)."""


@dataclass(frozen=True)
class Decoded:
    """A profile as it came: when it began, how long it lasted, and its call tree."""

    start_ns: int
    duration_ns: int
    tree: Tree
    comments: tuple[str, ...] = ()


def decode(data: bytes) -> Decoded:
    """Reads a profile, compressed or not. Raises Malformed or TooLarge."""
    raw = unpack(data)
    try:
        return _Message(raw).decoded()
    except (IndexError, KeyError, RecursionError) as error:
        raise Malformed(where="profile", why=f"not a pprof message: {error!r}") from None


def unpack(data: bytes) -> bytes:
    """Undoes gzip within limits. Raises Malformed or TooLarge."""
    if len(data) > COMPRESSED_BYTES_MAX:
        raise TooLarge(what="the profile", limit_bytes=COMPRESSED_BYTES_MAX)
    if data[:2] != b"\x1f\x8b":
        return data
    out = bytearray()
    try:
        while data:
            member = zlib.decompressobj(wbits=31)
            while not member.eof:
                chunk = member.decompress(data, _CHUNK_BYTES)
                out += chunk
                if len(out) > RAW_BYTES_MAX:
                    raise TooLarge(what="the unpacked profile", limit_bytes=RAW_BYTES_MAX)
                data = member.unconsumed_tail
                if not chunk and not data and not member.eof:
                    raise Malformed(where="profile", why="the gzip stream ends too early")
            data = member.unused_data
    except zlib.error as error:
        raise Malformed(where="profile", why=f"not a gzip stream: {error}") from None
    return bytes(out)


@dataclass
class _Parts:
    """The message's parts before names are known; numbers point into the string table."""

    strings: list[str] = field(default_factory=list)
    types: list[tuple[int, int]] = field(default_factory=list)
    samples: list[tuple[list[int], list[int], list[tuple[int, int]]]] = field(default_factory=list)
    locations: dict[int, tuple[int, list[tuple[int, int]]]] = field(default_factory=dict)
    functions: dict[int, tuple[int, int, int]] = field(default_factory=dict)
    comments: list[int] = field(default_factory=list)
    start_ns: int = 0
    duration_ns: int = 0


class _Message:
    """One pass over the bytes into parts, a second over the parts into a tree."""

    def __init__(self, raw: bytes) -> None:
        self._tokens_left = TOKENS_MAX
        self._parts = _Parts()
        for number, _wire, value, body in self._fields(raw):
            self._part(number, value, body)

    def decoded(self) -> Decoded:
        """The profile, with names in place of numbers."""
        parts = self._parts
        metrics = [_metric(parts.strings[name], parts.strings[unit]) for name, unit in parts.types]
        if not metrics:
            raise Malformed(where="profile", why="it has no sample types")
        builder = Builder()
        for metric, unit, _scale in metrics:
            builder.declare(metric, unit)
        counted = any(metric == "samples" for metric, _, _ in metrics)
        builder.declare("samples", "count")
        frames = {number: self._frames(number) for number in parts.locations}
        for locations, numbers, labels in parts.samples:
            if len(numbers) != len(metrics):
                raise Malformed(where="profile", why=f"a sample has {len(numbers)} values for {len(metrics)} types")
            values = {} if counted else {"samples": 1}
            for (metric, _unit, scale), number in zip(metrics, numbers, strict=True):
                values[metric] = values.get(metric, 0) + number * scale
            stack = [frame for location in reversed(locations) for frame in frames[location]]
            builder.add_stack([*self._route(labels), *stack], values)
        for metric in builder.tree.units:
            if builder.tree.total(metric) > TOTAL_MAX:
                raise Malformed(where="profile", why=f"the values of {metric} add up to more than {TOTAL_MAX}")
        comments = tuple(parts.strings[c] for c in parts.comments[:20])
        return Decoded(parts.start_ns, parts.duration_ns, builder.tree, comments)

    def _frames(self, number: int) -> list[Frame]:
        """A location's frames from the outside inwards; more than one where calls were inlined."""
        address, lines = self._parts.locations[number]
        strings, frames = self._parts.strings, []
        for function, line in reversed(lines):
            name, file, first = self._parts.functions[function]
            frames.append(Frame(Function(strings[name] or "<unknown>", strings[file], first), line))
        return frames or [Frame(Function(f"0x{address:x}", "", 0), 0)]

    def _route(self, labels: list[tuple[int, int]]) -> list[Frame]:
        strings = self._parts.strings
        for key, text in labels:
            if strings[key] in ("route", "endpoint", "trace endpoint") and strings[text]:
                return [Frame(Function(strings[text], ROUTE_FILE, 0), 0)]
        return []

    def _part(self, number: int, value: int, body: bytes) -> None:
        parts = self._parts
        if number == 1:
            parts.types.append(self._pair(body))
            _limit("sample types", len(parts.types), TYPES_MAX)
        elif number == 2:
            parts.samples.append(self._sample(body))
            _limit("samples", len(parts.samples), SAMPLES_MAX)
        elif number == 4:
            self._location(body)
        elif number == 5:
            self._function(body)
        elif number == 6:
            _limit("bytes in one string", len(body), STRING_BYTES_MAX)
            parts.strings.append(body.decode("utf-8", "replace").replace("\0", "�"))
            _limit("strings", len(parts.strings), STRINGS_MAX)
        elif number == 9:
            parts.start_ns = _signed(value)
        elif number == 10:
            parts.duration_ns = _signed(value)
        elif number == 13:
            parts.comments += self._packed(value, body)

    def _sample(self, body: bytes) -> tuple[list[int], list[int], list[tuple[int, int]]]:
        locations: list[int] = []
        values: list[int] = []
        labels = []
        for number, _wire, value, inner in self._fields(body):
            if number == 1:
                locations += self._packed(value, inner)
                _limit("frames in one stack", len(locations), DEPTH_MAX)
            elif number == 2:
                values += self._packed(value, inner)
            elif number == 3:
                labels.append(self._pair(inner))
        if any(value >> 63 for value in values):
            raise Malformed(where="profile", why="a sample has a negative value; differences cannot be stored")
        return locations, values, labels

    def _location(self, body: bytes) -> None:
        key, address, lines = 0, 0, []
        for number, _wire, value, inner in self._fields(body):
            if number == 1:
                key = value
            elif number == 3:
                address = value
            elif number == 4:
                lines.append(self._pair(inner))
                _limit("inlined calls at one place", len(lines), 32)
        self._parts.locations[key] = (address, [(function, _line(line)) for function, line in lines])

    def _function(self, body: bytes) -> None:
        found = {number: value for number, _wire, value, _inner in self._fields(body)}
        name = found.get(2) or found.get(3, 0)
        self._parts.functions[found.get(1, 0)] = (name, found.get(4, 0), _line(found.get(5, 0)))

    def _pair(self, body: bytes) -> tuple[int, int]:
        found = {number: value for number, _wire, value, _inner in self._fields(body)}
        return found.get(1, 0), found.get(2, 0)

    def _packed(self, value: int, body: bytes) -> list[int]:
        if not body:
            return [value]
        numbers, at = [], 0
        while at < len(body):
            number, at = _varint(body, at)
            numbers.append(number)
        self._tokens(len(numbers))
        return numbers

    def _fields(self, body: bytes) -> Fields:
        at, size = 0, len(body)
        while at < size:
            self._tokens(1)
            key, at = _varint(body, at)
            wire = key & 7
            if wire == 0:
                value, at = _varint(body, at)
                yield key >> 3, wire, value, b""
            elif wire == 2:
                length, at = _varint(body, at)
                if length > size - at:
                    raise Malformed(where="profile", why="a field reaches beyond its message")
                if length:
                    yield key >> 3, wire, 0, body[at : at + length]
                elif key >> 3 == 6:
                    yield 6, wire, 0, b""
                at += length
            elif wire in (1, 5):
                width = 8 if wire == 1 else 4
                yield key >> 3, wire, int.from_bytes(body[at : at + width], "little"), b""
                at += width
            else:
                raise Malformed(where="profile", why=f"not a pprof message: wire type {wire}")

    def _tokens(self, count: int) -> None:
        self._tokens_left -= count
        if self._tokens_left < 0:
            raise TooLarge(what="the number of fields in the profile", limit_bytes=TOKENS_MAX)


def _varint(body: bytes, at: int) -> tuple[int, int]:
    byte = body[at]
    at += 1
    if byte < 0x80:
        return byte, at
    value, shift = byte & 0x7F, 7
    while True:
        byte = body[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value & 0xFFFF_FFFF_FFFF_FFFF, at
        shift += 7
        if shift > 63:
            raise Malformed(where="profile", why="not a pprof message: a number is longer than ten bytes")


def _metric(name: str, unit: str) -> tuple[str, str, int]:
    """Metric, unit and factor: every time in nanoseconds, the names of other profilers as ours."""
    scale = _SCALES.get(unit, 1)
    return _METRICS.get(name, name)[:64] or "value", "nanoseconds" if unit in _SCALES else unit[:32], scale


def _signed(value: int) -> int:
    return value - (1 << 64) if value >> 63 else value


def _line(value: int) -> int:
    return value if value < 2**31 else 0


def _limit(what: str, count: int, most: int) -> None:
    if count > most:
        raise Malformed(where="profile", why=f"more than {most} {what}")
