"""Starting and stopping the profiler of this process, across forks and to the exit."""

import atexit
import logging
import os
import sys
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any, Optional

from lockgate_agent.profiling import routes, settings
from lockgate_agent.profiling.agent import Agent
from lockgate_agent.profiling.settings import SettingsMissing

_log = logging.getLogger("lockgate_agent")


class _Process:
    """What this process has: at most one profiler."""

    agent: Optional[Agent] = None
    hooked = False
    lock = threading.Lock()


def start(
    *,
    server: Optional[str] = None,
    token: Optional[str] = None,
    group: Optional[str] = None,
    version: Optional[str] = None,
    instance: Optional[str] = None,
    own: Optional[str] = None,
    interval_seconds: Optional[float] = None,
    first_seconds: Optional[float] = None,
    flask_app: Any = None,
    **more: Any,
) -> bool:
    """Profiles this process from now on; answers whether it does. It never raises: what is wrong is logged as a warning.

    `server`, `token` and `group` may come from LOCKGATE_PROFILE_SERVER, _TOKEN and _GROUP instead, as every other
    setting from its own variable (see `Settings`). `own` names the packages that are the program's own code; without it,
    that is the caller's package. With `flask_app`, profiles can be split by route. A second call changes nothing.
    """
    try:
        told = {
            "server": server, "token": token, "group": group, "version": version, "instance": instance,
            "own": own or os.environ.get(settings.PREFIX + "OWN") or _package(sys._getframe(1)),
            "interval_seconds": interval_seconds, "first_seconds": first_seconds, **more,
        }
        return _start(told, flask_app)
    except SettingsMissing as error:
        _log.warning("profiling is off: %s", error)
    except Exception as error:
        _log.warning("profiling is off: %r", error)
    return False


def stop() -> None:
    """Ends profiling; delivers what is left within a second."""
    with _Process.lock:
        ended, _Process.agent = _Process.agent, None
    if ended is not None:
        _survive(ended.stop)


def running() -> Optional[Agent]:
    """The profiler of this process, for its counts and its rate."""
    return _Process.agent


def _start(told: "dict[str, Any]", flask_app: Any) -> bool:
    if settings.switched_off(os.environ):
        return False
    if not getattr(sys, "_is_gil_enabled", lambda: True)():
        _log.warning("profiling is off: without the global interpreter lock, reading stacks is not safe")
        return False
    with _Process.lock:
        if _Process.agent is None:
            chosen = settings.read(told, os.environ)
            _hook()
            _Process.agent = Agent(chosen)
            _Process.agent.start()
        if flask_app is not None:
            routes.label(flask_app, _Process.agent.routes)
    return True


def _hook() -> None:
    if _Process.hooked:
        return
    _Process.hooked = True
    atexit.register(stop)
    os.register_at_fork(after_in_child=lambda: _survive(_forked))


def _forked() -> None:
    _Process.lock = threading.Lock()
    if _Process.agent is None:
        return
    _Process.agent.after_fork()
    util = sys.modules.get("multiprocessing.util")
    if util is not None:
        # A child of multiprocessing leaves by os._exit and runs only finalizers that were registered after it began.
        util.register_after_fork(_Process.agent, lambda _: util.Finalize(None, stop, exitpriority=10))


def _survive(act: Callable[[], None]) -> None:
    try:
        act()
    except Exception as error:
        _log.warning("profiler: %r", error)


def _package(caller: FrameType) -> str:
    """The top-level package that calls; "" for a script, whose files are recognised by their place instead."""
    name = str(caller.f_globals.get("__name__", ""))
    if name == "__main__":
        spec = caller.f_globals.get("__spec__")
        name = getattr(spec, "parent", "") or ""
    return name.partition(".")[0]
