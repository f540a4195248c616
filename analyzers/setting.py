"""Settings as their formats write them: names with values and where the values stand. One reader a file in `analyzers/readers`."""

import importlib
import pkgutil
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import PurePosixPath

from analyzers import readers

VALUE_CHARACTERS_MAX = 4096


@dataclass(frozen=True)
class Setting:
    """A value with the name it is given. `start` and `end` are character offsets of the value as written in the text."""

    name: str
    value: str
    """Decoded, where the format encodes it."""
    start: int
    end: int


@dataclass(frozen=True)
class Reader:
    """One way of writing settings. `files` are file names and, with a dot in front, endings."""

    name: str
    files: tuple[str, ...]
    read: Callable[[str], Iterator[Setting]]
    source: str
    """The format's specification."""
    examples: tuple[tuple[str, str, str], ...]
    """Texts with a name and a value that must be read from them; a test does so."""
    prose: bool = False
    """Whether such files mostly hold text for people, so that only values that look generated count."""
    jotted: tuple[str, ...] = ()
    """Names, without their ending, of files that people write for themselves: there a password is one."""

    nameless: bool = False
    """Whether files are read so whose name tells no format: `hosts`, `.offlineimaprc`, `cifs-credentials`."""

    def is_prose(self, path: str) -> bool:
        """Whether a file of this name is text for other people."""
        return self.prose and PurePosixPath(path).name.lower().split(".")[0] not in self.jotted

    def covers(self, path: str) -> bool:
        """Whether a file of this name is written in the format. A copy that somebody set aside is what it was."""
        name = bare_name(path)
        if any(name.endswith(one) or name.startswith(f"{one}.") if one[0] == "." else name in (one, f"_{one}") or name.startswith(f"{one}.")
               for one in self.files):  # fmt: skip
            return True
        return self.nameless and _says_nothing(name)


_SET_ASIDE = re.compile(r"(?:\.(?:bak|backup|old|orig|save|saved|copy|tmp|disabled|dist|swp|\d{1,2})|~)+$")
_PROSE = frozenset({"readme", "license", "licence", "copying", "notice", "authors", "contributors", "changelog", "changes", "news",
    "history",
                    "install", "thanks", "maintainers", "record", "metadata", "wheel", "version", "py", "license-mit", "license-apache",
                    "top_level", "installer", "credits", "codeowners", "manifest", "owners"})  # fmt: skip
_RUN_COMMANDS = re.compile(r"\.?[\w-]{1,40}rc|\.[\w-]{1,40}")


def bare_name(path: str) -> str:
    """A file's name in lower case, without the endings of a copy that somebody set aside."""
    name = PurePosixPath(path).name.lower()
    return _SET_ASIDE.sub("", name) or name


def _says_nothing(name: str) -> bool:
    return ("." not in name and name not in _PROSE) or bool(_RUN_COMMANDS.fullmatch(name))


@cache
def all_readers() -> tuple[Reader, ...]:
    """Every reader, by name."""
    modules = [importlib.import_module(f"{readers.__name__}.{one.name}") for one in pkgutil.iter_modules(readers.__path__)]
    return tuple(sorted((module.READER for module in modules), key=lambda one: one.name))
