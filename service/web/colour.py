"""Source text in colours, by Pygments."""

from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import get_lexer_for_filename
from pygments.util import ClassNotFound


def html(text: str, filename: str) -> str | None:
    """The text as HTML, line for line; None when the file name tells no language."""
    try:
        lexer = get_lexer_for_filename(filename.rpartition("/")[2], stripnl=False, ensurenl=False)
    except ClassNotFound:
        return None
    coloured: str = highlight(text, lexer, HtmlFormatter(nowrap=True))
    return coloured.removesuffix("\n")
