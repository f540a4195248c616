"""Hosted repositories: the row and the bare folder that belongs to it. The only place that creates either."""

import re
import shutil
import uuid
from collections.abc import Sequence
from fnmatch import fnmatchcase
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.git import command
from service.git.models import GitRepository
from service.kernel import audit, bus, clock
from service.kernel.errors import Clash, Malformed, Missing
from service.kernel.events import RepositoryCreated
from service.kernel.site import Settings, Site

_PART = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*")
_RESERVED = {"-", "info", "objects", "git-upload-pack", "git-receive-pack"}
INPUT_BYTES_MAX = 2 * 1024**3
CONFIG = {
    "core.logAllRefUpdates": "always", "core.bigFileThreshold": "50m", "gc.auto": "0", "receive.autogc": "false",
    "transfer.fsckObjects": "true", "receive.maxInputSize": str(INPUT_BYTES_MAX), "receive.unpackLimit": "100",
    "receive.advertisePushOptions": "true", "uploadpack.allowFilter": "true", "uploadpack.keepAlive": "5",
    "pack.threads": "2", "pack.windowMemory": "256m", "repack.writeBitmaps": "true",
    "transfer.hideRefs": "refs/internal/", "fsck.missingSpaceBeforeDate": "warn", "fsck.zeroPaddedFilemode": "warn",
    "receive.fsck.missingSpaceBeforeDate": "warn", "receive.fsck.zeroPaddedFilemode": "warn",
}
"""Every repository's configuration; old histories with two harmless, well-known flaws are still accepted."""


def folder(settings: Settings, repository: GitRepository) -> Path:
    """The bare repository on disk."""
    return settings.data / "git" / repository.storage[:2] / f"{repository.storage}.git"


def find(session: Session, name: str) -> GitRepository:
    """The repository of that name, with or without `.git` at the end. Raises Missing."""
    row = session.scalar(select(GitRepository).where(GitRepository.name == name.removesuffix(".git")))
    if row is None:
        raise Missing(what="git repository", name=name)
    return row


def all_repositories(session: Session) -> Sequence[GitRepository]:
    """Every repository, by name."""
    return session.scalars(select(GitRepository).order_by(GitRepository.name)).all()


def create(
    site: Site,
    name: str,
    project: str,
    *,
    actor: str,
    description: str = "",
    default_branch: str = "main",
    protected: Sequence[str] = (),
) -> GitRepository:
    """Makes an empty repository. Raises Malformed for a bad name and Clash when it is taken."""
    _check_name(name)
    with site.db.read() as session:
        if session.scalar(select(GitRepository).where(GitRepository.name == name)):
            raise Clash(what="git repository", name=name)
    row = GitRepository(
        name=name, project=project, description=description, default_branch=default_branch, storage=uuid.uuid4().hex,
        protected=list(protected), created_at=clock.now(),
    )
    path = folder(site.settings, row)
    _initialise(path, default_branch)
    try:
        with site.db.write() as session:
            if session.scalar(select(GitRepository).where(GitRepository.name == name)):
                raise Clash(what="git repository", name=name)
            session.add(row)
            audit.record(session, actor, "git:Create", f"git/{name}")
            bus.publish(session, RepositoryCreated(name, project))
    except BaseException:
        shutil.rmtree(path, ignore_errors=True)
        raise
    return row


def is_protected(repository: GitRepository, ref: str) -> bool:
    """Whether a full ref name matches a protection glob."""
    return any(fnmatchcase(ref, glob) for glob in repository.protected)


def _check_name(name: str) -> None:
    parts = name.split("/")
    fine = len(name) <= 100 and not name.endswith(".git") and all(
        _PART.fullmatch(p) and p not in _RESERVED and ".." not in p for p in parts
    )
    if not fine:
        why = f"{name!r} cannot name a git repository; use at most 100 of A-Z a-z 0-9 . _ - and / between parts, not ending in .git"
        raise Malformed(where="name", why=why)


def _initialise(path: Path, default_branch: str) -> None:
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,100}", default_branch) or ".." in default_branch:
        raise Malformed(where="default_branch", why=f"{default_branch!r} is not a branch name")
    path.parent.mkdir(parents=True, exist_ok=True)
    command.run(["git", "init", "--quiet", "--bare", "--template=", f"--initial-branch={default_branch}", str(path)])
    with (path / "config").open("a") as config:
        for key, value in CONFIG.items():
            section, _, name = key.rpartition(".")
            head, _, sub = section.partition(".")
            config.write(f'[{head} "{sub}"]\n' if sub else f"[{head}]\n")
            config.write(f"\t{name} = {value}\n")
