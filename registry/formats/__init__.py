"""Package formats: each module or folder here that has a `FORMAT` is one, found by discovery."""

import importlib
import pkgutil
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any
from wsgiref.types import WSGIEnvironment

from flask import Blueprint
from sqlalchemy.orm import Session

from registry.catalog import Place
from registry.models import Package
from registry.names import PackageName
from service.kernel.errors import Missing
from service.kernel.site import Site


@dataclass(frozen=True)
class Address:
    """A package repository as its reader reaches it."""

    host_url: str
    """Scheme and host, with a slash at the end."""
    domain: str
    repository: str

    @property
    def server(self) -> str:
        """What `lockgate login --server` takes."""
        return self.host_url.rstrip("/")

    def url(self, kind: str, rest: str = "") -> str:
        """A URL of the format's protocol in this repository."""
        return f"{self.host_url}{kind}/{self.domain}/{self.repository}/{rest}"

    def with_credentials(self, kind: str, rest: str = "") -> str:
        """The same with a place for the token, which the reader fills in: we never show one."""
        scheme, _, tail = self.url(kind, rest).partition("://")
        return f"{scheme}://__token__:$LOCKGATE_TOKEN@{tail}"


@dataclass(frozen=True)
class Recipe:
    """What to type into a terminal, for one client."""

    client: str
    text: str


@dataclass(frozen=True)
class FormPart:
    """A part of a page with a form: its template, and the facts that it knows as `part.facts` beside those of the page."""

    template: str
    facts: dict[str, Any]


@dataclass(frozen=True)
class Taken:
    """The answer to a publication that was taken."""

    status: int
    content_type: str
    body: bytes


@dataclass(frozen=True)
class Intake:
    """How publications of a format are taken, with Flask or ahead of it (`registry/receiver.py`)."""

    method: str
    path: re.Pattern[str]
    """What follows the package repository in the URL of a publication, and of nothing else with this method."""
    take: Callable[[Site, Place, WSGIEnvironment, str, str], Taken]
    """Takes the body of a request by an actor who may publish; the last argument is what `path` fits. Raises what the view raises."""


@dataclass(frozen=True)
class PackageFormat:
    """What the rest of the registry knows about a format."""

    name: str
    title: str
    parse: Callable[[str], PackageName]
    """The name as written in a URL. Raises Malformed."""
    key: Callable[[str], str]
    """What makes two spellings of a version the same one."""
    order: Callable[[str], Any]
    """Sort key of versions: the one that an installer takes by default last."""
    blueprint: Blueprint
    install: Callable[[Address, str, str], list[Recipe]]
    """How to install a package by its display name and version."""
    publish: Callable[[Address], list[Recipe]]
    dependencies: Callable[[dict[str, Any]], list[tuple[str, str]]]
    """From a version's details: what it needs, as (name and condition, kind)."""
    outside: Callable[[Site, Place, PackageName], Iterable[str]] = lambda _site, _place, _name: ()
    """The versions that external connections offer now; those that cannot be asked offer none."""
    check_given_out: Callable[[Site, Place, PackageName], None] = lambda _site, _place, _name: None
    """Raises the problem for which nobody gets the package's files now."""
    warnings: Callable[[Session, Package], list[str]] = lambda _session, _package: []
    """What a reader of the package's page should know first, in sentences."""
    package_form: Callable[[Session, Package], FormPart | None] = lambda _session, _package: None
    """What an administrator can set on the package's page that this format alone knows."""
    repository_form: Callable[[Session, Place], FormPart | None] = lambda _session, _place: None
    """The same for the settings of a package repository."""
    intake: Intake | None = None
    """None: publications go to the blueprint alone."""


@cache
def all_formats() -> dict[str, PackageFormat]:
    """Every format by its name."""
    modules = [importlib.import_module(f"{__name__}.{found.name}") for found in pkgutil.iter_modules(__path__)]
    return {module.FORMAT.name: module.FORMAT for module in modules if hasattr(module, "FORMAT")}


def format_named(name: str) -> PackageFormat:
    """The format; raises Missing."""
    formats = all_formats()
    if name not in formats:
        raise Missing(what="package format", name=name)
    return formats[name]
