"""YAML as plain data with the place of every key, so that an error can name file, line and key.

Scalars stay the text that was written (`1.10` is not 1.1, `yes` is not True); the model decides what they mean.
"""

from dataclasses import dataclass

import yaml

Loc = tuple[str | int, ...]

TEXT_BYTES_MAX = 256 * 1024
NODES_MAX = 20_000
DEPTH_MAX = 32


class NotYaml(Exception):
    """The text cannot be read; `line` counts from 1, `key` is a dotted path or ""."""

    def __init__(self, why: str, line: int = 1, key: str = "") -> None:
        super().__init__(why)
        self.why, self.line, self.key = why, line, key


@dataclass(frozen=True)
class Document:
    """The data, and the line (from 1) of each key and list item by its path."""

    data: object
    lines: dict[Loc, int]

    def line(self, loc: Loc) -> int:
        """The line of `loc`, or of the nearest part above it that stands in the text."""
        while loc and loc not in self.lines:
            loc = loc[:-1]
        return self.lines.get(loc, 1)


def read(text: bytes) -> Document:
    """Reads one YAML document. Raises NotYaml: bad syntax, a key given twice, or a text beyond the limits."""
    if len(text) > TEXT_BYTES_MAX:
        raise NotYaml(f"the file is larger than {TEXT_BYTES_MAX // 1024} KiB")
    try:
        node = yaml.compose(text.decode("utf-8-sig"), yaml.SafeLoader)
    except UnicodeDecodeError as error:
        raise NotYaml("the file is not UTF-8 text", text.count(b"\n", 0, error.start) + 1) from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise NotYaml(_problem(error), mark.line + 1 if mark else 1) from None
    except yaml.YAMLError as error:
        raise NotYaml(str(error).splitlines()[0]) from None
    if node is None:
        raise NotYaml("the file is empty")
    lines: dict[Loc, int] = {(): node.start_mark.line + 1}
    return Document(_plain(node, (), lines), lines)


def dotted(loc: Loc) -> str:
    """A path for people: `phases.build.commands[0]`."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in loc).removeprefix(".")


def _problem(error: yaml.MarkedYAMLError) -> str:
    text = ", ".join(part for part in (error.context, error.problem) if part)
    if "\\t" in text or "'\t'" in text:
        return "a tab is used for indentation; YAML allows spaces only"
    return text or "not YAML"


def _plain(node: yaml.Node, loc: Loc, lines: dict[Loc, int]) -> object:
    # Aliases repeat nodes: counting every visit, not every node, is what stops an alias bomb.
    if len(lines) > NODES_MAX or len(loc) > DEPTH_MAX:
        raise NotYaml("the file holds too many or too deeply nested values", node.start_mark.line + 1, dotted(loc))
    if isinstance(node, yaml.MappingNode):
        return _mapping(node, loc, lines)
    if isinstance(node, yaml.SequenceNode):
        items = []
        for index, item in enumerate(node.value):
            lines[*loc, index] = item.start_mark.line + 1
            items.append(_plain(item, (*loc, index), lines))
        return items
    return None if node.tag == "tag:yaml.org,2002:null" else str(node.value)


def _mapping(node: yaml.MappingNode, loc: Loc, lines: dict[Loc, int]) -> dict[str, object]:
    found: dict[str, object] = {}
    for key_node, value_node in node.value:
        line = key_node.start_mark.line + 1
        if not isinstance(key_node, yaml.ScalarNode):
            raise NotYaml("a key must be a plain word", line, dotted(loc))
        key = str(key_node.value)
        here = (*loc, key)
        if key in found:
            raise NotYaml(f"the key is given twice, first on line {lines[here]}", line, dotted(here))
        lines[here] = line
        found[key] = _plain(value_node, here, lines)
    return found
