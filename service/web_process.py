"""The web child of `lockgate serve`: granian's processes around one application, which is made before they are forked."""

import gc
import signal
from collections.abc import Callable
from typing import Any

from registry.front import Front
from registry.receiver import Receiver
from service import flow, start
from service.app import create_app
from service.guard import Guard, secured
from service.kernel.site import Settings
from service.parent import die_with_parent
from service.rehearsal import rehearse
from service.worker_wake import wake

GARBAGE_OBJECTS = 10_000
"""After so many new objects Python looks for cycles among them. A long page makes thousands that are no garbage while it is made; looking
through them every 700, as is usual, took a sixth of its time."""


def prepare(settings: Settings) -> Callable[[Settings, Callable[[], None]], None]:
    """Makes the application, to be shared by the forks, and answers what serves it. The site it is made with is never opened."""
    site = start.open_site(settings)
    app = create_app(site)
    site.db.prepare()
    rehearse(app, settings)

    def web(settings: Settings, ready: Callable[[], None]) -> None:
        from service import web_server  # granian: only the web child pays for it

        ready()
        web_server.run(lambda: _application(app, settings), settings)

    return web


def _application(app: Any, settings: Settings) -> Guard:
    """The WSGI callable, in the granian worker: with its own database connections."""
    die_with_parent(signal.SIGKILL)
    gc.set_threshold(GARBAGE_OBJECTS)
    site = start.open_site(settings)
    site.db.on_facts, site.db.unheard = lambda: wake(settings.data), flow.UNHEARD
    app.extensions["lockgate"] = site
    front = Front(secured(Receiver(app, site)), site)
    return Guard(front, settings.trusted_proxies, front.at_once)
