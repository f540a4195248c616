"""The modules that a file imports, found by path in its own tree, parsed and lowered; nothing is ever imported."""

import hashlib
import sys
from collections import OrderedDict
from collections.abc import Callable

import libcst as cst

from analyzers.finding import SourceFile
from analyzers.flow import ir
from analyzers.flow.lower_block import lower
from analyzers.flow.places import SETTINGS_BYTES_MAX, Read, candidates, is_settings, serves, settings_places
from analyzers.flow.program import module_name
from analyzers.limits import FILE_BYTES_MAX
from analyzers.parse import parse_module

MODULES_MAX = 30
"""For each file under review; what lies further counts as unknown."""
KEPT_BYTES_MAX = 300_000
"""Of source text whose trees are kept for the next file; a tree takes some 300 times its text."""


class Modules:
    """Loads modules for one file under review, and keeps them for the next."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, tuple[ir.Module | None, int]] = OrderedDict()

    def loader(self, path: str, text: str, read: Read | None) -> Callable[[str], ir.Module | None]:
        """The loader for the file at `path`. Other files are parsed only where one of both speaks of requests."""
        left = MODULES_MAX
        served = serves(text.encode(errors="replace"))

        def load(name: str) -> ir.Module | None:
            nonlocal left
            if read is None or left <= 0 or name.partition(".")[0] in sys.stdlib_module_names or "(" in name or not name:
                return None
            found = read(list(candidates(name, path)))
            if found is None or found.path == path or not (served or serves(found.content)):
                return None
            left -= 1
            return self._lowered(found)

        return load

    def _lowered(self, file: SourceFile) -> ir.Module | None:
        key = hashlib.sha256(file.path.encode(errors="replace") + b"\0" + file.content).hexdigest()
        if key in self._kept:
            self._kept.move_to_end(key)
            return self._kept[key][0]
        module = _parsed(file)
        self._kept[key] = module, len(file.content)
        while sum(size for _, size in self._kept.values()) > KEPT_BYTES_MAX and len(self._kept) > 1:
            self._kept.popitem(last=False)
        return module


def settings_file(path: str, text: str, read: Read | None) -> Callable[[str], str | None]:
    """Gives the settings that the file at `path` reads: beside it or above it, where the file speaks of requests."""

    def find(name: str) -> str | None:
        if read is None or name.startswith("/") or ".." in name or not is_settings(name) or not serves(text.encode(errors="replace")):
            return None
        found = read(list(settings_places(name, path)))
        return found.content.decode(errors="replace") if found is not None and len(found.content) <= SETTINGS_BYTES_MAX else None

    return find


def _parsed(file: SourceFile) -> ir.Module | None:
    if len(file.content) > FILE_BYTES_MAX:
        return None
    try:
        tree = parse_module(file.content)
    except (cst.ParserSyntaxError, UnicodeDecodeError, LookupError, ValueError):
        return None
    return lower(tree, file.path, module_name(file.path))
