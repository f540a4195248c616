"""`python -m benchmarks.web_applications [set]`: labelled handlers of web applications, about half of them safe, each a file of one project.

The set `crossed` is made of `web_cases`: sources of three frameworks, ways through that keep or lose the stranger's word, and sinks,
in turn; besides handlers written out and choices of algorithms and cookies. `later` was written by hand in other styles and frameworks.
`again` crosses the parts of the first anew, at other places. A handler counts as found if a finding in it has its weakness's CWE.
"""

import re
import string
import sys
import textwrap
import tomllib
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path
from random import Random

from analyzers.finding import SourceFile
from analyzers.options import ReviewOptions
from analyzers.review import review_file

FOLDER = Path(__file__).with_name("web_cases")
SETS = ("crossed", "later", "again")
CWES = {
    "sql": {89}, "command": {77, 78, 88}, "path": {22, 23, 36, 73}, "xss": {79, 80, 116}, "ldap": {90}, "xpath": {643}, "xxe": {611, 776},
    "code": {94, 95, 98, 470}, "deser": {502}, "redirect": {601}, "trust": {501}, "log": {117}, "header": {93, 113}, "ssrf": {918},
    "ssti": {94, 95, 1336}, "hash": {327, 328, 916}, "crypto": {326, 327}, "random": {330, 331, 338}, "cookie": {614, 1004, 1275},
}  # fmt: skip
_NAMES = (("raw", "value"), ("param", "bar"), ("given", "text_value"), ("q", "item"), ("user_input", "result_text"), ("entry", "chosen_value"))
_FRAMEWORKS = ("flask", "django", "flask", "fastapi", "flask")
_REFUSALS = {"flask": 'return "no", 400', "django": "return HttpResponseBadRequest()", "fastapi": "raise HTTPException(400)"}
_IMPORTS = {
    "flask": "from flask import Blueprint, request", "django": "from django.http import HttpResponse, HttpResponseBadRequest",
    "fastapi": "from fastapi import APIRouter, HTTPException, Request",
}  # fmt: skip
_ENDS = {"flask": 'return "done"', "django": 'return HttpResponse("done")', "fastapi": 'return {"done": True}'}
_SIZES = {"sql": 36, "command": 30, "path": 30, "xss": 36, "code": 28, "trust": 26, "ssrf": 20, "ssti": 20}
_PLAIN_SIZE, _SIZE_AGAIN = 24, 60


@dataclass(frozen=True)
class Handler:
    """One file; `sinful` tells whether the weakness is in it."""

    path: str
    weakness: str
    sinful: bool
    name: str
    source: str


@dataclass(frozen=True)
class Part:
    """A way in, through or out: what it imports, what stands at the top of the file, and its lines."""

    words: tuple[str, ...]
    imports: tuple[str, ...] = ()
    top: str = ""
    body: str = ""
    framework: str = ""


@dataclass
class _Set:
    """Handlers being made, each with the next source and names in turn."""

    rng: Random
    handlers: list[Handler] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._names = cycle(_NAMES)
        self._sources = {name: cycle(self.rng.sample(of, len(of))) for name, of in _sources().items()}

    def add(self, framework: str, weakness: str, label: str, name: str, parts: Sequence[Part]) -> None:
        """A handler of these parts."""
        raw, value = next(self._names)
        number = len(self.handlers) + 1
        way_in = next(self._sources[framework])
        source = _handler(f"view_{number:04d}", framework, [way_in, *parts], {"raw": raw, "value": value, "fail": _REFUSALS[framework]})
        self.handlers.append(Handler(f"web/views/view_{number:04d}.py", weakness, label == "bad", name, source))


