"""`lockgate serve`: one command that supervises web and worker, restarts what dies, and stops cleanly.

The supervisor makes the application once and forks the web processes, so that they start at once and share its memory. The
first worker is forked before that and loads what it needs on another core meanwhile. The supervisor keeps no connection and
starts no thread itself: neither survives a fork.
"""

import gc
import os
import shutil
import signal
import socket
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NoReturn

from service import folder
from service.kernel import log
from service.kernel.errors import Problem
from service.kernel.site import Settings
from service.parent import die_with_parent

RESTART_SECONDS_MIN, RESTART_SECONDS_MAX = 0.1, 5.0
STOP_SECONDS_MAX = 15.0
_log = log.get_logger("serve")


class PortInUse(Problem):
    """Somebody listens there already."""

    status = 409
    says = "port {port} on {host} is in use by another program"
    todo = "Name another one with --port, or stop that program."


_Main = Callable[[Settings, Callable[[], None]], None]
"""Runs a child until it is told to stop; calls its second argument before it touches the database."""


@dataclass
class _Child:
    name: str
    main: _Main
    pid: int = 0
    started: float = 0.0
    failures: int = 0
    due: float = field(default=0.0)


def serve(settings: Settings, role: str = "all") -> int:
    """Runs until SIGTERM or SIGINT; answers the exit code. Raises Problem when it cannot start."""
    folder.prepare(settings.data)
    if not shutil.which("git"):
        raise NoGit
    if role in ("all", "web", "git"):
        _check_port(settings)
    lock = folder.hold(settings.data) if role == "all" else -1
    log.configure()
    import service.flow  # what worker and web share: before the first fork
    import service.start

    service.start.load_models()
    prepared = _in_child(lambda: _first_start(settings))
    children = []
    if role in ("all", "worker"):
        children.append(_Child("worker", _worker))
        _spawn(children[0], settings, prepared.wait)
    try:
        if role != "worker":
            children.append(_Child("web", _web(settings)))
        prepared.finish()
    except BaseException:
        _stop(children)
        raise
    print(f"Lockgate: {settings.base_url}  (token in {settings.data / 'admin-token'})", flush=True)
    gc.freeze()
    gc.enable()
    code = _supervise(settings, children)
    if lock >= 0:
        os.close(lock)
    return code


def _supervise(settings: Settings, children: list[_Child]) -> int:
    stopping: list[int] = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda got, _frame: stopping.append(got))
    while not stopping:
        now = time.monotonic()
        for child in children:
            if not child.pid and child.due <= now:
                _spawn(child, settings)
        _reap(children)
        signal.sigtimedwait([signal.SIGCHLD], 0.2)
    _log.info("stopping")
    _stop(children)
    return 0


def _spawn(child: _Child, settings: Settings, ready: Callable[[], None] = lambda: None) -> None:
    """Forks the child; it calls `ready` before it touches the database."""
    parent = os.getpid()
    pid = os.fork()
    if pid == 0:
        _be_child(parent)
        code = 1
        try:
            child.main(settings, ready)
            code = 0
        except SystemExit as error:
            code = error.code if isinstance(error.code, int) else 1
        except BaseException:  # noqa: BLE001  the fork must never return into the supervisor's code
            _log.exception("died", child=child.name)
        finally:
            _leave(code)
    child.pid, child.started = pid, time.monotonic()
    (settings.data / "run" / f"{child.name}.pid").write_text(f"{pid}\n")
    _log.info("started", child=child.name, pid=pid)


def _reap(children: list[_Child]) -> None:
    for child in children:
        if not child.pid:
            continue
        pid, status = os.waitpid(child.pid, os.WNOHANG)
        if pid:
            lived = time.monotonic() - child.started
            child.failures = 0 if lived > 10 else child.failures + 1
            child.pid = 0
            wait = min(RESTART_SECONDS_MAX, RESTART_SECONDS_MIN * 2**child.failures)
            child.due = time.monotonic() + wait
            _log.warning("restarting", child=child.name, exit=os.waitstatus_to_exitcode(status), wait_seconds=round(wait, 1))


