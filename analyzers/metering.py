"""Metered lines: those that hold code, neither blank nor only a comment. Cheap to import."""

from collections.abc import Iterable
from pathlib import PurePosixPath

_SLASHES = frozenset(
    {".c", ".cc", ".cpp", ".cs", ".css", ".go", ".h", ".java", ".js", ".jsx", ".kt", ".php", ".rs", ".scss", ".swift", ".ts", ".tsx"}
)
_HASHES = frozenset(
    {".py", ".pyi", ".pyw", ".ipynb", ".cfg", ".conf", ".env", ".ini", ".pl", ".properties", ".rb", ".sh", ".tf", ".toml",
     ".yaml", ".yml", ""}
)


def code_lines(lines: Iterable[str], path: str) -> int:
    """How many of a file's lines hold code; of a notebook give those of its code cells.

    The name tells how comments begin. A docstring is no comment: it is part of the program, which can read it.
    """
    suffix = PurePosixPath(path).suffix.lower()
    comments = ("//", "/*", "*/", "* ") if suffix in _SLASHES else ("#",) if suffix in _HASHES else ("<!--",)
    return sum(1 for line in lines if (text := line.strip()) and not text.startswith(comments))
