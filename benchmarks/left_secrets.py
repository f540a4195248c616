"""Secrets as people leave them, and lines that only look like some: `python -m benchmarks.left_secrets`.

`left_secrets.txt` and `no_secrets.txt` were written before any detector was run on them. Every file begins with `=== path`. What
stands in ⟨⟩ is a secret and makes its line one at risk; what stands in ⟪⟫ is random too and is none: a hash, an identifier, a public
key. Kinds: p a password as people make them, t letters and digits, l and U and u small, large and base32 letters, h hex,
B base64, d digits, s crypt(3), uuid, and `b:…` the base64 of its content; a number is the length.
"""

import base64
import random
import re
import string
import sys
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from analyzers.finding import SourceFile
from analyzers.options import ALL_BUT_SECRETS, ReviewOptions
from analyzers.review import review_file
from benchmarks.planted_secrets import made_password

SEEDS = 3
_HERE = Path(__file__).parent
_ALNUM = string.ascii_letters + string.digits
_SIGNS = {
    "t": _ALNUM, "l": string.ascii_lowercase + string.digits, "U": string.ascii_uppercase + string.digits,
    "u": string.ascii_uppercase + "234567", "h": "0123456789abcdef", "B": _ALNUM + "+/", "d": string.digits, "s": _ALNUM + "./",
}  # fmt: skip
_SIMPLE = re.compile(r"[⟨⟪](uuid|UUID|[ptlUuhBds])(\d*)[⟩⟫]")
_NEST = re.compile(r"[⟨⟪]b:([^⟨⟩⟪⟫]*)[⟩⟫]")


@dataclass(frozen=True)
class Written:
    """A file with its secrets filled in; `risky` are the lines that hold one, from 1."""

    path: str
    text: str
    risky: frozenset[int]


def files(name: str, chance: random.Random) -> Iterator[Written]:
    """The files of one of the two lists, with other values each time."""
    for block in (_HERE / name).read_text(encoding="utf-8").split("=== ")[1:]:
        path, _, form = block.partition("\n")
        form = re.sub(r"⟨b:[^\n⟨]*\n[^⟩]*⟨B\d+⟩⟩", lambda match: match[0].replace("\n", "\x00"), form)
        risky = frozenset(number for number, line in enumerate(form.split("\n"), 1) if "⟨" in line)
        yield Written(path, filled(form, chance), risky)


def filled(form: str, chance: random.Random) -> str:
    """The form with random values."""
    def value(match: re.Match[str]) -> str:
        kind, length = match[1], int(match[2] or 0)
        if kind == "p":
            return made_password(chance)
        if kind in ("uuid", "UUID"):
            made = str(uuid.UUID(int=chance.getrandbits(128), version=4))
            return made if kind == "uuid" else made.upper()
        return "".join(chance.choice(_SIGNS[kind]) for _ in range(length))

    inner = _SIMPLE.sub(value, form)
    return _NEST.sub(lambda match: base64.b64encode(match[1].replace("\x00", "\n").encode()).decode(), inner)


def main() -> None:
    """Prints lines at risk and found, findings besides, and with `--lines` each miss and each extra."""
    told = "--lines" in sys.argv
    for name in ("left_secrets.txt", "no_secrets.txt"):
        risky = found = lines = extra = 0
        for seed in range(SEEDS):
            for one in files(name, random.Random(seed)):
                report = review_file(SourceFile(one.path, one.text.encode()), ReviewOptions(disable=(ALL_BUT_SECRETS,)))
                seen = {line: finding for finding in report.findings if finding.secret for line in range(finding.line, finding.end_line + 1)}
                missed, more = one.risky - set(seen), set(seen) - one.risky
                risky, found, extra = risky + len(one.risky), found + len(one.risky & set(seen)), extra + len(more)
                lines += one.text.count("\n")
                if told and not seed:
                    for word, numbers in (("missed", missed), ("extra", more)):
                        for number in sorted(numbers):
                            rule = seen[number].rule if number in seen else ""
                            print(word, f"{one.path}:{number}", rule, one.text.split("\n")[number - 1].strip()[:110], sep="  ")
        share = f"{100 * found / risky:.1f} %" if risky else "–"
        print(f"{name}: {found} of {risky} lines at risk found ({share}), {extra} extra, {lines} lines")


if __name__ == "__main__":
    main()
