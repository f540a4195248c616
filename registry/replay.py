"""What a view tells the front about its answer, so that it can be given again without Flask."""

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any

VARYING = ("HTTP_ACCEPT", "HTTP_ACCEPT_ENCODING", "HTTP_IF_NONE_MATCH", "HTTP_RANGE", "HTTP_IF_RANGE")
"""The request headers that an answer with a source may depend on; a view that looks at others must give none."""
_KEY = "lockgate.replay"


@dataclass(frozen=True)
class Source:
    """What an answer was made from: as long as `look()` answers `stamp`, making it again would give the same."""

    stamp: Hashable
    look: Callable[[], Hashable]
    """Looks the stamp up anew; needs no request. May raise what looking up raises: then the answer is worth nothing."""


@dataclass(frozen=True)
class Span:
    """Bytes of a stored file."""

    digest: str
    start: int
    end: int


@dataclass(frozen=True)
class Replay:
    """An answer that can be given again, and the bytes of it when they are a file's."""

    source: Source
    span: Span | None


def note(environ: dict[str, Any], source: Source | None, span: Span | None = None) -> None:
    """Says of the running request what its answer is made from; None: it cannot be given again."""
    if source is not None:
        environ[_KEY] = Replay(source, span)


def noted(environ: dict[str, Any]) -> Replay | None:
    """What was said."""
    found: Replay | None = environ.pop(_KEY, None)
    return found
