"""A file's text as the lines an editor shows, and what is around them."""

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence

_ENDS = re.compile(r"\r\n|\n|\r")
_DOCSTRING = re.compile(r"^[ \t]*[rRuU]?(\"{3}|'{3})", re.MULTILINE)
_OPENS = re.compile(r"([ \t]*)(?:async\s+def|def|class)\s+([^\W\d]\w*)")


class Lines:
    """The lines of a text. Only real line ends count: `str.splitlines` also breaks at form feeds and the like."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._starts = [0, *(match.end() for match in _ENDS.finditer(text))]
        self._symbols: list[str] | None = None
        self._prose: list[tuple[int, int]] | None = None

    def __len__(self) -> int:
        return len(self._starts) - (1 if self.text.endswith(("\n", "\r")) or not self.text else 0)

    def __getitem__(self, number: int) -> str:
        """The line with this number, from 1, without its end; "" outside the file."""
        if not 1 <= number <= len(self._starts):
            return ""
        end = self._starts[number] if number < len(self._starts) else len(self.text)
        return self.text[self._starts[number - 1] : end].rstrip("\r\n")

    def all(self) -> Sequence[str]:
        """Every line, in order."""
        return [self[number] for number in range(1, len(self) + 1)]

    def place(self, offset: int) -> tuple[int, int]:
        """Line and column, both from 1, of a character of the text."""
        line = bisect_right(self._starts, offset)
        return line, offset - self._starts[line - 1] + 1

    def offset(self, line: int, column: int) -> int:
        """Where in the text the character at `line` and `column` is, both from 1: what `place` gave, backwards."""
        return self._starts[line - 1] + column - 1

    def is_docstring(self, number: int) -> bool:
        """Whether a line of Python stands in a text in triple quotes that opens a file, class or function."""
        if self._prose is None:
            self._prose = list(self._docstrings())
        return any(first <= number <= last for first, last in self._prose)

    def _docstrings(self) -> Iterator[tuple[int, int]]:
        at = 0
        while opened := _DOCSTRING.search(self.text, at):
            end = self.text.find(opened[1], opened.end())
            end = len(self.text) if end < 0 else end
            before = self.text[: opened.start()].rstrip().rsplit("\n", 1)[-1]
            if not before or before.endswith(":") or before.startswith("#"):
                yield self.place(opened.start())[0], self.place(end)[0]
            at = end + 3

    def symbol(self, number: int) -> str:
        """The function or class around a line of Python, as `Class.method`; "" at the top level.

        Read from indentation, so that it works for a file that no parser reads.
        """
        if self._symbols is None:
            self._symbols = self._name_lines()
        return self._symbols[number - 1] if 1 <= number <= len(self._symbols) else ""

    def _name_lines(self) -> list[str]:
        around: list[tuple[int, str]] = []
        names = []
        for line in self.all():
            bare = line.strip()
            if bare and not bare.startswith(("#", ")", "]", "}")):
                indent = len(line) - len(line.lstrip())
                while around and around[-1][0] >= indent:
                    around.pop()
                if opened := _OPENS.match(line):
                    around.append((indent, opened.group(2)))
            names.append(".".join(name for _, name in around))
        return names
