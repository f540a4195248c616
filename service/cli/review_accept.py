"""`lockgate review --accept PATH:LINE --reason WHY`: writes into `.lockgate.yml` that findings may stay, where no comment can stand."""

import re
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from io import BytesIO
from typing import Any

from ruamel.yaml import YAML

from analyzers.accept import entry
from analyzers.finding import Finding, SourceFile
from analyzers.options import FILE, Accepted, read_options
from service.cli.review_source import CannotRead, Tree
from service.cli.review_teach import replace_file

_PLACE = re.compile(r"(?P<path>.+):(?P<line>\d{1,9})")
_LINES_SHOWN_MAX = 5


def accepted(
    tree: Tree, places: Sequence[str], reason: str, until: date | None, search: Callable[[SourceFile], Sequence[Finding]]
) -> Iterator[str]:
    """Writes an entry for each finding at these places, and says what was written. Raises CannotRead, BrokenOptions.

    `search` gives the findings of one file that stand today.
    """
    if len(reason.strip()) < 3:
        raise CannotRead('--accept needs --reason "why it may stay", so that the next reader knows')
    content = tree.settings(FILE)
    known = read_options(content).accept
    fresh: list[Accepted] = []
    for place in places:
        for finding in _at(tree, place, search):
            made = entry(finding, reason.strip(), (*known, *fresh)).model_copy(update={"until": until})
            if made not in fresh:
                fresh.append(made)
                yield f"{finding.path}:{finding.line}: {finding.rule} is accepted: {reason.strip()}"
    replace_file(tree.root / FILE, _written(content, fresh))
    yield f"{tree.root / FILE}: {len(fresh)} entr{'y' if len(fresh) == 1 else 'ies'} written; commit it with the rest"


def _at(tree: Tree, place: str, search: Callable[[SourceFile], Sequence[Finding]]) -> list[Finding]:
    match = _PLACE.fullmatch(place)
    if match is None:
        raise CannotRead(f"--accept {place}: write it as PATH:LINE, such as config.json:12")
    path, line = match["path"].removeprefix("./"), int(match["line"])
    if path not in tree.names:
        raise CannotRead(f"--accept {place}: there is no file {path} under review in {tree.root}")
    found = search(tree.file(path))
    hits = [one for one in found if one.line <= line <= one.end_line]
    if not hits:
        lines = ", ".join(str(one) for one in sorted({one.line for one in found})[:_LINES_SHOWN_MAX])
        raise CannotRead(f"--accept {place}: nothing is found on that line" + (f"; there are findings on line {lines}" if lines else ""))
    return hits


def _written(content: bytes | None, fresh: Sequence[Accepted]) -> bytes:
    """The settings with the entries at their end; comments and order stay."""
    writer = YAML(typ="rt")
    writer.preserve_quotes = True
    writer.width = 4096
    writer.indent(mapping=2, sequence=4, offset=2)
    document: Any = writer.load(content or b"") or {}
    for key, empty in (("review", {}), ("accept", [])):
        node = document if key == "review" else document["review"]
        if node.get(key) is None:
            node[key] = empty
    for one in fresh:
        document["review"]["accept"].append(one.model_dump(exclude_defaults=True))
    for made in document["review"]["accept"][-len(fresh) :] if fresh else ():
        made.update({key: list(made[key]) for key in ("rules", "paths")})
    out = BytesIO()
    writer.dump(document, out)
    if read_options(out.getvalue()).accept[-len(fresh) :] != tuple(fresh):
        raise CannotRead(f"{FILE} is written in a way that cannot be added to; add `review: accept:` there yourself")
    return out.getvalue()
