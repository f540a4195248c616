"""How much of a file is looked at, and which files are Python. Cheap to import: the service asks before any parser runs."""

import re
from pathlib import PurePosixPath

from analyzers import cells
from analyzers.finding import Diagnostic, Skipped, SourceFile
from analyzers.options import ReviewOptions

FILE_BYTES_MAX = 1024 * 1024
FINDINGS_PER_FILE_MAX = 500
_PYTHON = (".py", ".pyi", ".pyw")
_SHEBANG = re.compile(rb"#![^\n]{0,100}\bpython")
_BINARY_PROBE = 8192


def bytes_max(path: str) -> int:
    """How many bytes of a file of this name are read; a notebook must come below FILE_BYTES_MAX without its outputs."""
    return cells.NOTEBOOK_BYTES_MAX if cells.is_notebook(path) else FILE_BYTES_MAX


def readable(path: str, content: bytes) -> SourceFile:
    """A file to review, as far as it is read: of a large notebook without the long texts among its outputs."""
    large = len(content) > FILE_BYTES_MAX and cells.is_notebook(path)
    return SourceFile(path, cells.without_outputs(content) if large else content)


def is_python(file: SourceFile) -> bool:
    """Whether the file is Python, by its name or its first line."""
    name = PurePosixPath(file.path).name.lower()
    return name.endswith(_PYTHON) or ("." not in name and bool(_SHEBANG.match(file.content)))


def is_binary(file: SourceFile) -> bool:
    """Whether it is an image, an archive or the like. Text in UTF-16 with its mark is text; what is named .py is Python."""
    if file.content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return False
    return b"\0" in file.content[:_BINARY_PROBE] and not is_python(file)


def left_out(file: SourceFile, options: ReviewOptions) -> Skipped | None:
    """Why the file is not for review, if it is not: the settings exclude it, or it is no text."""
    if pattern := options.excluded_by(file.path):
        return excluded(file.path, pattern)
    return binary(file.path) if is_binary(file) else None


def excluded(path: str, pattern: str) -> Skipped:
    """What is said of a file that the settings exclude."""
    return Skipped(path, "excluded", f"excluded by `{pattern}`")


def binary(path: str) -> Skipped:
    """What is said of an image, an archive or the like."""
    return Skipped(path, "binary", "binary, not text")


def link(path: str) -> Skipped:
    """What is said of a symbolic link."""
    return Skipped(path, "link", "a symbolic link; what it points to is reviewed where it is")


def submodule(path: str) -> Skipped:
    """What is said of another repository in the tree."""
    return Skipped(path, "submodule", "a submodule: another repository, reviewed there")


def too_large(file: SourceFile) -> Diagnostic | None:
    """What is said of a file that is not looked at for its size."""
    size = len(file.content)
    if size <= FILE_BYTES_MAX:
        return None
    limit = bytes_max(file.path) if size > bytes_max(file.path) else FILE_BYTES_MAX
    told = f"not reviewed: larger than the limit of {limit:,} bytes"
    if limit == FILE_BYTES_MAX < bytes_max(file.path):
        told += ", even without what its cells put out"
    return Diagnostic(file.path, 0, told, unreadable=is_python(file))
