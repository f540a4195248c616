"""Regular expressions that take exponential time."""

import importlib
import re
import warnings
from typing import Any

import libcst as cst

from analyzers.calls import CallRule
from analyzers.syntax import argument

parts: Any = importlib.import_module("re._constants")
parser: Any = importlib.import_module("re._parser")

_MANY = 20
_LENGTH_MAX = 2000
_REPEATS = (parts.MAX_REPEAT, parts.MIN_REPEAT)


class CatastrophicRegex(CallRule):
    """The expression repeats a repetition, so a text that almost matches takes exponential time.

    Thirty characters such as `aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!` against `(a+)+$` keep a core busy for minutes.

    Fix: let each character match in one way only: `a+$` for `(a+)+$`, `(?:a|b)*` with alternatives that begin differently.
    """

    severity = "medium"
    cwe = 1333
    prior = 0.7
    references = ("https://owasp.org/www-community/attacks/Regular_expression_Denial_of_Service_-_ReDoS",)
    triggers = ("re.", "import re", "from re ", "regex")
    calls = frozenset(f"re.{name}" for name in ("compile", "match", "search", "fullmatch", "sub", "subn", "split", "findall", "finditer"))
    invalid = (
        "import re\nre.match(r'(a+)+$', x)",
        "import re\nP = re.compile(r'^(\\w+\\s?)*$')",
        "from re import search as s\ns(r'([a-z]*)*!', x)",
        "import re\nPATTERN = r'^(\\d+|\\w+)*$'\ndef f(x):\n    return re.fullmatch(PATTERN, x)",
        "import re\nclass A:\n    def f(self, x):\n        return re.sub(r'(?:[a-z]+|\\s)*b', '', x)",
        "import re\nre.findall(r'((x+)+y)', text)",
        "import re\nre.match(r'(.*,)*z', x)",
    )
    valid = (
        "import re\nre.match(r'(a+b)+$', x)",
        "import re\nre.match(r'a+$', x)",
        "import re\nre.compile(r'(?:\\r\\n|\\r|\\n){2,}')",
        "import re\nre.compile(r'^(\\w+\\.)*\\w+$')",
        "import re\nre.match(r'(?:ab|cd)*$', x)",
        "import re\nre.match(r'(a{1,3}){2}', x)",
        "import re\ndef f(p, x):\n    return re.match(p, x)",
        "def f(re, x):\n    return re.match(r'(a+)+$', x)",
        "import re\nre.split(r'(,\\s*)+', x)",
    )

    def check(self, node: cst.Call, name: str) -> None:
        """Parses a pattern that is in the source."""
        text = self.text(argument(node, "pattern", 0))
        if text is None or len(text) > _LENGTH_MAX or not set(text) & set("*+{"):
            return
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                parsed = parser.parse(text)
        except (re.error, RecursionError, OverflowError):
            return
        if _explodes(list(parsed), tail=name.endswith("fullmatch")):
            self.report(node)


def _explodes(pattern: Any, *, tail: bool) -> bool:
    """`tail` says whether something that can fail follows: without it the first way through is taken and none is tried again."""
    items = list(pattern)
    for index, (operation, value) in enumerate(items):
        followed = tail or any(not _vanishes(one) for one in items[index + 1 :])
        if operation in _REPEATS:
            low, high, inner = value
            if followed and high > _MANY and low != high and _ambiguous(inner):
                return True
            below = [inner]
        else:
            below = [value[-1]] if operation is parts.SUBPATTERN else value[1] if operation is parts.BRANCH else []
        if any(_explodes(one, tail=followed) for one in below):
            return True
    return False


def _ambiguous(inner: Any) -> bool:
    """Whether what is repeated can match one text in two ways: all of it is one repetition, or two branches begin alike."""
    items = list(inner)
    while len(items) == 1 and items[0][0] is parts.SUBPATTERN:
        items = list(items[0][1][-1])
    if len(items) == 1 and items[0][0] is parts.BRANCH:
        return _alike(items[0][1][1]) or any(_ambiguous(one) for one in items[0][1][1])
    long = [index for index, (operation, value) in enumerate(items) if operation in _REPEATS and value[1] > _MANY]
    if len(long) != 1:
        return False
    own = _first([items[long[0]][1][2]])
    others = [one for index, one in enumerate(items) if index != long[0]]
    # What else there is must be able to vanish, or be part of what is repeated: then the border between rounds is anywhere.
    return all(_vanishes(one) or (own == {"any"} and one[0] is parts.LITERAL) for one in others)


def _vanishes(item: tuple[Any, Any]) -> bool:
    return item[0] in _REPEATS and item[1][0] == 0


def _alike(branches: Any) -> bool:
    firsts = [_first([one]) for one in branches]
    word, digit = "category_word", "category_digit"
    for number, one in enumerate(firsts):
        for other in firsts[number + 1 :]:
            if one & other or "any" in one | other or {word, digit} <= one | other:
                return True
    return False


def _first(patterns: Any) -> set[str]:
    found: set[str] = set()
    for pattern in patterns:
        for operation, value in list(pattern)[:1]:
            if operation in _REPEATS:
                found |= _first([value[2]])
            elif operation is parts.SUBPATTERN:
                found |= _first([value[-1]])
            elif operation is parts.LITERAL:
                found.add(chr(value))
            elif operation is parts.ANY:
                found.add("any")
            elif operation is parts.IN:
                found |= {str(one[1]).lower() for one in value if one[0] is parts.CATEGORY}
    return found
