"""Logs as pages read them: phases, lines, colours, pieces."""

import threading

import pytest

from pipelines import logs

LOG = b"""##[phase prepare] 2026-01-01T00:00:00.000Z
##[info] shop:1:build:1: bubblewrap
##[end prepare] passed 0.101 2026-01-01T00:00:00.101Z
##[phase build] 2026-01-01T00:00:00.101Z
##[command] 2026-01-01T00:00:00.102Z make all
##[more] and more
\x1b[1;31mred\x1b[0m plain
 10%\r 50%\r100%
##[exit] 2 1.500
##[end build] failed 1.600 2026-01-01T00:00:01.701Z
##[error] build: command 1 ended with exit code 2: make all
"""


@pytest.fixture
def path(tmp_path):
    file = tmp_path / "log"
    file.write_bytes(LOG)
    return file


def text(line):
    return "".join(span.text for span in line.spans)


def test_log_falls_into_phases(path):
    piece = logs.last(path, is_over=True)
    assert [(p.name, p.state, p.seconds) for p in piece.phases] == [
        ("prepare", "passed", 0.101), ("build", "failed", 1.6), ("", "running", None),
    ]
    build = piece.phases[1]
    assert [(line.number, line.kind, text(line)) for line in build.lines] == [
        (5, "command", "make all"), (6, "more", "and more"), (7, "output", "red plain"), (8, "output", "100%"),
        (9, "exit", "exit 2 after 1.5 s"),
    ]
    assert piece.next_line == 12
    assert piece.next_offset == len(LOG)


def test_colours_become_classes():
    assert logs.spans("\x1b[1;31mred\x1b[0m plain") == (logs.Span("red", "bold fg-1"), logs.Span(" plain"))
    assert logs.spans("\x1b[38;5;208mx\x1b[92my") == (logs.Span("x"), logs.Span("y", "fg-10"))


def test_other_control_sequences_vanish():
    assert logs.spans("a\x1b[2Kb\x1b]0;title\x07c\x08\x00d") == (
        logs.Span("a"), logs.Span("b"), logs.Span("c"), logs.Span("d"),
    )


def test_unfinished_line_waits(tmp_path):
    path = tmp_path / "log"
    path.write_bytes(b"whole\nhal")
    piece = logs.last(path, is_over=False)
    assert (piece.next_line, piece.next_offset) == (2, 6)
    assert logs.last(path, is_over=True).next_line == 3


@pytest.mark.parametrize("cut", range(0, len(LOG), 17))
def test_pieces_make_up_the_whole(tmp_path, cut):
    path = tmp_path / "log"
    path.write_bytes(LOG[:cut])
    first = logs.last(path, is_over=False)
    path.write_bytes(LOG)
    phase = first.phases[-1].name if first.phases and first.phases[-1].state == "running" else ""
    second = logs.after(path, first.next_offset, first.next_line, phase, is_over=True)
    lines = [line for piece in (first, second) for p in piece.phases for line in p.lines]
    assert lines == [line for p in logs.last(path, is_over=True).phases for line in p.lines]
    assert second.next_offset == len(LOG)


def test_long_log_shows_its_end_first(tmp_path):
    path = tmp_path / "log"
    head = b"##[phase build] 2026-01-01T00:00:00.000Z\n"
    path.write_bytes(head + b"".join(b"line %d\n" % n for n in range(2, 5002)))
    piece = logs.last(path, is_over=False)
    assert piece.first_line == 5001 - logs.LINES_MAX + 1
    assert piece.phases[0].name == "build"
    assert piece.phases[0].continues
    assert text(piece.phases[0].lines[-1]) == "line 5001"
    earlier = logs.last(path, is_over=False, before=piece.first_line)
    assert text(earlier.phases[0].lines[-1]) == f"line {piece.first_line - 1}"


def test_tail_says_why(path):
    assert [text(line) for line in logs.tail(path, 3)] == [
        "red plain", "100%", "build: command 1 ended with exit code 2: make all",
    ]


def test_missing_log_is_empty(tmp_path):
    assert logs.tail(tmp_path / "none", 3) == []
    assert logs.read(tmp_path / "none", 0) == b""
    assert logs.last(tmp_path / "none", is_over=False).phases == []


def test_waiting_ends_when_bytes_come(tmp_path):
    path = tmp_path / "log"
    timer = threading.Timer(0.3, lambda: path.write_bytes(b"late\n"))
    timer.start()
    assert logs.wait(path, 0, 10, lambda: False) == b"late\n"
    timer.join()
    assert logs.wait(path, 5, 10, lambda: True) == b""
