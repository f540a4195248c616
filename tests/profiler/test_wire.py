"""pprof as strangers write it: what the encoder writes is read back, and nothing hostile takes long or is believed."""

import gzip
import os
import time
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lockgate_agent.profiling import pprof
from profiler import folded, wire
from profiler.tree import ROUTE_FILE, Frame, Function
from service.kernel.errors import Malformed, Problem, TooLarge

TYPES = (("samples", "count"), ("cpu", "nanoseconds"))
names = st.text(st.characters(blacklist_categories=("Cs",), blacklist_characters="\0"), min_size=1, max_size=30)
frames = st.tuples(names, names, st.integers(0, 2**31 - 1), st.integers(0, 2**31 - 1))
samples = st.lists(st.tuples(st.lists(frames, max_size=20), st.tuples(st.integers(0, 2**40), st.integers(0, 2**40))), max_size=20)


def encoded(rows, **more) -> bytes:
    told = {"start_ns": 1, "duration_ns": 2, **more}
    return pprof.encode(TYPES, [(stack, values, labels) for stack, values, *rest in rows for labels in (rest[0] if rest else {},)], **told)


def varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def field(number: int, body: bytes) -> bytes:
    return varint(number << 3 | 2) + varint(len(body)) + body


@given(samples)
@settings(max_examples=150, deadline=None)
def test_what_is_encoded_is_decoded(rows):
    tree = wire.decode(encoded(rows)).tree
    sums: dict[tuple[Frame, ...], list[int]] = {}
    for stack, values in rows:
        path = tuple(Frame(Function(name, file, first), line) for name, file, first, line in reversed(stack))
        kept = sums.setdefault(path, [0, 0])
        for at, value in enumerate(values):
            kept[at] += value
    for node in range(len(tree)):
        expected = sums.pop(tuple(tree.path(node)), [0, 0])
        assert [tree.values["samples"][node], tree.values["cpu"][node]] == expected
    assert not any(any(values) for values in sums.values())


@given(samples)
@settings(max_examples=30, deadline=None)
def test_same_profile_gives_same_bytes(rows):
    assert encoded(rows) == encoded(rows)


def test_times_comments_and_routes_survive():
    stack = [("app.view", "app.py", 1, 2)]
    data = encoded([(stack, (3, 4), {"route": "GET /x"})], start_ns=7, duration_ns=9, comments=["hello"])
    read = wire.decode(data)
    assert (read.start_ns, read.duration_ns, read.comments) == (7, 9, ("hello",))
    assert read.tree.function(1) == Function("GET /x", ROUTE_FILE, 0)


def test_other_profilers_units_are_understood():
    data = pprof.encode([("cpu-time", "microseconds")], [([("f", "f.py", 1, 1)], [5], {})], start_ns=0, duration_ns=0)
    tree = wire.decode(data).tree
    assert tree.total("cpu") == 5_000
    assert tree.total("samples") == 1


def test_uncompressed_profiles_are_read():
    data = gzip.decompress(encoded([([("f", "f.py", 1, 1)], (1, 2))]))
    assert wire.decode(data).tree.total("cpu") == 2


def test_gzip_bomb_is_refused_early():
    bomb = zlib.compressobj(9, zlib.DEFLATED, 31)
    data = b"".join(bomb.compress(bytes(1 << 20)) for _ in range(400)) + bomb.flush()
    began = time.process_time()
    with pytest.raises(TooLarge):
        wire.decode(data)
    assert len(data) < wire.COMPRESSED_BYTES_MAX
    assert time.process_time() - began < 5


@pytest.mark.parametrize(
    "data",
    [
        b"", b"\x1f\x8b", b"\x1f\x8b\x08garbage", encoded([([("f", "f.py", 1, 1)], (1, 2))])[:-9], b"<html>no</html>",
        b"\xff" * 40, b"\x0a\xff\xff\xff\xff\x0f", b"\x0b",
    ],
)
def test_what_is_no_profile_is_refused(data):
    with pytest.raises(Malformed):
        wire.decode(data)


@given(st.binary(max_size=400))
@settings(max_examples=300, deadline=None)
def test_random_bytes_never_crash(data):
    try:
        wire.decode(data)
    except Problem:
        pass


@given(st.integers(0, 400), st.integers(0, 255))
@settings(max_examples=200, deadline=None)
def test_damaged_profiles_never_crash(at, byte):
    data = bytearray(gzip.decompress(encoded([([("f", "f.py", 1, 1), ("g", "g.py", 2, 3)], (1, 2), {"thread": "t"})])))
    data[at % len(data)] = byte
    try:
        wire.decode(bytes(data))
    except Problem:
        pass


def test_dangling_numbers_are_refused():
    types = field(1, b"\x08\x01\x10\x02")
    strings = field(6, b"") + field(6, b"samples") + field(6, b"count")
    for sample in (b"\x08\x05\x10\x01", b"\x0a\x01\x63\x12\x01\x01"):
        with pytest.raises(Malformed):
            wire.decode(types + field(2, sample) + strings)
    with pytest.raises(Malformed):
        wire.decode(field(1, b"\x08\x63\x10\x02") + strings)


def test_negative_and_huge_values_are_refused():
    with pytest.raises(Malformed, match="negative"):
        wire.decode(encoded([([("f", "f.py", 1, 1)], (-1, 2))]))
    with pytest.raises(Malformed, match="add up"):
        wire.decode(encoded([([("f", "f.py", 1, 1)], (1, 2**60))]))


def test_too_deep_a_stack_is_refused():
    deep = [("f", "f.py", 1, 1)] * (wire.DEPTH_MAX + 1)
    with pytest.raises(Malformed, match="frames in one stack"):
        wire.decode(encoded([(deep, (1, 1))]))
    assert len(wire.decode(encoded([(deep[1:], (1, 1))])).tree) == wire.DEPTH_MAX + 1


def test_too_many_strings_are_refused():
    with pytest.raises(Malformed, match="strings"):
        wire.decode(field(6, b"x") * (wire.STRINGS_MAX + 1))


def test_endless_fields_end_soon():
    began = time.process_time()
    for hostile in (b"\x18\x01" * 20_000_000, field(2, field(1, b"\x01" * 900) * 20_000), field(2, b"\x20\x00" * 20_000_000)):
        with pytest.raises(Problem):
            wire.decode(hostile)
    assert time.process_time() - began < 30


def test_folded_text_goes_there_and_back():
    text = "app.serve (app.py:3);app.work (app.py:9) 12\napp.serve (app.py:3) 4\n"
    tree = folded.read(text)
    assert tree.total("samples") == 16
    assert sorted(folded.write(tree, "samples")) == sorted(text.splitlines(keepends=True))


@pytest.mark.parametrize("line", ["just words", "a;b -3", "a 1.5", "a " + "9" * 40, ";".join("a" * 2_000) + " 1"])
def test_bad_folded_lines_are_named(line):
    with pytest.raises(Malformed, match="line 2"):
        folded.read(f"ok 1\n{line}\n")


def test_random_gzip_is_refused():
    with pytest.raises(Problem):
        wire.decode(gzip.compress(os.urandom(20_000)))
