"""Ref updates: who may make them, and the fact `Pushed` for each that git really made, even when a process died between.

A push row is written before git starts, and the git process holds a lock file. Whoever finds a row still "receiving"
whose lock is free knows that everybody involved is gone, and asks the reflog what became of it.
"""

import fcntl
import os
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.git import command, repos
from service.git.command import ZERO, in_repository
from service.git.models import GitRepository, Push
from service.git.pktline import Command
from service.kernel import audit, bus, clock
from service.kernel.auth import Principal
from service.kernel.events import Pushed
from service.kernel.site import Settings, Site

_REFLOG_TAIL_BYTES = 64 * 1024
NOTE = "LOCKGATE_PUSH_NOTE"
"""The variable that names the file in which a hook of git may leave why it refuses a push: one line for the audit trail."""
_NOTE_BYTES_MAX = 4096


def refusals(who: Principal, repository: GitRepository, commands: Sequence[Command]) -> dict[str, str]:
    """For each ref that may not be updated, why: a short reason as git shows it."""
    found = {}
    for wish in commands:
        resource = f"git/{repository.name}/{wish.ref}"
        if not who.may("git:Push", resource):
            found[wish.ref] = f"{who.name} may not push to this ref"
        elif repos.is_protected(repository, wish.ref) and not who.may("git:PushProtected", resource):
            found[wish.ref] = "protected branch"
        elif wish.new == ZERO and wish.ref == f"refs/heads/{repository.default_branch}":
            found[wish.ref] = "the default branch cannot be deleted"
        elif not wish.ref.startswith(("refs/heads/", "refs/tags/")):
            found[wish.ref] = "only branches and tags can be pushed"
    return found


def begin(site: Site, who: Principal, repository: GitRepository, commands: Sequence[Command]) -> tuple[int, int]:
    """Writes the push row; answers its id and the locked file descriptor that git must inherit."""
    row = Push(
        repository_id=repository.id, actor=who.name, state="receiving", started_at=clock.now(), finished_at=None,
        commands=[[c.ref, c.old, c.new] for c in commands],
    )
    lock = -1
    try:
        with site.db.write() as session:
            session.add(row)
            session.flush()
            push_id = row.id
            lock = _lock(site.settings, push_id)
            # Nobody else knows this push yet. To wait here for whoever might hold its lock would hold up every writer.
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BaseException:  # also when the commit failed: the next push may be given the same number
        if lock >= 0:
            os.close(lock)
        raise
    return push_id, lock


def finish(site: Site, push_id: int) -> bool:
    """Records what git did: a `Pushed` fact per updated ref. Idempotent. Answers whether anything was updated."""
    with site.db.read() as session:
        row = session.get_one(Push, push_id)
        repository = session.get_one(GitRepository, row.repository_id)
        if row.state != "receiving":
            return row.state == "accepted"
    folder = repos.folder(site.settings, repository)
    made = [Command(ref, old, new) for ref, old, new in row.commands if _happened(folder, Command(ref, old, new))]
    with site.db.write() as session:
        row = session.get_one(Push, push_id, with_for_update=True)
        if row.state == "receiving":
            _record(session, row, repository, made, "" if made else _noted(site.settings, push_id))
    note(site.settings, push_id).unlink(missing_ok=True)
    _lock_path(site.settings, push_id).unlink(missing_ok=True)
    return bool(made)


def refuse(site: Site, who: Principal, repository: GitRepository, reasons: dict[str, str]) -> None:
    """Audits a push that was refused before git started."""
    with site.db.write() as session:
        for ref, reason in reasons.items():
            audit.record(session, who.name, "git:Push", f"git/{repository.name}/{ref}", outcome="refused", reason=reason)


def tick(site: Site) -> None:
    """Finishes pushes whose web process and git process are both gone."""
    with site.db.read() as session:
        old = clock.now() - timedelta(seconds=2)
        waiting = session.scalars(select(Push.id).where(Push.state == "receiving", Push.started_at < old).limit(50)).all()
    for push_id in waiting:
        lock = _lock(site.settings, push_id)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            continue
        else:
            finish(site, push_id)
        finally:
            os.close(lock)


def _record(session: Session, row: Push, repository: GitRepository, made: Sequence[Command], reason: str) -> None:
    row.state = "accepted" if made else "refused"
    row.finished_at = clock.now()
    for change in made:
        old, new = (("" if oid == ZERO else oid) for oid in (change.old, change.new))
        bus.publish(session, Pushed(repository.name, change.ref, old, new, row.actor, row.id))
        audit.record(session, row.actor, "git:Push", f"git/{repository.name}/{change.ref}", old=old, new=new)
    for ref, _, _ in row.commands if reason else ():
        audit.record(session, row.actor, "git:Push", f"git/{repository.name}/{ref}", outcome="refused", reason=reason)


def _happened(folder: Path, wish: Command) -> bool:
    if wish.new == ZERO:
        found = command.run(in_repository(folder, "for-each-ref", "--format=%(objectname)", wish.ref)).strip()
        return not found
    try:
        with (folder / "logs" / wish.ref).open("rb") as reflog:
            reflog.seek(0, os.SEEK_END)
            reflog.seek(max(0, reflog.tell() - _REFLOG_TAIL_BYTES))
            tail = reflog.read().decode(errors="replace")
    except (FileNotFoundError, NotADirectoryError):
        return False
    return any(line.startswith(f"{wish.old} {wish.new} ") for line in tail.splitlines())


def note(settings: Settings, push_id: int) -> Path:
    """Where a hook leaves why it refuses the push."""
    return _lock_path(settings, push_id).with_suffix(".note")


def _noted(settings: Settings, push_id: int) -> str:
    try:
        with note(settings, push_id).open("rb") as file:
            return file.read(_NOTE_BYTES_MAX).decode(errors="replace").strip()
    except FileNotFoundError:
        return ""


def _lock_path(settings: Settings, push_id: int) -> Path:
    return settings.data / "run" / "pushes" / str(push_id)


def _lock(settings: Settings, push_id: int) -> int:
    path = _lock_path(settings, push_id)
    path.parent.mkdir(parents=True, exist_ok=True)
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
