"""What `lockgate review` reads: the files of a folder or git tree, and what they were at another commit."""

import os
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from analyzers import limits
from analyzers.finding import Skipped, SourceFile

_SKIPPED_FOLDERS = frozenset({"__pycache__", "node_modules", "venv", "site-packages"})
_GIT = ("git", "-c", "core.fsmonitor=false", "-c", "core.quotePath=false")
"""Without the one setting by which a repository's own configuration could start a program here."""


class CannotRead(Exception):
    """The path or the revision cannot be read; the message says what to do."""


@dataclass(frozen=True)
class Tree:
    """A folder to review. `top` is the git work tree it is in, None outside git; paths are relative to `root`."""

    root: Path
    top: Path | None
    names: tuple[str, ...]
    skipped: tuple[Skipped, ...] = ()
    """What lies in the folder and is no file of this tree."""

    def file(self, name: str) -> SourceFile:
        """One file as it is now; of one over the limit only so much that the review can say so. Raises CannotRead."""
        try:
            with (self.root / name).open("rb") as stream:
                return limits.readable(name, stream.read(limits.bytes_max(name) + 1))
        except OSError as error:
            raise CannotRead(f"{self.root / name}: {error.strerror or error}") from None

    def settings(self, name: str) -> bytes | None:
        """A settings file at the root, or None."""
        path = self.root / name
        return path.read_bytes() if path.is_file() else None


def open_tree(path: Path) -> Tree:
    """The files to review below `path`: in git what git tracks or would track, else all but hidden and installed ones."""
    if path.is_file():
        folder = path.resolve().parent
        return Tree(folder, _top(folder), (path.name,))
    root = path.resolve()
    top = _top(root)
    skipped: list[Skipped] = []
    names = _git_names(root) if top is not None else sorted(_walk(root, skipped))
    for name in names:
        if (root / name).is_symlink():
            skipped.append(limits.link(name))
        elif (root / name).is_dir():
            skipped.append(limits.submodule(name))
    return Tree(root, top, tuple(name for name in names if (root / name).is_file() and not (root / name).is_symlink()), tuple(skipped))


def commit_of(tree: Tree, revision: str) -> str:
    """The commit that a revision names. Raises CannotRead."""
    if tree.top is None:
        raise CannotRead(f"--base needs a git work tree, and {tree.root} is in none")
    done = _git(tree.root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
    if done.returncode != 0:
        raise CannotRead(f"git knows no commit {revision!r} here")
    return done.stdout.decode().strip()


def has_commit(tree: Tree) -> bool:
    """Whether HEAD names a commit: not before the first."""
    return tree.top is not None and _git(tree.root, "rev-parse", "--verify", "--quiet", "HEAD^{commit}").returncode == 0


def before(tree: Tree, commit: str, names: Sequence[str]) -> Iterator[SourceFile]:
    """What these files were at `commit`, under their present names; files that were not there are left out."""
    moved = _moves(tree, commit)
    for name in names:
        content = _content(tree, commit, moved.get(name, name))
        if content is not None:
            yield limits.readable(name, content)


def _content(tree: Tree, commit: str, name: str) -> bytes | None:
    done = _git(tree.root, "cat-file", "blob", f"{commit}:./{name}")
    return done.stdout if done.returncode == 0 else None


def _moves(tree: Tree, commit: str) -> dict[str, str]:
    """Present names of files that git sees as moved since `commit`, with their names then."""
    done = _git(tree.root, "diff", "--no-ext-diff", "--relative", "--name-status", "--diff-filter=R", "-M", "-z", commit, "--")
    if done.returncode != 0:
        return {}
    fields = done.stdout.decode(errors="surrogateescape").split("\0")
    return {after: old for _, old, after in zip(fields[0::3], fields[1::3], fields[2::3], strict=False)}


def _top(folder: Path) -> Path | None:
    try:
        done = _git(folder, "rev-parse", "--show-toplevel")
    except FileNotFoundError:
        return None
    return Path(done.stdout.decode().strip()) if done.returncode == 0 else None


def _git_names(root: Path) -> list[str]:
    done = _git(root, "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--deduplicate")
    if done.returncode != 0:
        raise CannotRead(f"git cannot list the files: {done.stderr.decode(errors='replace').strip()}")
    return sorted(name for name in done.stdout.decode(errors="surrogateescape").split("\0") if name)


def _walk(root: Path, skipped: list[Skipped]) -> Iterator[str]:
    for folder, folders, names in os.walk(root):
        here = Path(folder)
        for name in folders:
            path = PurePosixPath((here / name).relative_to(root)).as_posix()
            if (here / name).is_symlink():
                skipped.append(limits.link(path))
            elif not _is_own(here / name):
                skipped.append(Skipped(f"{path}/", "folder", "a hidden folder, or one of installed packages"))
        folders[:] = sorted(name for name in folders if _is_own(here / name))
        for name in names:
            yield PurePosixPath((here / name).relative_to(root)).as_posix()


def _is_own(folder: Path) -> bool:
    hidden = folder.name.startswith(".") or folder.name in _SKIPPED_FOLDERS
    return not hidden and not (folder / "pyvenv.cfg").exists()


def _git(folder: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([*_GIT, *arguments], cwd=folder, capture_output=True, check=False)
