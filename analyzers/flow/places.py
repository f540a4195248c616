"""Where an imported module may lie in the tree. Cheap to import."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import PurePosixPath

from analyzers.finding import SourceFile

Read = Callable[[Sequence[str]], SourceFile | None]
"""The first of these paths that the tree under review has."""
_SOURCE_FOLDERS = ("src/", "lib/", "")


def candidates(name: str, path: str) -> Iterator[str]:
    """Where a module may lie for who imports it from `path`: beside it, above it, or below a usual source folder."""
    file = name.replace(".", "/")
    folders = [f"{folder}/" if str(folder) != "." else "" for folder in PurePosixPath(path).parents][:8]
    for folder in dict.fromkeys([*reversed(folders), *_SOURCE_FOLDERS]):
        yield f"{folder}{file}.py"
        yield f"{folder}{file}/__init__.py"


def name_of(paths: Sequence[str]) -> str:
    """The module that was asked for with these candidates: the shortest of them lies at the root."""
    return min(paths, key=len).removesuffix(".py").replace("/", ".")
