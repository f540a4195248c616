"""Reading repositories: trees, files, history, differences. Every call is limited in time and output."""

import re
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BufferedReader, RawIOBase
from pathlib import Path
from typing import cast

from service.git import command
from service.git.command import in_repository

_REVISION = re.compile(r"[0-9A-Za-z][0-9A-Za-z._/@{}+~^-]{0,250}")
_COMMIT_FORMAT = "%H%x1f%P%x1f%an%x1f%ae%x1f%at%x1f%cn%x1f%ct%x1f%s%x1f%b%x1e"
EMPTY_TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"


@dataclass(frozen=True)
class Entry:
    """A line of a tree; `kind` is "blob", "tree" or "commit" (submodule), `size` is None but for blobs."""

    mode: str
    kind: str
    oid: str
    size: int | None
    path: str


@dataclass(frozen=True)
class Commit:
    """A commit."""

    oid: str
    parents: tuple[str, ...]
    author: str
    email: str
    authored_at: datetime
    committer: str
    committed_at: datetime
    subject: str
    body: str


@dataclass(frozen=True)
class Branch:
    """A branch (or tag) and the commit it names."""

    name: str
    oid: str
    committed_at: datetime
    subject: str


def resolve(repo: Path, ref: str) -> str | None:
    """The commit that a branch, tag, full ref or (abbreviated) hash names; None when there is none."""
    if not _REVISION.fullmatch(ref):
        return None
    for candidate in (f"refs/heads/{ref}", f"refs/tags/{ref}", ref):
        found = command.run(
            in_repository(repo, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{candidate}^{{commit}}"), ok=(0, 1, 128)
        )
        oid = found.decode().strip().splitlines()[-1:]
        if oid and re.fullmatch(r"[0-9a-f]{40}", oid[0]):
            return oid[0]
    return None


def branches(repo: Path) -> list[Branch]:
    """All branches, newest commit first."""
    return _refs(repo, "refs/heads/")


def tags(repo: Path) -> list[Branch]:
    """All tags, newest commit first."""
    return _refs(repo, "refs/tags/")


def _refs(repo: Path, prefix: str) -> list[Branch]:
    form = "%(refname:strip=2)%1f%(objectname)%1f%(*objectname)%1f%(creatordate:unix)%1f%(subject)"
    out = command.run(in_repository(repo, "for-each-ref", "--sort=-creatordate", "--count=2000", f"--format={form}", prefix))
    found = []
    for line in out.decode(errors="replace").splitlines():
        name, oid, peeled, at, subject = line.split("\x1f", 4)
        found.append(Branch(name, peeled or oid, _moment(at), subject))
    return found


def tree(repo: Path, commit: str, path: str = "") -> list[Entry]:
    """One level of a folder, folders first. Empty when there is no such folder."""
    arguments = ["ls-tree", "-z", "--long", "--full-tree", "--end-of-options", f"{commit}:{path}" if path else commit]
    out = command.run(in_repository(repo, *arguments), ok=(0, 128))
    prefix = f"{path}/" if path else ""
    entries = [Entry(e.mode, e.kind, e.oid, e.size, prefix + e.path) for e in _entries(out)]
    return sorted(entries, key=lambda e: (e.kind != "tree", e.path.lower()))


def files(repo: Path, commit: str) -> list[Entry]:
    """Every blob of the commit's tree, by path."""
    return [entry for entry in files_and_submodules(repo, commit) if entry.kind == "blob"]


def files_and_submodules(repo: Path, commit: str) -> list[Entry]:
    """Every blob of the commit's tree and every commit of another repository in it, by path."""
    out = command.run(in_repository(repo, "ls-tree", "-r", "-z", "--long", "--full-tree", commit))
    return list(_entries(out))


def _entries(out: bytes) -> Iterator[Entry]:
    for record in out.split(b"\0"):
        if record:
            head, _, path = record.partition(b"\t")
            mode, kind, oid, size = head.decode().split()
            yield Entry(mode, kind, oid, None if size == "-" else int(size), path.decode(errors="surrogateescape"))


def blob(repo: Path, commit: str, path: str, limit_bytes: int) -> bytes | None:
    """A file's first `limit_bytes`; None when there is no such file."""
    entry = entry_at(repo, commit, path)
    if entry is None or entry.kind != "blob":
        return None
    return command.read_limited(in_repository(repo, "cat-file", "blob", entry.oid), limit_bytes)[0]


def entry_at(repo: Path, commit: str, path: str) -> Entry | None:
    """What is at `path`: its entry, or None."""
    if not path or path.startswith("/") or "\0" in path:
        return None
    argv = in_repository(repo, "--literal-pathspecs", "ls-tree", "-z", "--long", "--full-tree", commit, "--", path.rstrip("/"))
    return next((e for e in _entries(command.run(argv, ok=(0, 128))) if e.path == path.rstrip("/")), None)


def blobs(repo: Path, oids: Sequence[str], *, limit_bytes: int) -> Iterator[tuple[str, bytes]]:
    """The contents of many blobs from one `cat-file --batch`, in order; larger ones than `limit_bytes`, and missing ones, are left out."""
    process = command.start(in_repository(repo, "cat-file", "--batch", "--buffer"))
    try:
        assert process.stdin is not None and process.stdout is not None
        with open(process.stdout.fileno(), "rb", closefd=False) as out:
            for at in range(0, len(oids), 500):
                part = oids[at : at + 500]
                process.stdin.write("".join(f"{oid}\n" for oid in part).encode() + b"\n")
                for oid in part:
                    head = out.readline().split()
                    if len(head) < 3:
                        continue  # "<oid> missing"
                    size = int(head[2])
                    data = out.read(size + 1)[:-1]
                    if size <= limit_bytes:
                        yield oid, data
                out.readline()
    finally:
        command.end(process)


class BlobReader:
    """Contents of blobs, one now and then, from one `cat-file --batch` that starts when first asked. For one thread at a time."""

    def __init__(self, repo: Path, *, limit_bytes: int) -> None:
        self._repo, self._limit = repo, limit_bytes
        self._process: subprocess.Popen[bytes] | None = None
        self._out: BufferedReader | None = None

    def read(self, oid: str) -> bytes | None:
        """A blob's bytes; None for one that is missing or too large."""
        if self._process is None:
            self._process = command.start(in_repository(self._repo, "cat-file", "--batch"))
            assert self._process.stdout is not None
            self._out = BufferedReader(cast("RawIOBase", self._process.stdout))  # the pipe itself reads in single chunks
        assert self._process.stdin is not None and self._out is not None
        try:
            self._process.stdin.write(f"{oid}\n".encode())
        except BrokenPipeError:
            self.close()
            return None
        head = self._out.readline().split()
        if len(head) != 3 or head[-1] == b"missing":
            return None  # "<oid> missing"
        if int(head[2]) > self._limit:
            self.close()  # rather than reading past it
            return None
        return self._out.read(int(head[2]) + 1)[:-1]

    def close(self) -> None:
        """Ends git; it starts again when asked again."""
        if self._process is not None:
            command.end(self._process)
        self._process = self._out = None


def log(repo: Path, ref: str, *, path: str | None = None, skip: int = 0, limit: int = 50) -> list[Commit]:
    """Commits from `ref` back, newest first."""
    tail = ["--", path] if path else ["--"]
    argv = in_repository(repo, "--literal-pathspecs", "log", f"--skip={skip}", f"--max-count={limit}", f"--format={_COMMIT_FORMAT}",
                         "--end-of-options", ref, *tail)
    return _commits(command.run(argv, ok=(0, 128)))


def commit(repo: Path, oid: str) -> Commit | None:
    """One commit by its hash."""
    found = log(repo, oid, limit=1)
    return found[0] if found else None


def _commits(out: bytes) -> list[Commit]:
    found = []
    for record in out.decode(errors="replace").split("\x1e"):
        if record.strip():
            oid, parents, author, email, at, committer, committed, subject, body = record.strip("\n").split("\x1f")
            found.append(Commit(
                oid, tuple(parents.split()), author, email, _moment(at), committer, _moment(committed), subject, body.strip(),
            ))
    return found


def diff(repo: Path, old: str | None, new: str, *, limit_bytes: int) -> tuple[str, bool]:
    """The unified difference, renames followed, and whether it was cut. `old` None: the first parent, or nothing."""
    if old is None:
        found = commit(repo, new)
        old = found.parents[0] if found and found.parents else EMPTY_TREE
    argv = in_repository(repo, "diff", "-M", "--no-color", "--no-ext-diff", "--no-textconv", "--unified=3", old, new, "--")
    data, cut = command.read_limited(argv, limit_bytes)
    return data.decode(errors="replace"), cut


def ancestors(repo: Path, oid: str, limit: int) -> list[str]:
    """The commit and what it stands on, newest first, at most `limit`."""
    argv = in_repository(repo, "rev-list", "--topo-order", f"--max-count={limit}", "--end-of-options", oid)
    return command.run(argv, ok=(0, 128)).decode().split()


def merge_base(repo: Path, one: str, other: str) -> str | None:
    """The best common ancestor, or None."""
    return command.run(in_repository(repo, "merge-base", one, other), ok=(0, 1, 128)).decode().strip() or None


def _moment(seconds: str) -> datetime:
    return datetime.fromtimestamp(int(seconds or 0), UTC)
