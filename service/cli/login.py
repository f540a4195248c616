"""`lockgate login`: points a package client or git at this service."""

import difflib
import json
import os
import secrets
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import urlsplit

import click

from service.cli import login_files, login_undo
from service.cli.login_files import Plan, Target
from service.cli.login_undo import NothingToUndo
from service.kernel.errors import Malformed, Problem, Unavailable

CHECK_SECONDS_MAX = 15.0
_CLIENTS: dict[str, tuple[str, Callable[[Target, Path, Mapping[str, str]], Plan]]] = {
    "pip": ("pip installs from here.", login_files.pip),
    "uv": ("uv installs from here and publishes to here.", login_files.uv),
    "twine": ("twine uploads to here.", login_files.twine),
    "poetry": ("poetry has the credentials for this index and publishes to it.", login_files.poetry),
    "pdm": ("pdm installs from here and publishes to here.", login_files.pdm),
    "hatch": ("hatch publishes to here.", login_files.hatch),
    "npm": ("npm installs from here and publishes to here.", login_files.npm),
    "pnpm": ("pnpm installs from here and publishes to here.", login_files.pnpm),
    "yarn": ("yarn 2 or later installs from here and publishes to here.", login_files.yarn),
    "yarn-classic": ("yarn 1 installs from here and publishes to here.", login_files.yarn_classic),
    "git": ("git clones from here and pushes to here.", login_files.git),
}


class LoginRefused(Problem):
    """The server does not take the token, or has no such repository."""

    status = 403
    says = "{server} answered {status}: {why}; nothing was written"
    todo = "Check the token, the domain and the repository."


@click.group()
def login() -> None:
    """Configures a client for a package repository or for git, and says what it wrote."""


def _add(client: str, help_text: str, plan_of: Callable[[Target, Path, Mapping[str, str]], Plan]) -> None:
    @login.command(client, help=help_text)
    @click.option("--server", envvar="LOCKGATE_SERVER", default="", help="http://127.0.0.1:8642")
    @click.option("--token", envvar="LOCKGATE_TOKEN", default="", help="or LOCKGATE_TOKEN, or asked for")
    @click.option("--domain", default="default", show_default=True)
    @click.option("--repository", default="main", show_default=True)
    @click.option("--scope", default="", help="npm, pnpm and yarn: only packages of this @scope")
    @click.option("--dry-run", is_flag=True, help="show what would be written, the token left out")
    @click.option("--undo", is_flag=True, help="take the last logins of this client back")
    def command(server: str, token: str, domain: str, repository: str, scope: str, dry_run: bool, undo: bool) -> None:
        if undo:
            _undo(client, dry_run=dry_run)
            return
        if not server:
            raise click.UsageError("Missing option '--server'.")
        target = _target(server, token or click.prompt("Token", hide_input=True), domain, repository, scope)
        plan = plan_of(target, Path.home(), os.environ)
        if dry_run:
            _show(plan, target)
            return
        _check(target, client)
        _write(client, plan)
        if plan.note:
            click.echo(plan.note)
        if target.is_plain:
            click.echo("The token travels unencrypted to this server: use https where others can listen.", err=True)
        click.echo(f"Now: {plan.then}. To take this back: lockgate login {client} --undo")


for _name, (_help, _plan) in _CLIENTS.items():
    _add(_name, _help, _plan)


def write_private(path: Path, text: str) -> None:
    """Replaces a file at once, readable for its owner only: it holds a token. A symbolic link stays one."""
    real = path.resolve()
    real.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    beside = real.with_name(f".{real.name}-{secrets.token_hex(4)}")
    fd = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(fd, "w", encoding="utf-8") as out:
            out.write(text)
        beside.rename(real)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise


def _write(client: str, plan: Plan) -> None:
    """Writes the files, and first what they were, so that a login that breaks off can be taken back too."""
    path = login_undo.memory(Path.home(), os.environ, client)
    changes = [(edit.path, _text(edit.path), edit.text) for edit in plan.edits]
    write_private(path, login_undo.remember(_text(path) or "", changes))
    for edit in plan.edits:
        write_private(edit.path, edit.text)
        click.echo(f"wrote {edit.path}")


def _undo(client: str, *, dry_run: bool) -> None:
    path = login_undo.memory(Path.home(), os.environ, client)
    kept = _text(path)
    if kept is None:
        raise NothingToUndo(client=client, path=path)
    names = [Path(name) for name in json.loads(kept)]
    for one in login_undo.restored(kept, {name: _text(name) for name in names}):
        verb = "remove" if one.text is None else "restore"
        if dry_run:
            click.echo(f"would {verb} {one.path}")
            continue
        if one.text is None:
            one.path.unlink()
        else:
            write_private(one.path, one.text)
        click.echo(f"{verb}d {one.path}")
        if not one.is_whole:
            click.echo(f"Some of what the login wrote into {one.path} was changed since; look for {login_files.NAME} there.", err=True)
    if not dry_run:
        path.unlink()


def _text(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None


def _target(server: str, token: str, domain: str, repository: str, scope: str) -> Target:
    parts = urlsplit(server)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username:
        raise Malformed(where="--server", why="write it as http://HOST:PORT or https://HOST")
    if not token or any(c.isspace() or c in "\"'\\" for c in token):
        raise Malformed(where="--token", why="is empty or holds spaces or quotes")
    if scope and not scope.startswith("@"):
        scope = f"@{scope}"
    return Target(server.rstrip("/"), token, domain, repository, scope)


def _check(target: Target, client: str) -> None:
    """Asks the server, so that a mistyped token is found now and not in the middle of a build."""
    path = "/api/v1/repositories" if client == "git" else f"/api/v1/registry/{target.domain}/{target.repository}"
    request = urllib.request.Request(target.server + path, headers={"Authorization": f"Bearer {target.token}"})
    try:
        with urllib.request.urlopen(request, timeout=CHECK_SECONDS_MAX):
            return
    except urllib.error.HTTPError as error:
        with error:
            raise LoginRefused(server=target.server, status=error.code, why=error.reason) from None
    except OSError as error:
        raise Unavailable(what=target.server, why=str(getattr(error, "reason", error))) from None


def _show(plan: Plan, target: Target) -> None:
    for edit in plan.edits:
        # Only what is new: the file may hold other credentials.
        old = edit.path.read_text(encoding="utf-8").splitlines() if edit.path.exists() else []
        added = [line[2:] for line in difflib.ndiff(old, edit.text.splitlines()) if line.startswith("+ ")]
        click.echo(f"would write into {edit.path}:" if added else f"would leave {edit.path} as it is")
        for line in added:
            click.echo(f"    {line.replace(target.token, 'TOKEN')}")
    if plan.note:
        click.echo(plan.note)
    click.echo(f"Then: {plan.then}")
