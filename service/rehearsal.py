"""A rehearsal before the web processes are forked: what first requests leave behind is then shared by all of them.

Python rewrites code as it runs it, and templates and parts of SQLAlchemy are made when they are first used: 5 MB for each
process, and tens of milliseconds for whoever asks first. Played once in front of an empty database of its own, that is paid
for once and before anybody waits. Stage and compiled templates stay in the data folder from one start to the next.
"""

import base64
import hashlib
import io
import os
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

from flask import Flask
from jinja2 import FileSystemBytecodeCache

from registry import repositories, store
from registry.names import npm_name, pypi_name
from service import folder, start
from service.kernel import auth, log
from service.kernel.db import Base
from service.kernel.policy import ALLOW_ALL
from service.kernel.site import Settings, Site

_JSON, _SHORT = "application/vnd.pypi.simple.v1+json", "application/vnd.npm.install-v1+json"
_PYPI, _NPM = "/pypi/stage/main", "/npm/stage/main"
SCENES = (
    ("/healthz", "*/*"), ("/api/v1/repositories", "*/*"), ("/", "text/html"),
    (f"{_PYPI}/simple/", _JSON), (f"{_PYPI}/simple/scene/", "text/html"), (f"{_PYPI}/simple/scene/", _JSON),
    (f"{_PYPI}/files/scene/scene-1.0-py3-none-any.whl.metadata", "*/*"), (f"{_PYPI}/files/scene/scene-1.0-py3-none-any.whl", "*/*"),
    (f"{_NPM}/scene", _SHORT), (f"{_NPM}/scene/-/scene-1.0.0.tgz", "*/*"),
)
"""What is asked for, and the form it is wanted in."""
_log = log.get_logger("rehearsal")


def rehearse(app: Flask, settings: Settings) -> None:
    """Loads the templates and answers some requests; the application has its own site again afterwards. Never fails a start."""
    run = settings.data / "run"
    if not _stage_of_these_tables(run).exists():
        _set_up(app, run)
    own = app.extensions["lockgate"]
    for part in (_templates, _play):
        try:
            part(app, run)
        except Exception as error:  # noqa: BLE001  a full disk must not keep the service from starting, only make it slower
            _log.warning("the rehearsal was broken off", error=repr(error))
        finally:
            app.extensions["lockgate"] = own


def _set_up(app: Flask, run: Path) -> None:
    """In a fork, for compiling leaves megabytes behind. What fails here fails again, and is said, in the rehearsal itself."""
    pid = os.fork()
    if pid == 0:
        try:
            _templates(app, run)
            _stage(run)
        finally:
            os._exit(0)
    os.waitpid(pid, 0)


def _templates(app: Flask, run: Path) -> None:
    compiled = run / "templates"
    compiled.mkdir(mode=0o700, exist_ok=True)
    app.jinja_env.bytecode_cache = FileSystemBytecodeCache(str(compiled))
    try:
        for name in app.jinja_env.list_templates():
            app.jinja_env.get_template(name)
    except Exception:
        shutil.rmtree(compiled, ignore_errors=True)  # cut short by a power failure, say
        raise
    finally:
        app.jinja_env.bytecode_cache = None  # what is loaded stays; a request never depends on these files


def _stage_of_these_tables(run: Path) -> Path:
    tables = sorted((name, table.columns.keys()) for name, table in Base.metadata.tables.items())
    return run / f"rehearsal-{hashlib.sha256(repr((tables, SCENES)).encode()).hexdigest()[:16]}"


def _stage(run: Path) -> Path:
    """A data folder with the tables of this version, empty but for the player, whose token lies beside."""
    stage = _stage_of_these_tables(run)
    if stage.exists():
        return stage
    for older in run.glob("*rehearsal-*"):
        shutil.rmtree(older)
    unfinished = Path(tempfile.mkdtemp(prefix="unfinished-rehearsal-", dir=run))
    try:
        folder.prepare(unfinished)
        site = start.open_site(Settings(data=unfinished))
        Base.metadata.create_all(site.db.writer)
        with site.db.write() as session:
            token, _ = auth.issue_token(session, auth.create_account(session, "player", ALLOW_ALL), "rehearsal")
        _furnish(site)
        site.db.close()
        (unfinished / "token").write_text(token)
        with suppress(OSError):  # another web host, on the same folder, was faster
            unfinished.rename(stage)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return stage


def _furnish(site: Site) -> None:
    """Puts a package of each format on the stage."""
    where = repositories.create_repository(site, "stage", "main", actor="player")
    blob = site.blobs.put(io.BytesIO(b"scene"))
    hashes, metadata = {"sha256": blob.digest}, {"core_metadata": blob.digest, "requires_python": ">=3.9"}
    wheel = store.NewAsset("scene-1.0-py3-none-any.whl", blob, hashes, metadata)
    store.publish(site, where, store.Publication(pypi_name("scene"), "scene", "1.0", {}, (wheel,)), "player")
    manifest = {"manifest": {"name": "scene", "version": "1.0.0"}}
    tarball = store.NewAsset("scene-1.0.0.tgz", blob, hashes)
    tags = {"latest": "1.0.0"}
    store.publish(site, where, store.Publication(npm_name("scene"), "scene", "1.0.0", manifest, (tarball,), tags=tags), "player")


def _play(app: Flask, run: Path) -> None:
    stage = _stage(run)
    site = start.open_site(Settings(data=stage))
    app.extensions["lockgate"] = site
    try:
        token = (stage / "token").read_text()
        for path, accept in SCENES:
            for _ in app(_environment(path, accept, token), _hear):
                pass
    except Exception:
        shutil.rmtree(stage, ignore_errors=True)  # damaged: the next start builds it anew
        raise
    finally:
        site.db.close()


def _environment(path: str, accept: str, token: str) -> dict[str, Any]:
    """A GET as PEP 3333 has it."""
    return {
        "REQUEST_METHOD": "GET", "SCRIPT_NAME": "", "PATH_INFO": path, "QUERY_STRING": "", "SERVER_NAME": "127.0.0.1", "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1", "HTTP_HOST": "127.0.0.1", "HTTP_ACCEPT": accept, "REMOTE_ADDR": "127.0.0.1",
        "HTTP_AUTHORIZATION": "Basic " + base64.b64encode(f"player:{token}".encode()).decode(),
        "wsgi.version": (1, 0), "wsgi.url_scheme": "http", "wsgi.input": io.BytesIO(), "wsgi.errors": io.StringIO(),
        "wsgi.multithread": True, "wsgi.multiprocess": True, "wsgi.run_once": False,
    }


def _hear(status: str, _headers: Any, _exc_info: Any = None) -> Any:
    if not status.startswith("200"):
        raise RuntimeError(f"an answer was {status}")
