"""Where an imported module, or the settings that a file reads, may lie in the tree. Cheap to import."""

import re
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from pathlib import PurePosixPath

from analyzers.finding import SourceFile

Read = Callable[[Sequence[str]], SourceFile | None]
"""The first of these paths that the tree under review has."""
_SOURCE_FOLDERS = ("src/", "lib/", "")
SETTINGS_ENDINGS = (".ini", ".cfg", ".conf", ".config", ".properties")
SETTINGS_BYTES_MAX = 64_000
_SETTINGS = "settings:"


_SERVING = (
    b"flask", b"quart", b"django", b"rest_framework", b"fastapi", b"starlette", b"aiohttp", b"tornado", b"bottle", b"sanic", b"falcon",
    b"event, context",
)  # fmt: skip
_SERVES = re.compile(rb"\b(" + b"|".join(_SERVING) + rb")\b|\.recv\(")
_COOKIE_BYTES = 400
QUIET = "quiet:"
"""Before the digest of a module that was not followed: its content matters only once it speaks of requests."""


def serves(content: bytes) -> bool:
    """Whether a file speaks of requests. Where neither it nor what it imports does, nobody on the network has a word in it."""
    return any(word in content for word in (*_SERVING, b".recv(")) and bool(_SERVES.search(content))


def may_serve(content: bytes) -> bool:
    """The same of a file whose words may be written in another encoding: then yes, to be sure."""
    return serves(content) or b"\0" in content or b"coding" in content[:_COOKIE_BYTES]


def recorded(importer_serves: bool, module: SourceFile | None, digest: str) -> str:
    """How to remember that a module was asked for: by its digest, "" without one, marked where it was not followed."""
    followed = importer_serves or (module is not None and serves(module.content))
    return digest if followed else f"{QUIET}{digest}"


def unchanged(before: str, digest: str, speaks: Callable[[], bool]) -> bool:
    """Whether a module with this digest now leads to the same result as the one that `recorded` gave `before` for.

    `speaks` tells whether it `serves`; only where there is a module that changed and was not followed it is asked.
    """
    if before.removeprefix(QUIET) == digest:
        return True
    return before.startswith(QUIET) and not (digest and speaks())


def candidates(name: str, path: str) -> Iterator[str]:
    """Where a module may lie for who imports it from `path`: beside it, above it, or below a usual source folder."""
    file = name.replace(".", "/")
    for folder in folders(path):
        yield f"{folder}{file}.py"
        yield f"{folder}{file}/__init__.py"


@lru_cache(maxsize=256)
def folders(path: str) -> tuple[str, ...]:
    """Where a file at `path` looks: the root and every folder on the way, then usual source folders."""
    around = [f"{folder}/" if str(folder) != "." else "" for folder in PurePosixPath(path).parents][:8]
    return tuple(dict.fromkeys([*reversed(around), *_SOURCE_FOLDERS]))


def settings_places(name: str, path: str) -> Iterator[str]:
    """Where the settings may lie that the file at `path` reads by a relative name: beside it or above it."""
    return (f"{folder}{name}" for folder in folders(path))


def is_settings(path: str) -> bool:
    """Whether the file at a path may be settings that data flow reads."""
    return path.endswith(SETTINGS_ENDINGS)


def name_of(paths: Sequence[str]) -> str:
    """What was asked for with these candidates, a module or settings: the shortest of them lies at the root."""
    shortest = min(paths, key=len)
    return f"{_SETTINGS}{shortest}" if is_settings(shortest) else shortest.removesuffix(".py").replace("/", ".")


def places_of(name: str, path: str) -> Iterator[str]:
    """The candidates that the file at `path` asked with, from what `name_of` gave for them."""
    return settings_places(name.removeprefix(_SETTINGS), path) if names_settings(name) else candidates(name, path)


def names_settings(name: str) -> bool:
    """Whether what `name_of` gave names settings."""
    return name.startswith(_SETTINGS)


def last_words(path: str) -> tuple[str, str]:
    """What the dotted names end in that may lead to the module at `path`: for a package also its folder's name."""
    stem = path.removesuffix(".py")
    return stem.rpartition("/")[2], stem.removesuffix("/__init__").rpartition("/")[2]
