"""The hot path of publications: taken before Flask is asked, as `front.py` gives hot answers.

Nothing is decided here a second time, and nothing is refused. Who asks, whether they may and where to is told by the functions the
views use, and the format's own function, the view's too, takes the body. On any doubt before the body is read Flask gets the
request; when taking it fails Flask gets the request with the error, and tells it as it tells its own.
"""

import re
from collections.abc import Iterable
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from werkzeug.datastructures import EnvironHeaders
from werkzeug.http import HTTP_STATUS_CODES

from registry import catalog
from registry.catalog import Place
from registry.formats import Intake, all_formats
from registry.intake import FAILED
from service.kernel import access, auth
from service.kernel.site import Site

ACTION = "registry:Publish"
_PATH = re.compile(r"/([a-z]+)/([^/]+)/([^/]+)/(.*)")
_BROWSERS = ("HTTP_ORIGIN", "HTTP_SEC_FETCH_SITE")
"""Who sends these is asked where they come from, which is Flask's to do."""


class Receiver:
    """Wraps the application; see the module."""

    def __init__(self, application: WSGIApplication, site: Site) -> None:
        self._application, self._site = application, site
        self._intakes = {name: one.intake for name, one in all_formats().items() if one.intake is not None}

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """One request."""
        path = _PATH.fullmatch(environ["PATH_INFO"])
        intake = self._intakes.get(path[1]) if path is not None else None
        if path is None or intake is None or environ["REQUEST_METHOD"] != intake.method or not intake.path.fullmatch(path[4]):
            return self._application(environ, start_response)
        admitted = self._admitted(environ, path[2], path[3])
        if admitted is None:
            return self._application(environ, start_response)
        try:
            return self._take(intake, *admitted, environ, path[4], start_response)
        except Exception as error:  # noqa: BLE001  whatever it is, the view raises it anew
            environ[FAILED] = error
            return self._application(environ, start_response)

    def _admitted(self, environ: WSGIEnvironment, domain: str, repository: str) -> tuple[Place, str] | None:
        """Where to publish, and who does, or None when Flask shall say what is wrong with the request."""
        secret = access.credentials_of(EnvironHeaders(environ))
        if not secret or not environ["PATH_INFO"].isascii() or any(name in environ for name in _BROWSERS):
            return None
        try:
            with self._site.db.snapshot() as snapshot:
                who = auth.principal_of(snapshot, secret, access.client_address(environ))
                where = catalog.place(snapshot, domain, repository)
        except Exception:  # noqa: BLE001  # lockgate: ignore[swallowed-exception] Flask meets it too, and tells it
            return None
        return (where, who.name) if access.allowed(who, ACTION, where.resource) else None

    def _take(
        self, intake: Intake, where: Place, actor: str, environ: WSGIEnvironment, rest: str, start_response: StartResponse
    ) -> Iterable[bytes]:
        taken = intake.take(self._site, where, environ, actor, rest)
        headers = [("Content-Type", taken.content_type), ("Content-Length", str(len(taken.body)))]
        start_response(f"{taken.status} {HTTP_STATUS_CODES[taken.status].upper()}", headers)
        return [taken.body]
