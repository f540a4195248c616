"""How much of a file is looked at, and which files are Python. Cheap to import: the service asks before any parser runs."""

import re
from pathlib import PurePosixPath

from analyzers.finding import Diagnostic, SourceFile

FILE_BYTES_MAX = 1024 * 1024
FINDINGS_PER_FILE_MAX = 500
_PYTHON = (".py", ".pyi", ".pyw")
_SHEBANG = re.compile(rb"#![^\n]{0,100}\bpython")
_BINARY_PROBE = 8192


def is_python(file: SourceFile) -> bool:
    """Whether the file is Python, by its name or its first line."""
    name = PurePosixPath(file.path).name.lower()
    return name.endswith(_PYTHON) or ("." not in name and bool(_SHEBANG.match(file.content)))


def is_binary(file: SourceFile) -> bool:
    """Whether it is an image, an archive or the like. Text in UTF-16 with its mark is text; what is named .py is Python."""
    if file.content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return False
    return b"\0" in file.content[:_BINARY_PROBE] and not is_python(file)


def too_large(file: SourceFile) -> Diagnostic | None:
    """What is said of a file that is not looked at for its size."""
    if len(file.content) <= FILE_BYTES_MAX:
        return None
    told = f"not reviewed: larger than the limit of {FILE_BYTES_MAX:,} bytes"
    return Diagnostic(file.path, 0, told, unreadable=is_python(file))
