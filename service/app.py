"""The web application: rooms mounted, errors mapped once, routes denied unless they say who may call them."""

import secrets
from pathlib import Path
from typing import Any

import orjson
import structlog
from flask import Flask, Response, current_app, g, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_openapi3 import Info
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as BaseResponse

import pipelines.api
import pipelines.deployments.agent_api
import pipelines.deployments.api
import pipelines.deployments.views
import pipelines.views
import profiler.api
import profiler.ingest
import profiler.views
import registry.api
import registry.domain_api
import registry.domain_views
import registry.formats.npm
import registry.formats.npm.pages
import registry.formats.pypi
import registry.formats.pypi.api
import registry.formats.pypi.pages
import registry.package_views
import registry.settings_views
import registry.version_api
import registry.version_views
import registry.views
import service.accounts
import service.git.api
import service.git.http
import service.git.views
import service.health
import service.reviews.api
import service.reviews.detector_pages
import service.reviews.push_checks
import service.reviews.secrets_api
import service.reviews.secrets_views
import service.reviews.views
import service.web.components
import service.web.csrf
import service.web.views
from service import invalid, trouble
from service.answers import Application, Json
from service.kernel.access import principal, public
from service.kernel.errors import Problem, Refused, Unauthenticated
from service.kernel.site import Site
from service.routing import LazyRule

APIS = [service.accounts.api, service.git.api.api, service.reviews.api.api, service.reviews.secrets_api.api,
        registry.api.api, registry.domain_api.api, registry.version_api.api, registry.formats.pypi.api.api,
        pipelines.api.api, pipelines.deployments.api.api, pipelines.deployments.agent_api.api, profiler.api.api,
        profiler.ingest.api]
BLUEPRINTS = [service.health.health, service.git.http.http, registry.formats.pypi.bp, registry.formats.npm.bp]
PAGES = [service.web.views, service.git.views, service.reviews.views, service.reviews.detector_pages, service.reviews.secrets_views,
         registry.views, registry.package_views, registry.domain_views, registry.settings_views, registry.version_views,
         registry.formats.npm.pages, registry.formats.pypi.pages, pipelines.views, pipelines.deployments.views, profiler.views]
API_BODY_BYTES_MAX = 16 * 1024 * 1024
CSP = ("default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; "
       "form-action 'self'; frame-ancestors 'none'; base-uri 'none'")
_log = structlog.get_logger("web")


def create_app(site: Site) -> Flask:
    """The Flask application over one site."""
    app = Application(
        "service.app", info=Info(title="Lockgate", version="1"), doc_ui=False,
        static_folder="web/static", static_url_path="/static", template_folder="web/templates", root_path=str(Path(__file__).parent),
        validation_error_callback=invalid.answer, validation_error_model=invalid.Invalid,
    )
    app.json = Json(app)
    app.url_rule_class = LazyRule
    app.extensions["lockgate"] = site
    app.config["MAX_CONTENT_LENGTH"] = None
    for api in APIS:
        app.register_api(api)
    for blueprint in (*BLUEPRINTS, *(room.pages for room in PAGES)):
        app.register_blueprint(blueprint)
    app.extensions["lockgate_panels"] = [room.panel for room in PAGES if hasattr(room, "panel")]
    app.extensions["lockgate_push_hooks"] = service.reviews.push_checks.hooks
    app.extensions["lockgate_search"] = [room.search for room in PAGES if hasattr(room, "search")]
    service.web.components.install(app)
    app.add_url_rule("/api/v1/openapi.json", "openapi", public(lambda: app.api_doc))
    static: Any = app.view_functions["static"]
    static.__access__ = "public"
    app.before_request(_deny_by_default)
    app.before_request(_limit_body)
    app.before_request(service.web.csrf.check)
    app.before_request(_know_the_caller)
    app.after_request(_protect)
    app.register_error_handler(Problem, refuse)
    app.register_error_handler(HTTPException, _refuse_http)
    app.register_error_handler(Exception, _crash)
    return app


def _deny_by_default() -> None:
    if request.endpoint is None:
        return
    view = current_app.view_functions[request.endpoint]
    if getattr(view, "__access__", None) is None:
        raise Refused(who="nobody", action="call", resource=f"{request.endpoint}, a route without an access rule")


def _know_the_caller() -> None:
    """A stranger learns that they are one before anything about the shape of what they sent."""
    if request.endpoint is not None and getattr(current_app.view_functions[request.endpoint], "__access__", "") != "public":
        principal()


def _limit_body() -> None:
    if request.path.startswith(("/api/", "/login", "/settings")) and not request.path.startswith("/api/v1/profiles"):
        request.max_content_length = API_BODY_BYTES_MAX


def _protect(response: Response) -> Response:
    if response.mimetype == "text/html":
        response.headers.setdefault("Content-Security-Policy", CSP)
        response.headers.setdefault("Cache-Control", "no-store" if g.get("by_cookie") else "no-cache")
    return response


def refuse(problem: Problem) -> BaseResponse:
    """A Problem as its reader expects it: RFC 9457 for the API, a page for a browser, the login page for a stranger."""
    if isinstance(problem, Unauthenticated) and _wants_page() and request.method == "GET":
        return redirect(service.web.views.login_url(request.full_path))
    return _tell(problem.status, problem.title, problem.detail, problem.todo, problem.headers)


def _refuse_http(error: HTTPException) -> BaseResponse:
    if error.response is not None or (error.code or 500) < 400:
        return error.get_response()
    return _tell(error.code or 500, error.name, error.description or "", "", {})


def _crash(error: Exception) -> ResponseReturnValue:
    problem = trouble.explained(error)
    if problem is not None:
        _log.error("request refused", path=request.path, id=_request_id(), problem=problem.detail, error=repr(error))
        return current_app.handle_user_exception(problem)  # the blueprint's own form, where it has one
    _log.error("request failed", path=request.path, id=_request_id(), exc_info=error)
    return _tell(500, "Internal error", "Lockgate failed while answering this; nothing of the request was kept.",
                 "Try again; if it stays, look for the request id in the service's log.", {})


def _tell(status: int, title: str, detail: str, todo: str, headers: dict[str, str]) -> BaseResponse:
    if _wants_page():
        try:
            who: str | None = principal().name
        except Exception:  # noqa: BLE001  an error page must not fail for want of a name
            who = None
        page = render_template("error.html", status=status, title=title, detail=detail, todo=todo, request_id=_request_id(), who=who)
        return Response(page, status, headers)
    body = {"type": "about:blank", "title": title, "status": status, "detail": detail, "todo": todo,
            "instance": request.path, "request_id": _request_id()}
    return Response(orjson.dumps(body), status, headers, content_type="application/problem+json")


def _wants_page() -> bool:
    return not request.path.startswith(("/api/", "/git/", "/pypi/", "/npm/", "/healthz", "/readyz", "/metrics")) and (
        "text/html" in request.headers.get("Accept", "")
    )


def _request_id() -> str:
    return str(request.environ.get("lockgate.request_id") or secrets.token_hex(8))

