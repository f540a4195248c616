"""The page on which somebody who is logged in lets a waiting `npm login` in."""

from flask import Blueprint, redirect, render_template, url_for
from werkzeug.wrappers import Response

from registry.formats.npm import login
from registry.formats.sources import place
from service.kernel.access import needs, principal, site

pages = Blueprint("registry_npm_login", __name__, url_prefix="/npm-login/<domain>/<repository>", template_folder="templates")
READ = ("registry:Read", "registry/{domain}/{repository}")


@pages.get("/<code>")
@needs(*READ)
def ask(domain: str, repository: str, code: str) -> str:
    """Shows who asks, and what it would get."""
    row = login.waiting(site(), place(domain, repository), code)
    return render_template("npm/login.html", domain=domain, repository=repository, code=code, client=row.client, who=principal().name)


@pages.post("/<code>")
@needs(*READ)
def approve(domain: str, repository: str, code: str) -> Response:
    """Lets it in."""
    login.approve(site(), place(domain, repository), code, principal())
    return redirect(url_for(".done", domain=domain, repository=repository), 303)


@pages.get("/")
@needs(*READ)
def done(domain: str, repository: str) -> str:
    """What to do next."""
    place(domain, repository)
    return render_template("npm/login.html", domain=domain, repository=repository, code="", client="", who=principal().name)
