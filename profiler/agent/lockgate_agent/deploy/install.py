"""The Install event: removes what the previous install put there, then copies files and sets permissions.

Every path is written to the list of installed paths before it is made, so that a crash leaves nothing nobody knows of.
"""

from __future__ import annotations

import fnmatch
import os
import shutil
import tempfile
from typing import Any, Iterator, NamedTuple

from lockgate_agent.deploy.layout import Layout


class InstallRefused(Exception):
    """The files cannot be installed; `error` is the word for the report."""

    def __init__(self, error: str, why: str) -> None:
        super().__init__(why)
        self.error = error


class Copy(NamedTuple):
    """One file, link or folder and where it goes; both absolute."""

    source: str
    destination: str


def install(layout: Layout, archive: str, appspec: dict[str, Any], default_behavior: str | None) -> list[str]:
    """Installs a bundle; answers lines for the log. Can be run again after a crash. Raises InstallRefused, OSError."""
    behavior = appspec.get("file_exists_behavior") or default_behavior or "DISALLOW"
    copies = list(planned(layout, archive, appspec.get("files") or []))
    removed = remove_previous(layout)
    foreign = [copy for copy in copies if os.path.lexists(copy.destination) and not _are_folders(copy)]
    if foreign and behavior == "DISALLOW":
        raise InstallRefused("FILE_EXISTS", f"{foreign[0].destination} exists and was not put there by a deployment")
    kept = {copy.destination for copy in foreign} if behavior == "RETAIN" else set()
    made: list[str] = []
    with open(layout.installed, "a") as ledger:
        for copy in copies:
            if copy.destination not in kept:
                made += _put(copy, ledger)
    _permit(layout, made, appspec.get("permissions") or [])
    said = [f"removed {removed} paths of the previous install"] if removed else []
    return [*said, f"installed {len(made)} paths", *(f"kept {path}" for path in sorted(kept))]


def planned(layout: Layout, archive: str, files: list[dict[str, Any]]) -> Iterator[Copy]:
    """What is to be copied, folders before their contents. Raises InstallRefused for a path it must not touch."""
    seen: set[str] = set()
    for entry in files:
        source = os.path.normpath(os.path.join(archive, entry["source"].lstrip("/")))
        goal = os.path.normpath(layout.destination(entry["destination"]))
        if not os.path.lexists(source):
            raise InstallRefused("SOURCE_MISSING", f"{entry['source']} is not in the bundle")
        for copy in _below(source, goal):
            if copy.destination in seen and not _is_folder(copy.source):
                raise InstallRefused("COPIED_TWICE", f"{copy.destination} is copied twice by appspec.yml")
            if (copy.destination + os.sep).startswith(layout.state + os.sep):
                raise InstallRefused("FORBIDDEN_DESTINATION", f"{copy.destination} belongs to the agent")
            seen.add(copy.destination)
            yield copy


def remove_previous(layout: Layout) -> int:
    """Removes what the list of installed paths holds, newest first, folders only when empty; answers how many went."""
    try:
        with open(layout.installed) as ledger:
            paths = ledger.read().split("\0")
    except FileNotFoundError:
        return 0
    gone = 0
    for path in reversed([path for path in paths if path]):
        try:
            if _is_folder(path):
                os.rmdir(path)
            else:
                os.unlink(path)
            gone += 1
        except OSError:
            continue  # gone already, or a folder in which others put something
    os.unlink(layout.installed)
    return gone


def _below(source: str, goal: str) -> Iterator[Copy]:
    if not _is_folder(source):
        yield Copy(source, os.path.join(goal, os.path.basename(source)))
        return
    yield Copy(source, goal)
    for folder, folders, files in os.walk(source):
        folders.sort()
        inner = os.path.normpath(os.path.join(goal, os.path.relpath(folder, source)))
        for name in sorted(folders + files):
            yield Copy(os.path.join(folder, name), os.path.join(inner, name))


def _put(copy: Copy, ledger: Any) -> list[str]:
    """Makes one path, and the folders it needs; answers what was made."""
    made = []
    wanted = copy.destination if _is_folder(copy.source) else os.path.dirname(copy.destination)
    for folder in _missing_folders(wanted):
        if os.path.lexists(folder):
            raise InstallRefused("FILE_EXISTS", f"{folder} is a file; a folder cannot take its place")
        _note(ledger, folder)
        os.mkdir(folder, 0o755)
        made.append(folder)
    if _is_folder(copy.source):
        return made
    if _is_folder(copy.destination):
        raise InstallRefused("FILE_EXISTS", f"{copy.destination} is a folder; a file cannot take its place")
    _note(ledger, copy.destination)
    if os.path.islink(copy.source):
        if os.path.lexists(copy.destination):
            os.unlink(copy.destination)
        os.symlink(os.readlink(copy.source), copy.destination)
    else:
        _copy_file(copy)
    return [*made, copy.destination]


def _copy_file(copy: Copy) -> None:
    """Written beside and renamed: a running program keeps its old file, and nobody sees half of the new one."""
    handle, beside = tempfile.mkstemp(dir=os.path.dirname(copy.destination), prefix=".lockgate-")
    os.close(handle)
    try:
        shutil.copy2(copy.source, beside)
        os.replace(beside, copy.destination)
    except BaseException:
        os.unlink(beside)
        raise


def _note(ledger: Any, path: str) -> None:
    ledger.write(path + "\0")
    ledger.flush()


def _missing_folders(folder: str) -> list[str]:
    missing: list[str] = []
    while not os.path.isdir(folder):
        missing.insert(0, folder)
        folder = os.path.dirname(folder)
    return missing


def _permit(layout: Layout, made: list[str], permissions: list[dict[str, Any]]) -> None:
    for wish in permissions:
        top = os.path.normpath(layout.destination(wish["object"]))
        for path in made:
            if not os.path.islink(path) and _concerns(wish, top, path):
                _apply(wish, path)


def _concerns(wish: dict[str, Any], top: str, path: str) -> bool:
    kind = "directory" if os.path.isdir(path) else "file"
    if kind not in (wish.get("type") or ["file", "directory"]):
        return False
    if path == top:
        return kind == "file" or wish.get("pattern", "**") == "**"
    if not path.startswith(top + os.sep):
        return False
    inner = path[len(top) + 1 :]
    spared = any(_matches(inner, pattern) for pattern in wish.get("except") or [])
    return _matches(inner, wish.get("pattern") or "**") and not spared


def _matches(inner: str, pattern: str) -> bool:
    return pattern == "**" or any(fnmatch.fnmatchcase(name, pattern) for name in (inner, os.path.basename(inner)))


def _apply(wish: dict[str, Any], path: str) -> None:
    if wish.get("owner") or wish.get("group"):
        try:
            _own(path, wish.get("owner"), wish.get("group"))
        except LookupError as problem:
            raise InstallRefused("OWNER_UNKNOWN", str(problem)) from None
    if wish.get("mode"):
        os.chmod(path, int(wish["mode"], 8))


def _own(path: str, owner: str | None, group: str | None) -> None:
    if owner:
        shutil.chown(path, user=owner)
    if group:
        shutil.chown(path, group=group)


def _are_folders(copy: Copy) -> bool:
    return _is_folder(copy.source) and _is_folder(copy.destination)


def _is_folder(path: str) -> bool:
    return os.path.isdir(path) and not os.path.islink(path)