def handlers(which: str) -> list[Handler]:
    """The handlers of a set, in order."""
    if which == "later":
        return list(_written())
    made = _Set(Random(20 if which == "crossed" else 77))
    ways, frameworks = list(_parts("ways")), cycle(_FRAMEWORKS)
    sinks = defaultdict(list)
    for part in _parts("sinks"):
        sinks[part.words[0]].append(part)
    order = made.rng.sample(ways, len(ways))
    turn = cycle(order)
    for weakness, pool in sinks.items():
        wanted = _SIZE_AGAIN if which == "again" else _SIZES.get(weakness, _PLAIN_SIZE)
        _cross(made, weakness, cycle(made.rng.sample(pool, len(pool))), turn, frameworks, wanted // 2)
    for part in (*_parts("whole"), *_parts("choices")):
        made.add(part.framework or next(frameworks), part.words[0], part.words[2], part.words[1], [part])
    return made.handlers


def _cross(made: _Set, weakness: str, sinks: Iterator[Part], ways: Iterator[Part], frameworks: Iterator[str], each: int) -> None:
    left = {"bad": each, "safe": each}
    while any(left.values()):
        way = next(ways)
        without = next((word[4:].split(",") for word in way.words if word.startswith("not:")), [])
        if not left[way.words[1]] or weakness in without or (without and weakness == "code"):
            continue
        sink = next(sinks)
        framework = sink.framework or next(frameworks)
        if framework == "django" and not sink.framework and "async" in (*way.words, *sink.words):
            framework = "fastapi"
        made.add(framework, weakness, way.words[1], f"{way.words[0]}+{sink.words[1]}", [way, sink])
        left[way.words[1]] -= 1


def _written() -> Iterator[Handler]:
    for number, chunk in enumerate(_chunks("later"), 1):
        head, _, source = chunk.partition("\n")
        weakness, label, name = head.split()
        yield Handler(f"web/views/later_{number:03d}.py", weakness, label == "bad", name, source)


def _chunks(name: str) -> list[str]:
    return re.split(r"^== ", (FOLDER / f"{name}.txt").read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]


def _parts(name: str) -> Iterator[Part]:
    for chunk in _chunks(name):
        head, _, rest = chunk.partition("\n")
        before, _, body = f"\n{rest}".partition("\nbody\n")
        imports, _, top = f"{before}\n".partition("\ntop\n")
        lines = [line for line in imports.strip("\n").split("\n") if line]
        words = tuple(head.split())
        chosen = next((one[3:] for one in (*words, *lines) if one.startswith("fw:")), "")
        yield Part(words, tuple(one for one in lines if not one.startswith("fw:")), top.strip("\n"), body.rstrip("\n"), chosen)


def _sources() -> dict[str, list[Part]]:
    found = defaultdict(list)
    for part in _parts("sources"):
        found[part.words[0]].append(part)
    return dict(found)


def _handler(name: str, framework: str, parts: Sequence[Part], words: dict[str, str]) -> str:
    imports = list(dict.fromkeys([_IMPORTS[framework], *(line for part in parts for line in part.imports)]))
    tops = [_filled(part.top, words) for part in parts if part.top]
    body = _filled("\n".join(part.body for part in parts if part.body), words)
    head, signature = _signature(name, framework, parts[0], words["raw"], body)
    lines = ["\n".join(imports), head, *tops, f"{signature}\n{textwrap.indent(body, '    ')}"]
    end = "" if body.rsplit("\n", 1)[-1].startswith("return") else f"\n    {_ENDS[framework]}"
    return "\n\n\n".join(one for one in lines if one) + end + "\n"


def _signature(name: str, framework: str, way_in: Part, raw: str, body: str) -> tuple[str, str]:
    define = "async def" if re.search(r"\bawait |\basync (for|with) ", body) else "def"
    given = next((word.removeprefix("given:") for word in way_in.words if word.startswith("given:")), "")
    param = {"": "", "plain": raw, "name": "name"}.get(given, given.replace("_", " ").replace("RAW", raw))
    if framework == "django":
        return "", f"{define} {name}({', '.join(one for one in ('request', param) if one)}):"
    if framework == "flask":
        route = f"/{name}/<{param}>" if param else f"/{name}"
        return f'pages = Blueprint("{name}", __name__)', f'@pages.route("{route}", methods=["GET", "POST"])\n{define} {name}({param}):'
    param = f"{raw}: str" if param == raw else param
    args = ", ".join(one for one in ("request: Request", param) if one)
    return "router = APIRouter()", f'@router.post("/{name}")\n{define} {name}({args}):'


def _filled(text: str, words: dict[str, str]) -> str:
    return string.Template(text).substitute(words)


def measure(which: str, every: int = 1) -> tuple[dict[str, tuple[int, int, int, int]], list[str]]:
    """For each weakness (found, sinful, wrongly found, safe), and what went wrong. `every`: only each so-manieth handler."""
    files = tomllib.loads((FOLDER / "support.toml").read_text(encoding="utf-8"))
    all_handlers = handlers(which)
    files |= {one.path: one.source for one in all_handlers}

    def read(paths: Sequence[str]) -> SourceFile | None:
        return next((SourceFile(path, files[path].encode()) for path in paths if path in files), None)

    told: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    wrong = []
    for one in all_handlers[::every]:
        report = review_file(SourceFile(one.path, one.source.encode()), ReviewOptions(), None, read)
        found = any(finding.cwe in CWES[one.weakness] for finding in report.findings)
        row = told[one.weakness]
        row[0 if one.sinful else 2] += found
        row[1 if one.sinful else 3] += 1
        if found is not one.sinful:
            wrong.append(f"{'missed' if one.sinful else 'wrongly found'}: {one.weakness}, {one.name}, {one.path}")
    return {name: (row[0], row[1], row[2], row[3]) for name, row in told.items()}, wrong


def score(row: Sequence[int]) -> float:
    """The share of sinful ones that are found less the share of safe ones that are."""
    return row[0] / max(row[1], 1) - row[2] / max(row[3], 1)


def main() -> None:
    """Prints a row for each weakness, and what went wrong."""
    for which in sys.argv[1:] or SETS:
        rows, wrong = measure(which)
        whole = [sum(row[at] for row in rows.values()) for at in range(4)]
        for name, row in (*rows.items(), (f"all of `{which}`", whole)):
            print(f"| {name} | {row[0]} of {row[1]} | {row[2]} of {row[3]} | {score(row):+.2f} |")
        print("\n".join(wrong))


if __name__ == "__main__":
    sys.setrecursionlimit(20_000)
    main()
