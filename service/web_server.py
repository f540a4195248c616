"""The HTTP server in front of the application."""

from collections.abc import Callable
from typing import Any

from granian.constants import Interfaces
from granian.log import LogLevels
from granian.server import Server

from service.kernel.site import Settings

WEB_THREADS = 64


def run(application: Callable[[], Any], settings: Settings) -> None:
    """Serves until told to stop. Each of the processes it forks calls `application` for its own WSGI callable."""
    server = Server(
        "lockgate", address=settings.host, port=settings.port, interface=Interfaces.WSGI, workers=settings.web_workers,
        blocking_threads=WEB_THREADS, runtime_threads=1, respawn_failed_workers=True, respawn_interval=0.1,
        workers_kill_timeout=10, websockets=False, log_level=LogLevels.warning, backlog=1024, backpressure=512,
    )
    server.serve(target_loader=lambda _target: application(), wrap_loader=True)
