"""Taking a login back: what each file was before is kept, and put back line by line, so that later changes of others stay."""

import difflib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from service.kernel.errors import Problem


class NothingToUndo(Problem):
    """There was no such login, or it was taken back already."""

    status = 404
    says = "no login of {client} is remembered in {path}"


@dataclass(frozen=True)
class Restored:
    """A file as it is to be: None removes it. `is_whole`: everything that the login wrote is gone."""

    path: Path
    text: str | None
    is_whole: bool


def memory(home: Path, env: Mapping[str, str], client: str) -> Path:
    """Where the login of a client is remembered. It holds what the files held, credentials included: keep it private."""
    return Path(env.get("XDG_STATE_HOME") or home / ".local" / "state") / "lockgate" / "login" / f"{client}.json"


def remember(kept: str, changes: Iterable[tuple[Path, str | None, str]]) -> str:
    """The memory after a login that turned each file's text (None: there was no file) into another; `kept` is the one before."""
    known: dict[str, dict[str, str | None]] = json.loads(kept) if kept else {}
    for path, before, after in changes:
        old = known.get(str(path))
        if old is not None and before is not None:
            # Of two logins in a row the first one's "before" counts, with whatever was changed by others in between.
            before, _ = put_back(old["before"], old["after"] or "", before)
        known[str(path)] = {"before": before, "after": after}
    return json.dumps(known)


def restored(kept: str, now: Mapping[Path, str | None]) -> list[Restored]:
    """What the remembered files become; `now` is what they hold (None: gone)."""
    found = []
    for name, texts in json.loads(kept).items():
        path = Path(name)
        current = now.get(path)
        if current is None:
            continue
        text, is_whole = put_back(texts["before"], texts["after"], current)
        found.append(Restored(path, text, is_whole))
    return found


def put_back(before: str | None, after: str, now: str) -> tuple[str | None, bool]:
    """`now` with every change from `before` to `after` taken back, and whether each was found as it had been made."""
    if now == after:
        return before, True
    written = after.splitlines()
    undo, others = _changes(written, (before or "").splitlines()), _changes(written, now.splitlines())
    free = [one for one in undo if not any(_overlap(one, other) for other in others)]
    lines = list(written)
    # From the end on, so that places before stay right; at one place ours is put back before what others added.
    for start, end, new in sorted([*others, *free], key=lambda change: change[:2], reverse=True):
        lines[start:end] = new
    text = "\n".join(lines) + "\n" if any(line.strip() for line in lines) else ""
    return (None if before is None and not text else text), len(free) == len(undo)


def _changes(old: list[str], new: list[str]) -> list[tuple[int, int, list[str]]]:
    """What leads from one text to another: which lines become which."""
    codes = difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
    return [(i1, i2, new[j1:j2]) for kind, i1, i2, j1, j2 in codes if kind != "equal"]


def _overlap(one: tuple[int, int, list[str]], other: tuple[int, int, list[str]]) -> bool:
    return one[0] < other[1] and other[0] < one[1]
