"""Opening a site: database, blobs, sources, the first account. Shared by the server and the administration commands."""

import os
import secrets

from sqlalchemy import make_url, select
from sqlalchemy.exc import ArgumentError
from sqlalchemy.orm import configure_mappers

import registry.bootstrap
from pipelines.strangers import BuildIsolation
from service.git.sources import GitSources
from service.kernel import auth
from service.kernel.auth import Account
from service.kernel.blobs import open_blobs
from service.kernel.db import WAIT_SECONDS_MAX, Database
from service.kernel.errors import Problem
from service.kernel.policy import ALLOW_ALL
from service.kernel.site import Settings, Site
from service.migrate import migrate

DRIVERS = ("sqlite", "postgresql+psycopg")


class BadDatabaseUrl(Problem):
    """It may hold a password, so it is not repeated."""

    says = "--database-url names neither PostgreSQL nor SQLite"
    todo = "Write postgresql://USER:PASSWORD@HOST/DATABASE, or leave it away: the database is then a file in the data folder."


def database_url(settings: Settings) -> str:
    """The SQLAlchemy URL; PostgreSQL always through psycopg 3. Raises BadDatabaseUrl."""
    url = settings.database_url or f"sqlite:///{settings.data / 'lockgate.sqlite'}"
    for prefix in ("postgresql://", "postgres://"):
        if url.startswith(prefix):
            url = "postgresql+psycopg://" + url.removeprefix(prefix)
    try:
        driver = make_url(url).drivername
    except ArgumentError:
        driver = ""
    if driver not in DRIVERS:
        raise BadDatabaseUrl
    return url


def load_models() -> None:
    """Has SQLAlchemy work out the tables' relations now, once for all forks: each would do it in memory of its own."""
    configure_mappers()


def open_site(settings: Settings, *, worker_id: str = "", wait_seconds_max: float = WAIT_SECONDS_MAX) -> Site:
    """A site for this process; open it after any fork, never before. `wait_seconds_max` is the limit on a writer's wait."""
    db = Database(database_url(settings), lock_path=settings.data / "run" / "database.lock", wait_seconds_max=wait_seconds_max)
    blobs = open_blobs(settings.blob_url or f"file://{settings.data / 'blobs'}")
    return Site(settings, db, blobs, GitSources(settings, db), worker_id, BuildIsolation(settings.data))


def first_start(site: Site) -> None:
    """Schema, the account `admin` with its token in `DATA/admin-token`, domain and package repository. Idempotent."""
    migrate(site.db.writer)
    if _ensure_admin(site):
        registry.bootstrap.bootstrap(site)


def refresh(site: Site) -> None:
    """What later starts make good, while the service is answering already: a newer agent is offered to the hosts."""
    registry.bootstrap.bootstrap(site)


def _ensure_admin(site: Site) -> bool:
    token_file = site.settings.data / "admin-token"
    with site.db.write() as session:
        if session.scalar(select(Account).where(Account.name == "admin")):
            return False
        account = auth.create_account(session, "admin", ALLOW_ALL)
        chosen = os.environ.get("LOCKGATE_ADMIN_TOKEN", "")
        secret, _ = auth.issue_token(session, account, "first start", value=chosen or None)
        # Written before the commit: an account whose token nobody knows would lock everybody out.
        beside = token_file.with_name(f".admin-token-{secrets.token_hex(4)}")
        fd = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(fd, "w") as out:
            out.write(secret + "\n")
        beside.rename(token_file)
    return True
