"""Package group patterns: `/*`, `/npm/*`, `/npm/team/ui~`, `/pypi//requests$`, and which of them describes a package best.

The syntax and the matching are CodeArtifact's: a pattern is a package path `/format/namespace/name`, cut off at some point,
with a suffix. `$` means the whole coordinate, `~` a prefix of the last component that ends where a word does, `*` any value
of the next one. Names are normalised as packages are. A package that only a variation of the pattern describes (other
case, other separators, look-alike characters) matches weakly: it belongs to the group, and the group blocks it.
https://docs.aws.amazon.com/codeartifact/latest/ug/package-group-definition-syntax-matching-behavior.html
"""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from registry.names import PackageName
from service.kernel.errors import Malformed

PATTERN_CHARACTERS_MAX = 520
STRONG, WEAK = "STRONG", "WEAK"
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

    def strength(self, name: PackageName) -> str | None:
        """STRONG when it describes the package, WEAK when only a variation of it does, None when neither."""
        path = path_of(name)
        if not _fits(self.folded, self.suffix, _folded(path)):
            return None
        return STRONG if _fits(self.parts, self.suffix, path) else WEAK

    def matches(self, name: PackageName) -> bool:
        """Whether the package is described by it or by a variation of it."""
        return self.strength(name) is not None

    @cached_property
    def folded(self) -> tuple[str, ...]:
        """What all variations of the parts have in common."""
        return _folded(self.parts)

    @property
    def weight(self) -> tuple[int, int, int]:
        """Sort key of how much it says: of two patterns that match one package, the heavier one is the narrower."""
        depth = len(self.parts) - (1 if self.suffix == "~" else 0)
        return depth, 1 if self.suffix == "~" else 0, len(self.folded[-1]) if self.suffix == "~" else 0

    def covers(self, other: "Pattern") -> bool:
        """Whether every package that `other` matches is matched by this one too."""
        if self.suffix == "*":
            whole = other.folded[:-1] if other.suffix == "~" else other.folded
            return whole[: len(self.parts)] == self.folded
        if self.suffix == "$":
            return self.is_variation_of(other)
        depth = len(self.parts) - 1
        if len(other.parts) <= depth or other.folded[:depth] != self.folded[:depth]:
            return False
        return _begins(other.folded[depth], self.folded[depth])

    def is_variation_of(self, other: "Pattern") -> bool:
        """Whether both match the same packages, each its own spelling strongly."""
        return self.suffix == other.suffix and self.folded == other.folded


ROOT = Pattern((), "*")


def parse(text: str) -> Pattern:
    """A pattern from its text. Raises Malformed, saying what is wrong with it."""
    pattern = read(text)
    if pattern.suffix == "~" and not _is_word(pattern.parts[-1][-1]):
        raise _wrong(text, "~ follows a letter or digit: a prefix ends where a word does, so team~ is team and team-ui, not teams")
    return pattern


def read(text: str) -> Pattern:
    """The same for a pattern that was accepted before a prefix had to end in a word."""
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


def best(patterns: Iterable[Pattern], name: PackageName) -> tuple[Pattern, str] | None:
    """The narrowest pattern that matches the package, and how strongly; of variations the one that is spelled alike."""
    found = [(p, strength) for p in patterns if (strength := p.strength(name))]
    return max(found, key=lambda pair: (pair[0].weight, pair[1] == STRONG), default=None)


def parents(patterns: Iterable[Pattern], child: Pattern) -> list[Pattern]:
    """The patterns that cover `child`, the nearest first."""
    wider = (p for p in patterns if p.covers(child) and not p.is_variation_of(child))
    return sorted(wider, key=lambda p: p.weight, reverse=True)


def _fits(parts: tuple[str, ...], suffix: str, path: tuple[str, ...]) -> bool:
    whole, last = (parts[:-1], parts[-1]) if suffix == "~" else (parts, None)
    return path[: len(whole)] == whole and (last is None or _begins(path[len(whole)], last))


def _begins(text: str, prefix: str) -> bool:
    rest = text[len(prefix) :]
    return text.startswith(prefix) and (not rest or not _is_word(rest[0]) or not _is_word(prefix[-1]))


def _is_word(character: str) -> bool:
    """Letters, numbers and marks make words; at anything else they end."""
    return unicodedata.category(character)[0] in "LNM"


def _folded(parts: tuple[str, ...]) -> tuple[str, ...]:
    # Compatibility forms cover the look-alikes that package names can hold: both formats' names are ASCII.
    return tuple(_SEPARATORS.sub(".", unicodedata.normalize("NFKC", part).casefold()) for part in parts)


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
        # Runs of - _ . are one hyphen (PEP 503).
        rest[1] = _SEPARATORS.sub("-", rest[1]).lower()
    elif len(rest) == 2 and parts[0] == "nuget":
        rest[1] = rest[1].lower()
    return (parts[0], *rest)


def _wrong(text: str, why: str) -> Malformed:
    return Malformed(where=f"pattern {text[:100]!r}", why=why)
