"""The cells of a Jupyter notebook, out of its JSON: their kinds, their texts and where each stands in the file. Cheap to import.

https://nbformat.readthedocs.io/en/latest/format_description.html
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import PurePosixPath

SUFFIX = ".ipynb"
NOTEBOOK_BYTES_MAX = 32 * 1024 * 1024
"""As long as its cells are not over the limit of other files; what they put out is mostly pictures."""
DEPTH_MAX = 200
OUTPUT_BYTES_MAX = 4096
"""A longer text among the outputs of a large notebook is left out."""
LEFT_OUT = "(left out by the review: {size:,} characters)"
_LEFT_OUT = re.compile(r'"\(left out by the review: [\d,]+ characters\)"')
_TOKEN = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"?|[{}\[\],:]', re.DOTALL)
_KEY_DEPTH = 5


class NoNotebook(ValueError):
    """The file is no notebook; the message says why."""


@dataclass
class Cell:
    """One cell of any kind."""

    kind: str = ""
    parts: list[tuple[str, int]] = field(default_factory=list)
    """Strings of the source, each with the offset of its first character in the file."""


def is_notebook(path: str) -> bool:
    """By the name."""
    return PurePosixPath(path).suffix.lower() == SUFFIX


def without_outputs(content: bytes) -> bytes:
    """A notebook without long texts among its outputs and attachments; lines and all else stay where they are.

    What is no notebook, or over NOTEBOOK_BYTES_MAX, comes back as it is.
    """
    if len(content) > NOTEBOOK_BYTES_MAX:
        return content
    kept, at = [], 0
    try:
        text = content.decode()
        for where, start, end in _places(text):
            if end - start > OUTPUT_BYTES_MAX and where[:1] == ("cells",) and where[2:3] in (("outputs",), ("attachments",)):
                kept += [text[at:start], json.dumps(LEFT_OUT.format(size=end - start - 2))]
                at = end
    except (UnicodeError, NoNotebook):
        return content
    return "".join([*kept, text[at:]]).encode()


def left_out(text: str) -> int:
    """How many texts `without_outputs` left out of a notebook."""
    return sum(1 for _ in _LEFT_OUT.finditer(text))


def cells(text: str) -> tuple[list[Cell], str]:
    """The cells with their places, and the kernel's language. Raises NoNotebook."""
    try:
        known = json.loads(text)
        if not isinstance(known, dict) or not isinstance(known.get("cells"), list):
            raise NoNotebook("it has no list of cells, as nbformat 4 has")
    except (ValueError, RecursionError) as error:
        raise error if isinstance(error, NoNotebook) else NoNotebook(f"it is no JSON: {error}"[:200]) from None
    found: list[Cell] = [Cell() for _ in known["cells"]]
    size = len(found)
    language = ""
    for where, start, end in _places(text):
        match where:
            case ("cells", int(number), "cell_type") if number < size:
                found[number].kind = json.loads(text[start:end])
            case ("cells", int(number), "source") | ("cells", int(number), "source", int()) if number < size:
                found[number].parts.append((json.loads(text[start:end]), start + 1))
            case ("metadata", "kernelspec" | "language_info", "language" | "name") if where[1:] != ("kernelspec", "name"):
                language = json.loads(text[start:end])
    return found, language


def code_of(text: str) -> list[str]:
    """The lines of a notebook's code cells, whatever their language; of what is no notebook every line."""
    try:
        found, _ = cells(text)
    except NoNotebook:
        return text.splitlines()
    return [line for one in found if one.kind == "code" for line in "".join(part for part, _ in one.parts).splitlines()]


def _places(text: str) -> Iterator[tuple[tuple[str | int, ...], int, int]]:
    """Every string value of a JSON document: the keys and numbers that lead to it, and where it begins and ends, quotes included."""
    path: list[str | int] = []
    key = ""
    for token in _TOKEN.finditer(text):
        start, end = token.span()
        sign = text[start]
        if sign in "{[":
            path.append("" if sign == "{" else 0)
            if len(path) > DEPTH_MAX:
                raise NoNotebook("it nests too deeply")
        elif not path or (sign == '"' and end == len(text)):
            raise NoNotebook("it is no JSON: a text or bracket has no other end")
        elif sign in "}]":
            path.pop()
        elif sign != '"':
            here = path[-1]
            path[-1] = key if sign == ":" else here + 1 if isinstance(here, int) else ""
        elif path[-1] == "":
            key = _key(text[start:end]) if len(path) <= _KEY_DEPTH else "?"
        else:
            yield tuple(path), start, end


def _key(written: str) -> str:
    try:
        return str(json.loads(written)) or "?"
    except ValueError:
        raise NoNotebook("it is no JSON: a name is written wrongly") from None
