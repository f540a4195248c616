"""Package group patterns: `/*`, `/npm/*`, `/npm/team/ui~`, `/pypi//requests$`, and which of them describes a package best.

The syntax is CodeArtifact's: a pattern is a package path `/format/namespace/name`, cut off at some point, with a suffix. `$` means
the whole coordinate, `~` a prefix of the last component, `*` any value of the next one. Names are normalised as packages are.
"""

import re
from dataclasses import dataclass

from registry.names import PackageName
from service.kernel.errors import Malformed

PATTERN_CHARACTERS_MAX = 520
_PART = re.compile(r"[^\s/~$*\x00-\x1f\x7f]*")
_SEPARATORS = re.compile(r"[-_.]+")
_NAME_WITHOUT_NAMESPACE = ("pypi", "nuget")
_FORMAT = re.compile(r"[a-z0-9]+")


@dataclass(frozen=True)
class Pattern:
    """A parsed pattern. `parts` are format, namespace and name as far as given; `suffix` is `$`, `~` or `*`."""

    parts: tuple[str, ...]
    suffix: str

    @property
    def text(self) -> str:
        """The normal spelling, by which a domain knows its groups."""
        return "/" + "/".join(self.parts) + ("/*" if self.suffix == "*" and self.parts else self.suffix)

    def matches(self, name: PackageName) -> bool:
        """Whether the package is described by it."""
        path = path_of(name)
        whole, last = (self.parts[:-1], self.parts[-1]) if self.suffix == "~" else (self.parts, None)
        if path[: len(whole)] != whole:
            return False
        return path[len(whole)].startswith(last) if last is not None else True

    @property
    def weight(self) -> tuple[int, int, int]:
        """Sort key of how much it says: of two patterns that match one package, the heavier one is the narrower."""
        depth = len(self.parts) - (1 if self.suffix == "~" else 0)
        return depth, 1 if self.suffix == "~" else 0, len(self.parts[-1]) if self.suffix == "~" else 0

    def covers(self, other: "Pattern") -> bool:
        """Whether every package that `other` matches is matched by this one too."""
        if self.suffix == "*":
            whole = other.parts[:-1] if other.suffix == "~" else other.parts
            return whole[: len(self.parts)] == self.parts
        if self.suffix == "$":
            return self == other
        depth = len(self.parts) - 1
        if len(other.parts) <= depth or other.parts[:depth] != self.parts[:depth]:
            return False
        return other.parts[depth].startswith(self.parts[depth])


ROOT = Pattern((), "*")


def parse(text: str) -> Pattern:
    """A pattern from its text. Raises Malformed, saying what is wrong with it."""
    if not text.startswith("/") or len(text) > PATTERN_CHARACTERS_MAX or text[-1] not in "$~*":
        raise _wrong(text, "begin with a slash and end with $ (whole coordinate), ~ (prefix) or * (everything below)")
    suffix, body = text[-1], text[1:-1]
    if suffix == "*":
        if body and not body.endswith("/"):
            raise _wrong(text, "* stands for a whole component, so a slash comes before it; use ~ for a prefix")
        body = body.removesuffix("/")
        parts = tuple(body.split("/")) if body else ()
    else:
        parts = tuple(body.split("/"))
    return _checked(text, parts, suffix)


def path_of(name: PackageName) -> tuple[str, str, str]:
    """Format, namespace without npm's @, and name, as patterns are compared with."""
    return name.format, name.namespace.removeprefix("@"), name.name


def best(patterns: list[Pattern], name: PackageName) -> Pattern | None:
    """The narrowest pattern that matches the package."""
    return max((p for p in patterns if p.matches(name)), key=lambda p: p.weight, default=None)


def parents(patterns: list[Pattern], child: Pattern) -> list[Pattern]:
    """The patterns that cover `child`, the nearest first."""
    return sorted((p for p in patterns if p != child and p.covers(child)), key=lambda p: p.weight, reverse=True)


def _checked(text: str, parts: tuple[str, ...], suffix: str) -> Pattern:
    if len(parts) > 3 or (suffix == "$" and len(parts) != 3):
        raise _wrong(text, "$ needs /format/namespace/name; a namespace may be empty, as in /pypi//requests$")
    if suffix == "*" and len(parts) == 3:
        raise _wrong(text, "nothing comes after the name; end it with $ or ~")
    if suffix == "~" and (len(parts) < 2 or not parts[-1]):
        raise _wrong(text, "~ follows the beginning of a namespace or name")
    if not all(_PART.fullmatch(part) for part in parts) or (parts and not _FORMAT.fullmatch(parts[0])):
        raise _wrong(text, "a component holds no spaces and none of / ~ $ *, and the first is a format such as npm")
    if len(parts) > 2 and not parts[2] and suffix != "~":
        raise _wrong(text, "the name is empty")
    if len(parts) > 1 and parts[1] and parts[0] in _NAME_WITHOUT_NAMESPACE:
        raise _wrong(text, f"{parts[0]} packages have no namespace: write /{parts[0]}//name")
    return Pattern(_normal(parts), suffix)


def _normal(parts: tuple[str, ...]) -> tuple[str, ...]:
    if not parts:
        return parts
    rest = [part.removeprefix("@") if at == 0 and parts[0] == "npm" else part for at, part in enumerate(parts[1:])]
    if len(rest) == 2 and parts[0] == "pypi":
        # Runs of - _ . are one hyphen (PEP 503); a prefix may end with one.
        rest[1] = _SEPARATORS.sub("-", rest[1]).lower()
    elif len(rest) == 2 and parts[0] == "nuget":
        rest[1] = rest[1].lower()
    return (parts[0], *rest)


def _wrong(text: str, why: str) -> Malformed:
    return Malformed(where=f"pattern {text[:100]!r}", why=why)
