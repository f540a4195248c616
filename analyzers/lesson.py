"""What data flow can be taught of a function: that it is a source, a sink, a sanitiser or a guard. Cheap to import."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from analyzers.finding import Step
from analyzers.flow.models import built_in

Role = Literal["source", "sink", "sanitizer", "guard"]
ROLES: tuple[Role, ...] = ("sanitizer", "guard", "source", "sink")
INDENT = 2
_NAME = re.compile(r"(\*|[A-Za-z_]\w*)(\.\w+)*(\(\))?")


class CannotTeach(ValueError):
    """The model cannot be written; the message says why and what to write instead."""


@dataclass(frozen=True)
class Lesson:
    """What a function is: `kinds` are the kinds of sink that it is harmless for, or the one kind that it is."""

    role: Role
    name: str
    kinds: tuple[str, ...] = ()

    @property
    def entry(self) -> dict[str, Any]:
        """As an item of `review: models:`."""
        name = self.name if self.role != "source" or self.name.endswith("()") else f"{self.name}()"
        if self.role == "source":
            return {"names": [name]}
        if self.role == "sink":
            return {"names": [name], "kind": self.kinds[0]}
        return {"names": [name], "kinds": list(self.kinds)}


def lesson(role: Role, name: str, kinds: Sequence[str] = ()) -> Lesson:
    """A lesson that can be written. Raises CannotTeach."""
    known = built_in().kinds
    if not _NAME.fullmatch(name):
        raise CannotTeach(f"{name!r} is no full name of a function, such as `shop.text.tidy` or `*.tidy` for any receiver")
    for kind in kinds:
        if kind not in known and not (kind == "*" and role in ("sanitizer", "guard")):
            raise CannotTeach(f"there is no kind of sink {kind!r}; known are {', '.join(known)}")
    if role == "sink" and len(kinds) != 1:
        raise CannotTeach(f"a sink is of one kind: give `--kinds` one of {', '.join(known)}")
    if role == "source" and kinds:
        raise CannotTeach("a source has no kinds: whatever it gives is a stranger's word for every sink")
    return Lesson(role, name, tuple(dict.fromkeys(kinds)) or (("*",) if role in ("sanitizer", "guard") else ()))


def kinds_of(rule: str) -> tuple[str, ...]:
    """The kinds of sink whose findings carry this rule."""
    return tuple(name for name, kind in built_in().kinds.items() if kind.rule == rule)


def passed(steps: Sequence[Step]) -> tuple[str, ...]:
    """The functions that a value goes through on its way, first one first; Python's own are none that could be taught."""
    return tuple(dict.fromkeys(one.function for one in steps if one.function and not one.function.startswith("builtins.")))


def lessons(rule: str, steps: Sequence[Step]) -> tuple[Lesson, ...]:
    """For each function that a finding's value goes through: that it is a sanitiser for the finding's kind of sink."""
    kinds = kinds_of(rule)
    return tuple(Lesson("sanitizer", name, kinds) for name in passed(steps) if kinds and _NAME.fullmatch(name))


def snippet(taught: Lesson) -> str:
    """What to write into a `.lockgate.yml` that says nothing about models yet."""
    return "\n".join(lines(taught, ("review", "models"), 0)) + "\n"


def lines(taught: Lesson, keys: Sequence[str], column: int) -> list[str]:
    """The entry below keys that are not there yet, the first of them at `column`."""
    lines = [f"{' ' * (column + INDENT * number)}{key}:" for number, key in enumerate((*keys, f"{taught.role}s"))]
    return lines + item(taught, column + INDENT * (len(keys) + 1))


def item(taught: Lesson, column: int) -> list[str]:
    """The entry in its list, whose dashes stand at `column`."""
    parts = []
    for key, value in taught.entry.items():
        shown = "[" + ", ".join(f'"{one}"' for one in value) + "]" if isinstance(value, list) else value
        parts.append(f"{key}: {shown}")
    space = " " * column
    return [f"{space}- {parts[0]}", *(f"{space}  {one}" for one in parts[1:])]
