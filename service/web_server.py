"""The HTTP server in front of the application."""

from collections.abc import Callable
from functools import partial
from typing import Any

from granian.constants import Interfaces
from granian.log import LogLevels
from granian.server import Server, mp

from service.kernel.site import Settings

WEB_THREADS = 64
_Call = Callable[[Any, dict[str, Any]], object]
"""Takes what the answer is given to, and the WSGI environment as far as the request makes it."""


def run(application: Callable[[], Any], settings: Settings) -> None:
    """Serves until told to stop. Each of the processes it forks calls `application` for its own WSGI callable."""
    # granian has no public place for this; the lock file pins its release.
    seams: Any = mp
    seams._wsgi_call_wrap = partial(_shortcut, seams._wsgi_call_wrap)
    server = Server(
        "lockgate", address=settings.host, port=settings.port, interface=Interfaces.WSGI, workers=settings.web_workers,
        blocking_threads=WEB_THREADS, runtime_threads=1, respawn_failed_workers=True, respawn_interval=0.1,
        workers_kill_timeout=10, websockets=False, log_level=LogLevels.error, backlog=1024, backpressure=512,
    )
    server.serve(target_loader=lambda _target: application(), wrap_loader=True)


def _shortcut(wrap: Callable[..., _Call], callback: Any, *options: Any) -> _Call:
    """How granian calls the application, but first for what `callback.at_once` has ready: a WSGI call of that would cost twice as much."""
    call, at_once = wrap(callback, *options), callback.at_once

    def answer(taker: Any, environ: dict[str, Any]) -> object:
        ready = at_once(environ)
        return call(taker, environ) if ready is None else taker.response_bytes(*ready)

    return answer
