"""The first package repository: `default/main`, connected to the indexes of this machine's clients, with the agent in it."""

import hashlib
import io

import structlog

from registry import agent_wheel, catalog, repositories, store
from registry.catalog import Place
from registry.formats.pypi import archive, metadata
from registry.names import pypi_name
from registry.upstream.discovery import configured_connections
from service.kernel.errors import Clash, Missing, Problem
from service.kernel.site import Site

DOMAIN, REPOSITORY, ACTOR = "default", "main", "lockgate"
_log = structlog.get_logger("registry")


def bootstrap(site: Site) -> None:
    """Makes what is missing; call it at every start. A failure to offer the agent is logged, not fatal."""
    where = _repository(site)
    try:
        _offer_agent(site, where)
    except (Problem, OSError) as problem:
        _log.warning("the agent is not offered", why=str(problem))


def _repository(site: Site) -> Place:
    try:
        with site.db.read() as session:
            return catalog.place(session, DOMAIN, REPOSITORY)
    except Missing:
        connections = configured_connections()
    try:
        return repositories.create_repository(
            site, DOMAIN, REPOSITORY, actor=ACTOR, description="Packages of every format", connections=connections
        )
    except Clash:  # another process started at the same moment
        with site.db.read() as session:
            return catalog.place(session, DOMAIN, REPOSITORY)


def _offer_agent(site: Site, where: Place) -> None:
    filename, version, raw, wheel = agent_wheel.build()
    name = pypi_name(agent_wheel.DISTRIBUTION)
    with site.db.read() as session:
        for _, package in catalog.find(session, where, name).packages:
            if catalog.asset(session, package, filename) is not None:
                return
    hashes = {kind: hashlib.new(kind, wheel, usedforsecurity=False).hexdigest() for kind in ("md5", "sha256")}
    details = archive.details_of(archive.parse_metadata(raw, filename))
    blob = site.blobs.put(io.BytesIO(wheel), expected=hashes["sha256"])
    facts = {"filetype": "bdist_wheel", "python": "py3", "requires_python": ">=3.9", metadata.DIGEST: hashlib.sha256(raw).hexdigest()}
    asset = store.NewAsset(filename, blob, hashes, facts)
    summary = str(details.get("summary", ""))
    store.publish(site, where, store.Publication(name, agent_wheel.DISTRIBUTION, version, details, (asset,), summary), ACTOR)