def _stop(children: list[_Child]) -> None:
    deadline = time.monotonic() + STOP_SECONDS_MAX
    for child in children:
        if child.pid:
            os.kill(child.pid, signal.SIGTERM)
    for child in children:
        while child.pid and not os.waitpid(child.pid, os.WNOHANG)[0]:
            if time.monotonic() > deadline:
                _log.warning("killed", child=child.name)
                os.kill(child.pid, signal.SIGKILL)
                os.waitpid(child.pid, 0)
                break
            time.sleep(0.02)
        child.pid = 0


def _web(settings: Settings) -> _Main:
    from service import web_process  # the whole application, once the first worker is on its way

    return web_process.prepare(settings)


def _worker(settings: Settings, ready: Callable[[], None]) -> None:
    from service import worker_process  # brings DBOS, which the web processes do without

    worker_process.run(settings, ready)


def _first_start(settings: Settings) -> None:
    from sqlalchemy.exc import DatabaseError

    from service import start, trouble  # the database layer, loaded while the supervisor loads the application

    site = start.open_site(settings)
    try:
        start.first_start(site)
    except DatabaseError as error:
        if isinstance(problem := trouble.explained(error), trouble.NoRoom):
            raise problem from error
        why = " ".join(str(error.orig).split())
        hint = f"Restore {settings.data / 'lockgate.sqlite'} from a backup, or name another folder with --data."
        if settings.database_url:
            hint = "Check --database-url, and that the server runs."
        raise StartFailed(why=f"the database cannot be used: {why}", hint=hint) from error
    site.db.close()


@dataclass
class _Prepared:
    """The first steps, under way in a fork."""

    pid: int
    words: int
    done: int

    def wait(self) -> None:
        """For a child: returns when the steps were taken well, ends the process otherwise."""
        if os.read(self.done, 1) != b"+":
            _leave(1)

    def finish(self) -> None:
        """For the supervisor: waits for their end and raises StartFailed with what was said."""
        os.close(self.done)
        with os.fdopen(self.words, "rb") as words:
            said = words.read().decode(errors="replace")
        _, status = os.waitpid(self.pid, 0)
        if status:
            why, _, hint = said.partition("\n")
            raise StartFailed(why=why or "the first step ended without a word", hint=hint)


def _in_child(work: Callable[[], None]) -> _Prepared:
    """Begins `work` in a fork, so that this process keeps no connection and no thread of it."""
    reading, writing = os.pipe()
    done, tell = os.pipe()
    pid = os.fork()
    if pid == 0:
        code = 0
        try:
            os.close(reading)
            work()
            os.write(tell, b"+")
        except Problem as problem:
            os.write(writing, f"{problem.detail}\n{problem.todo}".encode())
            code = 2
        except BaseException as error:  # noqa: BLE001
            _log.exception("start failed")
            os.write(writing, f"the start failed: {type(error).__name__}: {error}\n".encode())
            code = 2
        finally:
            _leave(code)
    os.close(writing)
    os.close(tell)
    return _Prepared(pid, reading, done)


class NoGit(Problem):
    """The git host runs the real git."""

    status = 500
    says = "git is not found on the PATH of this process"
    todo = "Install the package git of this system."


class StartFailed(Problem):
    """Schema, account or repositories could not be prepared."""

    status = 500
    says = "{why}"
    todo = "{hint}"


def _be_child(parent: int) -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_DFL)
    die_with_parent(signal.SIGTERM)
    if os.getppid() != parent:
        _leave(1)


def _check_port(settings: Settings) -> None:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            if error.errno in (98, 48):
                raise PortInUse(port=settings.port, host=settings.host) from None
            why = f"cannot listen on {settings.host}:{settings.port}: {error.strerror}"
            hint = "Name an address of this machine with --host, and a port that this user may use with --port."
            raise StartFailed(why=why, hint=hint) from None


def _leave(code: int) -> NoReturn:
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
