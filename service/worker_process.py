"""The worker child of `lockgate serve`."""

import gc
import signal
import socket
import threading
from collections.abc import Callable

from service import flow, start
from service.kernel.site import Settings
from service.worker import WorkerProcess
from service.worker_wake import wake

WAIT_SECONDS_MAX = 600.0
"""Nobody waits for an answer of the worker, and a job that gave up would have to be started by hand."""


def run(settings: Settings, ready: Callable[[], None]) -> None:
    """Works until SIGTERM or SIGINT."""
    ready()
    gc.freeze()
    gc.enable()
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: _end(stop, settings))
    site = start.open_site(settings, worker_id=_name(settings), wait_seconds_max=WAIT_SECONDS_MAX)
    site.db.on_facts, site.db.unheard = lambda: wake(settings.data), flow.UNHEARD
    threading.Thread(target=start.refresh, args=(site,), daemon=True, name="refresh").start()
    WorkerProcess(site, stop).run()


def _end(stop: threading.Event, settings: Settings) -> None:
    stop.set()
    wake(settings.data)


def _name(settings: Settings) -> str:
    """Stable over restarts, unique per host and folder: DBOS resumes by this name what a killed worker left."""
    name_file = settings.data / "run" / f"worker-{socket.gethostname()}"
    name_file.touch()
    return f"{socket.gethostname()}-{name_file.stat().st_ino}"
