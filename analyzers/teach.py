"""Teaches data flow a function: puts a model into the text of `.lockgate.yml`, whose other lines stay as they are."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from io import BytesIO
from typing import Any

from ruamel.yaml import YAML

from analyzers import yaml_lines
from analyzers.lesson import INDENT, CannotTeach, Lesson, item, lines, snippet
from analyzers.options import FILE, BrokenOptions, ModelOptions, ReviewOptions, read_options

_PLAIN_KEY = re.compile(r"\s*[\w-]+\s*:\s*(#.*)?$")


@dataclass(frozen=True)
class Taught:
    """The new text of the settings file, and the lines that were written: `first` is the number of the first."""

    content: bytes
    first: int
    lines: tuple[str, ...]


def teach(content: bytes | None, taught: Lesson) -> Taught:
    """The settings file with the lesson in it. Raises CannotTeach, and BrokenOptions for a file that cannot be read."""
    before = read_options(content)
    taught = _with_known_kinds(before.models, taught)
    wanted = _with(before, taught)
    if wanted == before:
        raise CannotTeach(f"{FILE} already says so of {taught.name}")
    text = (content or b"").decode()
    ends = "\r\n" if "\r\n" in text else "\n"
    for made in (_inserted, _rewritten):
        new = made(text.replace("\r\n", "\n"), taught)
        if new is not None and _says(new, wanted):
            return _told(text, new.replace("\n", ends))
    raise CannotTeach(f"{FILE} is written in a way that cannot be added to; write this there yourself:\n{snippet(taught)}")


def _with(options: ReviewOptions, taught: Lesson) -> ReviewOptions:
    tables = options.models.model_dump()
    table = [*tables[f"{taught.role}s"], taught.entry]
    if any(_covers(one, taught) for one in tables[f"{taught.role}s"]):
        return options
    return options.model_copy(update={"models": ModelOptions.model_validate({**tables, f"{taught.role}s": table})})


def _with_known_kinds(models: ModelOptions, taught: Lesson) -> Lesson:
    """The lesson with the kinds that the file gives its function already: of two entries for one name the later counts."""
    table = {"sanitizer": models.sanitizers, "guard": models.guards}.get(taught.role, ())
    known = [kind for one in table if taught.name in one.names for kind in one.kinds]
    return replace(taught, kinds=tuple(dict.fromkeys([*known, *taught.kinds]))) if known else taught


def _covers(known: Mapping[str, Any], taught: Lesson) -> bool:
    """Whether an entry says the same already."""
    kinds = set(known.get("kinds", ())) | {known.get("kind")}
    return set(taught.entry["names"]) <= set(known["names"]) and (set(taught.kinds) <= kinds or "*" in kinds)


def _says(text: str, wanted: ReviewOptions) -> bool:
    try:
        return read_options(text.encode()) == wanted
    except BrokenOptions:
        return False


def _inserted(text: str, taught: Lesson) -> str | None:
    """The text with lines put in, where the keys on the way are written as blocks; None where they are not."""
    document: Any = yaml_lines.load(FILE, text.encode())
    rows = text.splitlines()
    if document is None:
        return "\n".join([*rows, *lines(taught, ("review", "models"), 0)]) + "\n"
    path = ("review", "models", f"{taught.role}s")
    node, column, place = document, 0, len(rows)
    for depth, key in enumerate(path):
        if not isinstance(node, Mapping) or node.fa.flow_style():  # type: ignore[attr-defined]  # ruamel's own attribute
            return None
        column = _column(node)
        if key not in node:
            return _joined(rows, place, lines(taught, path[depth:-1], column))
        row = node.lc.key(key)[0]  # type: ignore[attr-defined]
        if node[key] is None:
            return _joined(rows, row + 1, lines(taught, path[depth + 1 : -1], column + INDENT))
        if not _PLAIN_KEY.match(rows[row]):
            return None
        node, place = node[key], _end(rows, row, column, sequence=depth == len(path) - 1)
    return _joined(rows, place, item(taught, _dash(rows, node)))


def _column(node: Any) -> int:
    return int(min((node.lc.key(key)[1] for key in node), default=0))


def _dash(lines: Sequence[str], node: Any) -> int:
    """The column of a sequence's dashes."""
    row = node.lc.item(0)[0]
    return len(lines[row]) - len(lines[row].lstrip())


def _end(lines: Sequence[str], row: int, column: int, *, sequence: bool) -> int:
    """The line after the last of the block that begins below `row`, whose key stands at `column`."""
    end = row + 1
    for number in range(row + 1, len(lines)):
        line = lines[number]
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        indent = len(line) - len(line.lstrip())
        if indent < column or (indent == column and not (sequence and line.lstrip().startswith("-"))):
            break
        end = number + 1
    return end


def _joined(lines: Sequence[str], place: int, new: Sequence[str]) -> str:
    return "\n".join([*lines[:place], *new, *lines[place:]]) + "\n"


def _rewritten(text: str, taught: Lesson) -> str | None:
    """The text as ruamel.yaml writes it: comments and order stay, spaces may not. For settings in flow style."""
    writer = YAML(typ="rt")
    writer.preserve_quotes = True
    writer.width = 4096
    document = writer.load(text) or {}
    node = document
    for key in ("review", "models"):
        if node.get(key) is None:
            node[key] = {}
        node = node[key]
    if node.get(f"{taught.role}s") is None:
        node[f"{taught.role}s"] = []
    node[f"{taught.role}s"].append(taught.entry)
    out = BytesIO()
    writer.dump(document, out)
    return out.getvalue().decode()


def _told(before: str, after: str) -> Taught:
    old, new = before.splitlines(), after.splitlines()
    start = next((n for n, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), min(len(old), len(new)))
    end = 0
    while end < min(len(old), len(new)) - start and old[-1 - end] == new[-1 - end]:
        end += 1
    return Taught(after.encode(), start + 1, tuple(new[start : len(new) - end]))
