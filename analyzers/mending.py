"""A rule's replacement as a change of text, offered only where the changed file is Python and holds less of the sin."""

from collections.abc import Callable

import libcst as cst
from libcst.metadata import CodeRange

from analyzers.finding import Mend
from analyzers.lines import Lines
from analyzers.parse import parse_module

MENDS_PER_FILE_MAX = 50
"""Each is checked by parsing and walking the whole file again."""

Recheck = Callable[[cst.Module, str], int]
"""How often the rule finds its sin in another version of the file."""


def mend(new: cst.CSTNode, place: CodeRange, module: cst.Module, text: str, recheck: Recheck, before: int) -> Mend | None:
    """`new` written at `place`; None when that is no Python or the rule still finds its sin `before` times."""
    lines = Lines(text)
    start = lines.offset(place.start.line, place.start.column + 1)
    end = lines.offset(place.end.line, place.end.column + 1)
    wanted = module.code_for_node(new)
    changed = f"{text[:start]}{wanted}{text[end:]}"
    try:
        parsed = parse_module(changed)
    except cst.ParserSyntaxError:
        return None
    if recheck(parsed, changed) >= before:
        return None
    return Mend(place.start.line, place.start.column + 1, place.end.line, place.end.column + 1, wanted)
