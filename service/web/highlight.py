"""Source text as highlighted lines."""

from functools import lru_cache

from markupsafe import Markup, escape
from pygments import highlight as _colour
from pygments.formatters import HtmlFormatter
from pygments.lexer import Lexer
from pygments.lexers import get_lexer_for_filename
from pygments.util import ClassNotFound

COLOUR_CHARACTERS_MAX = 256 * 1024
"""Longer texts are shown plain: a lexer takes about a second for each megabyte."""
_CACHED_CHARACTERS_MAX = 64 * 1024


def lines(text: str, filename: str) -> list[Markup]:
    """One piece of markup per line, coloured by what the file name says; a trailing newline makes no empty line."""
    if len(text) <= _CACHED_CHARACTERS_MAX:
        return list(_cached(text, filename))
    return list(_lines(text, filename))


@lru_cache(maxsize=128)
def _cached(text: str, filename: str) -> tuple[Markup, ...]:
    return tuple(_lines(text, filename))


def _lines(text: str, filename: str) -> list[Markup]:
    text = text.replace("\r\n", "\n").replace("\r", "\n").removesuffix("\n")
    lexer = _lexer(filename) if len(text) <= COLOUR_CHARACTERS_MAX else None
    if lexer is None:
        return [escape(line) for line in text.split("\n")]
    coloured = _colour(text, lexer, HtmlFormatter(nowrap=True)).removesuffix("\n")
    return [Markup(line) for line in coloured.split("\n")]  # noqa: S704  Pygments escapes what it is given


def _lexer(filename: str) -> Lexer | None:
    try:
        return get_lexer_for_filename(filename.rpartition("/")[2], stripnl=False, ensurenl=False)
    except ClassNotFound:
        return None
