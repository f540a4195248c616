"""The place of a finding in the source: six lines, with nothing secret in them."""

import re
from collections.abc import Container
from dataclasses import dataclass

LINES = 6
LINES_BEFORE = 2
LINE_CHARACTERS_MAX = 240
KEY_LINES_MAX = 200

_LINE_ENDS = re.compile(r"\r\n|\r|\n")
_QUOTED = re.compile(r"""(["'])(?:\\.|(?!\1).){4,}\1""")
_LONG = re.compile(r"[A-Za-z0-9+/_.~-]{16,}+(?!\s*[:=][^=\s]|\s*[:=]\s+\S)")
"""Not a name that a value follows."""
_AFTER_SIGN = re.compile(r"""([=:]\s*)([^\s"'(\[{][^\s"']{3,})""")
_COVER = "\N{BULLET}" * 8


@dataclass(frozen=True)
class Excerpt:
    """Some lines of a file; `first` is the number of the first, `marks` are the numbers the finding is about."""

    text: str
    first: int
    marks: tuple[int, ...]


def excerpt(content: bytes, line: int, end_line: int, *, secret_lines: Container[int]) -> Excerpt:
    """Six lines around `line`; in those of `secret_lines`, all that could be a secret is covered."""
    every = lines_of(content)
    first = max(1, min(line - LINES_BEFORE, len(every) - LINES + 1))
    shown = [one[:LINE_CHARACTERS_MAX].expandtabs(4) for one in every[first - 1 : first - 1 + LINES]]
    shown = [covered(one) if number in secret_lines else one for number, one in enumerate(shown, first)]
    last = first + len(shown) - 1
    marks = range(max(first, line), min(last, max(line, end_line)) + 1)
    return Excerpt("\n".join(shown), first, tuple(marks))


def lines_to_cover(content: bytes, line: int, end_line: int) -> range:
    """The lines that a finding about a secret keeps from view: its own, and the body of a key whose head it marks."""
    own = lines_of(content)[line - 1 : end_line]
    return range(line, end_line + 1 + (KEY_LINES_MAX if any("-----BEGIN" in one for one in own) else 0))


def lines_of(content: bytes) -> list[str]:
    """The lines, numbered as editors number them: other separators than CR and LF end none."""
    every = _LINE_ENDS.split(content.decode(errors="replace"))
    return every[:-1] if len(every) > 1 and not every[-1] else every


def covered(line: str) -> str:
    """The line with quoted texts, long tokens and what follows `=` or `:` covered, its names still readable."""
    line, quoted = _QUOTED.subn(lambda found: f"{found[1]}{_COVER}{found[1]}", line)
    line = _LONG.sub(_COVER, line)
    return line if quoted else _AFTER_SIGN.sub(lambda found: f"{found[1]}{_COVER}", line)
