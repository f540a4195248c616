"""What makes a finding the same finding after the file changed elsewhere."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator

from analyzers.context import Draft
from analyzers.lines import Lines

LINES_MAX = 20
"""Of a finding that spans more, the first ones count."""


def fingerprints(drafts: Iterable[Draft], lines: Lines, path: str) -> Iterator[str]:
    """One for each draft, in order: SHA-256 over rule, path, symbol, marked text and which of equal ones it is.

    No line number, so it survives moves; no spacing, so it survives a formatter. A secret counts by its own hash.
    """
    seen: Counter[str] = Counter()
    for draft in drafts:
        what = draft.secret or _marked(draft, lines)
        parts = (draft.rule, path, lines.symbol(draft.line), hashlib.sha256(what.encode(errors="replace")).hexdigest())
        alike = "\0".join(parts)
        yield hashlib.sha256(f"{alike}\0{seen[alike]}".encode(errors="replace")).hexdigest()
        seen[alike] += 1


def _marked(draft: Draft, lines: Lines) -> str:
    last = min(draft.end_line, draft.line + LINES_MAX - 1)
    return "\n".join("".join(lines[number].split()) for number in range(draft.line, last + 1))
