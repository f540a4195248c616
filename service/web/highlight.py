"""Source text as highlighted lines."""

from functools import lru_cache

from markupsafe import Markup, escape

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
    coloured = None
    if len(text) <= COLOUR_CHARACTERS_MAX:
        from service.web import colour  # Pygments: loaded with the first page that shows source

        coloured = colour.html(text, filename)
    if coloured is None:
        return [escape(line) for line in text.split("\n")]
    return [Markup(line) for line in coloured.split("\n")]  # noqa: S704  Pygments escapes what it is given
