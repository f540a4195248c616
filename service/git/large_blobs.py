"""Blobs too large to be held whole: how large each is, and one of them chunk by chunk."""

from collections.abc import Generator, Sequence
from pathlib import Path

from service.git import command
from service.git.command import in_repository

CHUNK_BYTES = 256 * 1024
_SECONDS_MAX = 300


def sizes(repo: Path, oids: Sequence[str]) -> dict[str, int]:
    """The bytes of each blob; those that are missing are left out."""
    argv = in_repository(repo, "cat-file", "--batch-check=%(objectname) %(objectsize)")
    out = command.run(argv, data="".join(f"{oid}\n" for oid in oids).encode(), seconds_max=_SECONDS_MAX)
    pairs = (line.split() for line in out.decode().splitlines())
    return {pair[0]: int(pair[1]) for pair in pairs if len(pair) == 2 and pair[1].isdigit()}


def chunks(repo: Path, oid: str, bytes_max: int) -> Generator[bytes]:
    """The first `bytes_max` bytes of a blob. git ends when nobody reads on."""
    process = command.start(in_repository(repo, "cat-file", "blob", oid))
    try:
        assert process.stdin is not None and process.stdout is not None
        process.stdin.close()
        left = bytes_max
        with open(process.stdout.fileno(), "rb", closefd=False) as out:
            while left > 0 and (chunk := out.read(min(CHUNK_BYTES, left))):
                left -= len(chunk)
                yield chunk
    finally:
        command.end(process)
