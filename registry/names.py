"""Names: which ones are accepted, and how two spellings are found to be the same."""

import re
from dataclasses import dataclass
from urllib.parse import unquote

from packaging.utils import canonicalize_name

from service.kernel.errors import Malformed

_REPOSITORY = re.compile(r"[a-z0-9][a-z0-9._-]{0,98}[a-z0-9]|[a-z0-9]")
_PYPI = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,126}[A-Za-z0-9])?")
_NPM_PART = re.compile(r"[A-Za-z0-9~-][A-Za-z0-9._~-]*")
_NPM_NEW = re.compile(r"[a-z0-9~-][a-z0-9._~-]*")
_NPM_RESERVED = {"node_modules", "favicon.ico"}
_UNSAFE = re.compile(r"[\x00-\x1f\x7f/\\]")


@dataclass(frozen=True)
class PackageName:
    """A package's name in one format: equal when the package is the same one."""

    format: str
    namespace: str
    name: str

    @property
    def full(self) -> str:
        """`@scope/name`, or the name alone."""
        return f"{self.namespace}/{self.name}" if self.namespace else self.name


def check_repository_name(kind: str, name: str) -> str:
    """The name of a domain or package repository, or Malformed."""
    if not _REPOSITORY.fullmatch(name) or ".." in name:
        raise Malformed(where=f"{kind} name", why="use 1-100 of a-z 0-9 . _ - and begin and end with a letter or digit")
    return name


def pypi_name(text: str) -> PackageName:
    """A Python project's name, normalised (PEP 503). Raises Malformed."""
    if not _PYPI.fullmatch(text):
        raise Malformed(where="name", why=f"{text[:100]!r} is no valid project name (letters, digits, . _ - inside)")
    return PackageName("pypi", "", str(canonicalize_name(text)))


def npm_name(text: str, *, new: bool = False) -> PackageName:
    """An npm package's name, plain or `@scope/name`, in whatever encoding it came. Raises Malformed.

    `new` applies the rules for names that are published today (validate-npm-package-name): lower case, 214 characters.
    """
    name = unquote(text)
    namespace, slash, rest = name.rpartition("/")
    pattern = _NPM_NEW if new else _NPM_PART
    scoped_well = namespace.startswith("@") and pattern.fullmatch(namespace[1:]) if slash else True
    if not scoped_well or not pattern.fullmatch(rest) or len(name) > 214 or name.lower() in _NPM_RESERVED:
        raise Malformed(where="name", why=f"{name[:100]!r} is no valid npm package name")
    return PackageName("npm", namespace, rest)


def check_file_name(name: str) -> str:
    """A file name that is one path segment and nothing else. Raises Malformed."""
    if not name or len(name) > 255 or _UNSAFE.search(name) or name.startswith("."):
        raise Malformed(where="file name", why=f"{name[:100]!r} must be a plain file name without slashes or control characters")
    return name
