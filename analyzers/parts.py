"""A long text in parts that each fit under the limit of one file, so that no size hides a secret. Nothing is held but one part."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from analyzers.finding import Finding, SourceFile

PART_BYTES = 256 * 1024
OVERLAP_BYTES = 8 * 1024
"""What stands across a cut is whole in the next part: a private key has some 3 KiB."""


@dataclass(frozen=True)
class Part:
    """A part of a file under the file's own path; `first_line` is the number of its first line, from 1."""

    file: SourceFile
    first_line: int

    def placed(self, finding: Finding) -> Finding:
        """A finding of the part with the lines of the whole file."""
        return replace(finding, line=finding.line + self.first_line - 1, end_line=finding.end_line + self.first_line - 1)


def parts(path: str, chunks: Iterable[bytes], part_bytes: int = PART_BYTES, overlap_bytes: int = OVERLAP_BYTES) -> Iterator[Part]:
    """Cuts after line ends where there are any; a longer line is cut too."""
    held, first = b"", 1
    for chunk in chunks:
        held += chunk
        while len(held) > part_bytes:
            end = held.rfind(b"\n", part_bytes // 2, part_bytes) + 1 or part_bytes
            yield Part(SourceFile(path, held[:end]), first)
            begin = held.rfind(b"\n", 0, end - overlap_bytes) + 1
            begin = begin if begin > end - 2 * overlap_bytes else end - overlap_bytes
            first += held.count(b"\n", 0, begin)
            held = held[begin:]
    if held:
        yield Part(SourceFile(path, held), first)
