"""What `lockgate review --hook` and `--history` read from git: what is staged, and every blob there ever was."""

import subprocess
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path

from analyzers.finding import SourceFile
from analyzers.limits import FILE_BYTES_MAX, bytes_max, is_binary, readable
from analyzers.parts import Part, parts
from service.cli.review_source import CannotRead

BATCH_BLOBS = 100
LARGE_BYTES_MAX = 64 * 1024 * 1024
"""So much of each file of a history is searched."""
_GIT = ("git", "-c", "core.fsmonitor=false", "-c", "core.quotePath=false")


def staged(root: Path) -> list[SourceFile]:
    """The files that the next commit adds or changes, as they are in the index. Raises CannotRead."""
    out = _output(root, "diff", "--cached", "--no-ext-diff", "--raw", "--relative", "--no-abbrev", "-z", "--diff-filter=ACMRT", "-M")
    fields = iter(out.split(b"\0"))
    names: dict[str, str] = {}
    for head in fields:
        if not head:
            continue
        _old_mode, mode, _old, oid, state = head.decode().lstrip(":").split(" ")
        name = next(fields)
        name = next(fields) if state[0] in "RC" else name
        if mode in ("100644", "100755"):
            names[name.decode(errors="surrogateescape")] = oid
    largest: dict[str, int] = {}
    for path, oid in names.items():
        largest[oid] = max(largest.get(oid, 0), bytes_max(path))
    contents = {oid: content for size in set(largest.values())
                for oid, content in contents_of(root, sorted(one for one in largest if largest[one] == size), size)}  # fmt: skip
    return [readable(path, contents[oid]) for path, oid in sorted(names.items()) if oid in contents]


def history(root: Path) -> dict[str, str]:
    """Every blob of the repository, those too that no ref reaches, with one path each. Raises CannotRead.

    A blob without a name is read as YAML: of all forms, its readers understand the most.
    """
    named: dict[str, str] = {}
    only = ("--filter=object:type=blob", "--filter-provided-objects")
    for line in _output(root, "rev-list", "--objects", *only, "--all", "--reflog").split(b"\n"):
        oid, _, name = line.decode(errors="surrogateescape").partition(" ")
        if oid:
            named[oid] = name or oid
    every = _output(root, "cat-file", "--batch-all-objects", "--unordered", "--batch-check=%(objectname) %(objecttype)")
    for told in every.decode().splitlines():
        oid, _, kind = told.partition(" ")
        if kind == "blob":
            named.setdefault(oid, f"unreachable/{oid}.yaml")
    return named


def history_parts(root: Path, names: Mapping[str, str]) -> Iterator[Part]:
    """Those blobs by their paths, texts above the reviewer's limit in parts that overlap."""
    for oid, content in contents_of(root, sorted(names, key=lambda oid: (names[oid], oid)), LARGE_BYTES_MAX):
        whole = SourceFile(names[oid], content)
        if len(content) <= FILE_BYTES_MAX:
            yield Part(whole, 1)
        elif not is_binary(whole):
            yield from parts(names[oid], [content])


def contents_of(root: Path, oids: Sequence[str], size_max: int = FILE_BYTES_MAX) -> Iterator[tuple[str, bytes]]:
    """Blobs in batches from one `cat-file` each; those of over `size_max` bytes are cut where the review can say so."""
    left = iter(oids)
    while batch := list(islice(left, BATCH_BLOBS)):
        out = _output(root, "cat-file", "--batch", data="".join(f"{oid}\n" for oid in batch).encode())
        at = 0
        for oid in batch:
            end = out.index(b"\n", at)
            head = out[at:end].split()
            if len(head) < 3:
                at = end + 1
                continue
            size = int(head[2])
            yield oid, out[end + 1 : end + 1 + min(size, size_max + 1)]
            at = end + 1 + size + 1


def _output(root: Path, *arguments: str, data: bytes | None = None) -> bytes:
    try:
        done = subprocess.run([*_GIT, *arguments], cwd=root, input=data, capture_output=True, check=False)
    except FileNotFoundError:
        raise CannotRead("git is not installed") from None
    if done.returncode != 0:
        raise CannotRead(f"git {arguments[0]}: {done.stderr.decode(errors='replace').strip()[-300:]}")
    return done.stdout
