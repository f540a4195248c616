"""An SQL statement that is put together from strings: its text and, between, what is pasted in; and where that stands."""

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise

import libcst as cst

from analyzers.literal import resolve
from analyzers.scope import Scope
from analyzers.syntax import string_value

Piece = str | cst.BaseExpression
"""Literal text, or an expression whose text comes in its place."""
_CONVERSION = re.compile(r"%(?:\(\w+\))?[-#0 +]*[\d*]*(?:\.\d+)?([a-zA-Z%])")
_FIELD = re.compile(r"\{\{|\}\}|\{(\w*)[^{}]*\}")
_HOLE = "\0"
_NAME_PLACE = re.compile(
    r"(\b(from|join|into|update|table|database|schema|index|view|column|select|distinct|by|set|as|pragma|exists|constraint|references|"
    r"collate|using|truncate|analyze|vacuum|only|on|replace)\s+(if\s+(not\s+)?exists\s+)?|"
    r"\b(select|by|set)\s+(?:[^'();]*,)\s*|"
    r"\binto\s+[\w.`\"\[\]\0]+\s*\(\s*(?:[^'()]*,)?\s*|"
    r"(?<=[\w\0`\"\]])\.)[`\"\[]?$|[`\[]$",
    re.IGNORECASE,
)
_TABLE_LIST = re.compile(r"\bfrom\s+[\w.`\"\0, ]+,\s*[`\"\[]?$", re.IGNORECASE)
_DEFINES = re.compile(r"\s*(create|alter|drop|truncate|rename|comment\s+on|grant|revoke|analyze|vacuum|reindex|use)\b", re.IGNORECASE)
_COMPARED = re.compile(r"\s*(=|<|>|!=|like\b|in\b|between\b|is\b)", re.IGNORECASE)
_SQL = re.compile(
    r"\s*\(?\s*(select\b.*\bfrom\b|select\b|insert\s+(or\s+\w+\s+)?into\b|update\s+\S+\s+set\b|update\b|delete\s+from\b|"
    r"create\s+(\w+\s+)?(table|index|view|user|role|database)\b|drop\s+(table|index|view|user|role|database)\b|"
    r"alter\s+(table|user|role)\b|with\s+(recursive\s+)?\w+\s*(\(|as\b)|replace\s+into\b|merge\s+into\b|truncate\b|"
    r"grant\b|exec(ute)?\b|call\b|pragma\b)",
    re.IGNORECASE | re.DOTALL,
)
_CLAUSE = re.compile(r"\b(where|from|order\s+by|group\s+by|having|values|limit|join|like)\b", re.IGNORECASE)
_DEPTH_MAX = 6


def pieces(node: cst.BaseExpression, scope: Scope, depth: int = 0) -> list[Piece]:
    """The text of a string expression with the expressions pasted into it, in order; names are followed to what they were built from."""
    text = string_value(node)
    if text is not None:
        return [text]
    if depth > _DEPTH_MAX:
        return [node]
    match node:
        case cst.FormattedString():
            return [one.value if isinstance(one, cst.FormattedStringText) else one.expression
                    for one in node.parts if isinstance(one, cst.FormattedStringText | cst.FormattedStringExpression)]  # fmt: skip
        case cst.ConcatenatedString():
            return pieces(node.left, scope, depth + 1) + pieces(node.right, scope, depth + 1)
        case cst.BinaryOperation(operator=cst.Add()):
            return _sum(node, scope, depth)
        case cst.BinaryOperation(operator=cst.Modulo()):
            return _filled(pieces(node.left, scope, depth + 1), _CONVERSION, list(_values(node.right)))
        case cst.Call(func=cst.Attribute(value=text_of, attr=cst.Name(value="format"))):
            given = {arg.keyword.value if arg.keyword else str(at): arg.value for at, arg in enumerate(node.args)}
            return _filled(pieces(text_of, scope, depth + 1), _FIELD, list(given.values()), given)
        case cst.Name():
            behind = resolve(node, scope)
            return [node] if behind is node else pieces(behind, scope, depth + 1)
    return [node]


def _sum(node: cst.BinaryOperation, scope: Scope, depth: int) -> list[Piece]:
    """Long sums lean left: walked in a loop, not by recursion."""
    found: list[Piece] = []
    left: cst.BaseExpression = node
    while isinstance(left, cst.BinaryOperation) and isinstance(left.operator, cst.Add):
        found = pieces(left.right, scope, depth + 1) + found
        left = left.left
    return pieces(left, scope, depth + 1) + found


def _values(node: cst.BaseExpression) -> Iterator[cst.BaseExpression]:
    match node:
        case cst.Tuple():
            yield from (one.value for one in node.elements)
        case cst.Dict():
            yield from (one.value for one in node.elements)
        case _:
            yield node


def _filled(
    text: Sequence[Piece], field: re.Pattern[str], values: Sequence[cst.BaseExpression], named: dict[str, cst.BaseExpression] | None = None
) -> list[Piece]:
    """A template's pieces with the values in their places; where it cannot be told which belongs where, any of them."""
    found: list[Piece] = []
    used = 0
    for one in text:
        if not isinstance(one, str):
            found.append(one)
            continue
        last = 0
        for place in field.finditer(one):
            if place[0] in ("%%", "{{", "}}"):
                continue
            key = place[1] or str(used)
            found += [one[last : place.start()], *_value_for(values, named, key, used)]
            used += 1
            last = place.end()
        found.append(one[last:])
    return found


def _value_for(
    values: Sequence[cst.BaseExpression], named: dict[str, cst.BaseExpression] | None, key: str, at: int
) -> list[cst.BaseExpression]:
    if named is not None and key in named:
        return [named[key]]
    if named is None and len(values) > at:
        return [values[at]]
    return list(values[:1])


def names_only(parts: Sequence[Piece], whole: str, is_fixed: Callable[[cst.BaseExpression], bool]) -> bool:
    """Whether all that is pasted in and not fixed stands where SQL has names of tables, columns or types.

    `whole` is the statement's text as far as it is known, for what defines tables takes no parameters at all.
    """
    before = ""
    defines = bool(_DEFINES.match(whole))
    for one, after in pairwise([*parts, ""]):
        if isinstance(one, str):
            before += one
            continue
        if not is_fixed(one) and not _is_name_place(before, after if isinstance(after, str) else "", defines=defines):
            return False
        before += _HOLE
    return True


def _is_name_place(before: str, after: str, *, defines: bool) -> bool:
    if before.count("'") % 2:
        return False
    text = " ".join(before[-300:].split()) + (" " if before[-1:].isspace() else "")
    if _NAME_PLACE.search(text) or _TABLE_LIST.search(text):
        return True
    return defines and not _COMPARED.match(after)


def looks_like_sql(text: str) -> bool:
    """Whether a text begins as a statement does, and not as a sentence that starts with `select` or `update`."""
    found = _SQL.match(text)
    if not found:
        return False
    return len(found.group(1).split()) > 1 or bool(_CLAUSE.search(text)) or text[:1].isupper()
