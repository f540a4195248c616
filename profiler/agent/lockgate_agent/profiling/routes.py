"""Which route of a Flask application each thread serves, so that a profile can be split by it."""

import sys
import threading
from typing import Any

ROUTE_LENGTH_MAX = 200


def label(app: Any, routes: "dict[int, str]") -> None:
    """Keeps `routes` (thread ident → "GET /orders/<int:id>") up to date while `app`, a Flask application, serves."""

    def enter() -> None:
        # Flask is looked up, not imported: the agent depends on nothing, and who passes an application has it loaded.
        request = sys.modules["flask"].request
        rule = request.url_rule
        if rule is not None:
            routes[threading.get_ident()] = f"{request.method} {rule.rule}"[:ROUTE_LENGTH_MAX]

    def leave(_error: Any) -> None:
        routes.pop(threading.get_ident(), None)

    app.before_request(enter)
    app.teardown_request(leave)
