"""Where nodes are in their file: only the nodes asked for, in one pass that counts characters.

libcst's PositionProvider keeps line and column of every node at every token, which costs more than all rules together.
The places are the same: those of the code itself, without the white space and comments around it.
"""

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from types import TracebackType
from typing import Any

import libcst as cst
from libcst._nodes.internal import CodegenState
from libcst.metadata import CodePosition, CodeRange

from analyzers.syntax import descend

_NOTHING = nullcontext()
_LINE_END = re.compile(r"\r\n?|\n")


class Positions:
    """The places of `nodes` in `module`: lines from 1, columns from 0, as libcst counts.

    With the module's `text` only the statements that hold the nodes are rendered: a statement whose code is in the text once
    is there. Without it, or where that does not tell, the whole module is.
    """

    def __init__(self, module: cst.Module, nodes: Iterable[cst.CSTNode], text: str = "") -> None:
        wanted = {id(node) for node in nodes}
        self._found: dict[int, tuple[int, int]] = {}
        if not wanted or (text and self._found_in(text, module, wanted)):
            self._starts = _line_starts(text)
            return
        state = _Counting(module, wanted)
        module._codegen(state)
        self._starts = _line_starts("".join(state.tokens))
        self._found = state.found

    def __getitem__(self, node: cst.CSTNode) -> CodeRange:
        """The place of a node that was asked for. Raises KeyError."""
        start, end = self._found[id(node)]
        return CodeRange(self._at(start), self._at(end))

    def __contains__(self, node: cst.CSTNode) -> bool:
        return id(node) in self._found

    def _at(self, offset: int) -> CodePosition:
        line = bisect_right(self._starts, offset)
        return CodePosition(line, offset - self._starts[line - 1])

    def _found_in(self, text: str, module: cst.Module, wanted: set[int]) -> bool:
        """Finds the nodes by the statements that hold them; False if one of them cannot be found so."""
        for statement, indents in _holding(module.body, wanted, [], module.default_indent):
            state = _Counting(module, set(wanted))
            state.indent_tokens += indents
            statement._codegen(state)
            code = "".join(state.tokens)
            at = text.find(code)
            if at < 0 or text.find(code, at + 1) >= 0:
                return False
            self._found.update({node: (at + start, at + end) for node, (start, end) in state.found.items()})
        return wanted <= self._found.keys()


def _holding(
    statements: Sequence[cst.CSTNode], wanted: set[int], indents: list[str], indent: str
) -> Iterator[tuple[cst.CSTNode, list[str]]]:
    """The statements that hold wanted nodes, with the indents around them; of a class those of its body where all are there."""
    for one in statements:
        held = wanted.intersection(map(id, descend(one, into_scopes=True)))
        if not held:
            continue
        if type(one) is cst.ClassDef and type(one.body) is cst.IndentedBlock:
            inner = one.body.body
            if held <= {id(below) for part in inner for below in descend(part, into_scopes=True)}:
                yield from _holding(inner, held, [*indents, one.body.indent or indent], indent)
                continue
        yield one, indents


class _Counting(CodegenState):
    """Renders a module and notes the offsets of some nodes."""

    __slots__ = ("found", "offset", "open", "wanted")

    def __init__(self, module: cst.Module, wanted: set[int]) -> None:
        super().__init__(module.default_indent, module.default_newline, self)
        self.wanted = wanted
        self.found: dict[int, tuple[int, int]] = {}
        self.open: list[int] = []
        self.offset = 0

    def add_indent_tokens(self) -> None:
        self.tokens.extend(self.indent_tokens)
        self.offset += sum(map(len, self.indent_tokens))

    def add_token(self, value: str) -> None:
        self.tokens.append(value)
        self.offset += len(value)

    def before_codegen(self, node: cst.CSTNode) -> None:
        if id(node) in self.wanted:
            self.open.append(self.offset)

    def after_codegen(self, node: cst.CSTNode) -> None:
        if id(node) in self.wanted:
            # What became wanted on the way down has no start of its own yet, and is noted by its own context.
            start = self.open.pop()
            self.found.setdefault(id(node), (start, self.offset))

    def record_syntactic_position(  # type: ignore[override]  # any context will do
        self, node: cst.CSTNode, *, start_node: cst.CSTNode | None = None, end_node: cst.CSTNode | None = None
    ) -> AbstractContextManager[Any]:
        if id(node) not in self.wanted:
            return _NOTHING
        self.wanted.update(id(one) for one in (start_node, end_node) if one is not None)
        return _Syntactic(self, node, start_node, end_node)


class _Syntactic:
    """Notes where a node's code begins and ends, which the white space that it owns does not."""

    def __init__(
        self, state: _Counting, node: cst.CSTNode, start_node: cst.CSTNode | None, end_node: cst.CSTNode | None
    ) -> None:
        self._state, self._node = state, node
        self._ends = start_node, end_node
        self._start = state.offset

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        found = self._state.found
        first, last = self._ends
        start = found[id(first)][0] if first is not None else self._start
        end = found[id(last)][1] if last is not None else self._state.offset
        found[id(self._node)] = start, end


def _line_starts(text: str) -> list[int]:
    return [0, *(match.end() for match in _LINE_END.finditer(text))]
