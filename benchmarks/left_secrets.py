"""Secrets as people leave them, and lines that only look like some: `python -m benchmarks.left_secrets`.

Each list was written before any detector was run on it, the later ones after earlier ones had been mended. Every file begins with
`=== path`. What stands in ⟨⟩ is a secret and makes its line one at risk, a key of many lines once; what stands in ⟪⟫ is random too
and is none: a hash, an identifier, a public key. Inside is a kind of `made_values`, or signs of an alphabet there and how many:
`⟨p⟩` a password, `⟨t40⟩` letters and digits. `⟨b:…⟩` and `⟨x:…⟩` hold the base64 and the hex of their content.
"""

import base64
import random
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from analyzers.finding import SourceFile
from analyzers.options import ALL_BUT_SECRETS, ReviewOptions
from analyzers.review import review_file
from benchmarks.made_values import KINDS, SIGNS, signs

LISTS = ("left_secrets.txt", "no_secrets.txt", "leaked_files.txt", "near_misses.txt", "leaked_files_later.txt", "near_misses_later.txt")
SEEDS = 3
_HERE = Path(__file__).parent
_FIELD = re.compile(r"([⟨⟪])(\w+)[⟩⟫]")
_SIZED = re.compile(r"(\w+?)(\d+)")
_NEST = re.compile(r"([⟨⟪])([bx]):([^⟨⟩⟪⟫]*)[⟩⟫]")
_MARKED = re.compile("\x01([^\x02]*)\x02")


@dataclass(frozen=True)
class Written:
    """A file with its secrets filled in; `risks` are the first and last line of each, from 1, one for each first line."""

    path: str
    text: str
    risks: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Score:
    """Of one list: risks, those found, findings that touch none, and lines."""

    risks: int
    found: int
    extra: int
    lines: int
    told: tuple[str, ...]
    """Each miss and each extra."""


def files(name: str, chance: random.Random) -> Iterator[Written]:
    """The files of one of the lists, with other values each time."""
    for block in (_HERE / name).read_text(encoding="utf-8").split("=== ")[1:]:
        path, _, form = block.partition("\n")
        text = filled(form, chance)
        risks: dict[int, int] = {}
        for match in _MARKED.finditer(text):
            first = text.count("\n", 0, match.start()) + 1
            risks[first] = first + match[1].count("\n")
        yield Written(path, _bare(text), tuple(sorted(risks.items())))


def filled(form: str, chance: random.Random) -> str:
    """The form with random values; secrets stand between the signs 1 and 2."""
    def value(match: re.Match[str]) -> str:
        sized = _SIZED.fullmatch(match[2])
        if match[2] in KINDS:
            made = KINDS[match[2]](chance)
        elif sized is not None and sized[1] in SIGNS:
            made = signs(chance, sized[1], int(sized[2]))
        else:
            raise ValueError(f"{match[0]}: no such kind of value")
        return f"\x01{made}\x02" if match[1] == "⟨" else made

    def encoded(match: re.Match[str]) -> str:
        plain = _bare(match[3]).encode()
        made = base64.b64encode(plain).decode() if match[2] == "b" else plain.hex()
        return f"\x01{made}\x02" if match[1] == "⟨" else made

    text = _FIELD.sub(value, form)
    while _NEST.search(text):
        text = _NEST.sub(encoded, text)
    return text


def score(name: str, seeds: int = SEEDS) -> Score:
    """How one of the lists fares, with other values so many times."""
    risks = found = extra = lines = 0
    told: dict[str, None] = {}
    for seed in range(seeds):
        for one in files(name, random.Random(seed)):
            report = review_file(SourceFile(one.path, one.text.encode()), ReviewOptions(disable=(ALL_BUT_SECRETS,)))
            seen = [(finding.line, finding.end_line) for finding in report.findings if finding.secret]
            missed = [place for place in one.risks if not any(_touch(place, other) for other in seen)]
            more = [place for place in seen if not any(_touch(place, other) for other in one.risks)]
            risks, found, extra = risks + len(one.risks), found + len(one.risks) - len(missed), extra + len(more)
            lines += one.text.count("\n")
            rows = one.text.split("\n")
            told |= {f"{word}  {one.path}:{line}  {rows[line - 1].strip()[:110]}": None
                     for word, places in (("missed", missed), ("extra", more)) for line, _ in places}  # fmt: skip
    return Score(risks, found, extra, lines, tuple(told))


def _touch(one: tuple[int, int], other: tuple[int, int]) -> bool:
    return one[0] <= other[1] and other[0] <= one[1]


def _bare(text: str) -> str:
    return text.replace("\x01", "").replace("\x02", "")


def main() -> None:
    """Prints lines at risk and found, findings besides, and with `--lines` each miss and each extra."""
    for name in LISTS:
        done = score(name)
        if "--lines" in sys.argv:
            print(*done.told, sep="\n")
        share = f"{100 * done.found / done.risks:.1f} %" if done.risks else "–"
        print(f"{name}: {done.found} of {done.risks} lines at risk found ({share}), {done.extra} extra, {done.lines} lines")


if __name__ == "__main__":
    main()
