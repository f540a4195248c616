"""`lockgate admin`: accounts, tokens and policies, straight on the database; the service may be running."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

import click
from sqlalchemy import select

from service.kernel import audit, auth, clock
from service.kernel.auth import Account, Token
from service.kernel.errors import Malformed
from service.kernel.site import Settings, Site


class _Admin(click.Group):
    """Loads `rules` when it is called: the analysers are half a second of a start."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names in alphabetical order, as click lists them."""
        return sorted([*super().list_commands(ctx), "rules"])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Imports what is not here."""
        if cmd_name != "rules":
            return super().get_command(ctx, cmd_name)
        command: click.Command = import_module("service.cli.admin_rules").rules
        return command


@click.group(cls=_Admin)
@click.option("--data", type=click.Path(path_type=Path, exists=True, file_okay=False), default=Path(".lockgate"), show_default=True)
@click.option("--database-url", default="", envvar="LOCKGATE_DATABASE_URL")
@click.pass_context
def admin(context: click.Context, data: Path, database_url: str) -> None:
    """Administration of the service in a data folder."""
    context.obj = Settings(data=data.resolve(), database_url=database_url)


@admin.group()
def user() -> None:
    """Accounts."""


@user.command("add")
@click.argument("name")
@click.option("--policy", "policy_file", type=click.File(), help="JSON list of statements; without it the account may do nothing")
@click.pass_obj
def add_user(settings: Settings, name: str, policy_file: Any) -> None:
    """Adds an account."""
    policy = _statements(policy_file) if policy_file else []
    with open_data(settings) as site, site.db.write() as session:
        auth.create_account(session, name, policy)
        audit.record(session, "command line", "admin:CreateAccount", f"admin/accounts/{name}", policy=policy)
    click.echo(f"added account {name}")


@user.command("list")
@click.pass_obj
def list_users(settings: Settings) -> None:
    """Lists accounts."""
    with open_data(settings) as site, site.db.read() as session:
        for account in session.scalars(select(Account).order_by(Account.name)):
            click.echo(f"{account.name}\t{'disabled' if account.disabled_at else 'enabled'}\t{json.dumps(account.policy)}")


@admin.command()
@click.argument("name")
@click.argument("policy_file", type=click.File())
@click.pass_obj
def policy(settings: Settings, name: str, policy_file: Any) -> None:
    """Replaces an account's policy by the JSON list of statements in a file."""
    from service.kernel.policy import compile_policy  # beside its only use

    statements = _statements(policy_file)
    compile_policy(statements)
    with open_data(settings) as site, site.db.write() as session:
        auth.account_named(session, name).policy = statements
        audit.record(session, "command line", "admin:SetPolicy", f"admin/accounts/{name}", policy=statements)
    click.echo(f"policy of {name} replaced")


@admin.group()
def token() -> None:
    """Tokens."""


@token.command("issue")
@click.argument("name")
@click.option("--label", default="command line", show_default=True)
@click.option("--hours", type=click.IntRange(1), help="lifetime; without it the token lives until it is revoked")
@click.option("--scope", "scope_file", type=click.File(), help="JSON list of statements that narrows the token")
@click.pass_obj
def issue(settings: Settings, name: str, label: str, hours: int | None, scope_file: Any) -> None:
    """Prints a new token of an account; it is shown this once."""
    with open_data(settings) as site, site.db.write() as session:
        account = auth.account_named(session, name)
        lifetime = timedelta(hours=hours) if hours else None
        secret, row = auth.issue_token(session, account, label, scope=_statements(scope_file) if scope_file else None, lifetime=lifetime)
        audit.record(session, "command line", "admin:IssueToken", f"admin/accounts/{name}", token=row.id)
    click.echo(secret)


@token.command("list")
@click.pass_obj
def list_tokens(settings: Settings) -> None:
    """Lists tokens by number, without their secrets."""
    with open_data(settings) as site, site.db.read() as session:
        rows = session.execute(select(Token, Account.name).join(Account, Account.id == Token.account_id).order_by(Token.id))
        for row, name in rows:
            state = "revoked" if row.revoked_at else f"until {row.expires_at:%Y-%m-%d %H:%M}Z" if row.expires_at else "no expiry"
            click.echo(f"{row.id}\t{name}\t…{row.last_four}\t{state}\t{row.label}")


@token.command("revoke")
@click.argument("number", type=int)
@click.pass_obj
def revoke(settings: Settings, number: int) -> None:
    """Ends a token now."""
    with open_data(settings) as site, site.db.write() as session:
        auth.revoke_token(session, number)
        audit.record(session, "command line", "admin:RevokeToken", "admin/tokens", token=number)
    click.echo(f"token {number} revoked")


@admin.command()
@click.option("--dry-run", is_flag=True, help="say what would be freed, and free nothing")
@click.option("--grace-hours", type=click.IntRange(0), default=24, show_default=True, help="blobs younger than this are left alone")
@click.option("--blob-url", default="", envvar="LOCKGATE_BLOB_URL", help="where blobs are, if not in the data folder")
@click.pass_obj
def gc(settings: Settings, dry_run: bool, grace_hours: int, blob_url: str) -> None:
    """Frees the bytes that nothing refers to any more: files of deleted and disposed package versions first of all."""
    from service import garbage  # loads every room, to know every table; the other commands do without

    with open_data(replace(settings, blob_url=blob_url)) as site:
        freed = garbage.collect(site, before=clock.now() - timedelta(hours=grace_hours), dry_run=dry_run)
    verb = "would free" if dry_run else "freed"
    kept = f"kept {freed.kept} that are in use and {freed.young} younger than {grace_hours} h"
    click.echo(f"{verb} {freed.bytes} bytes in {freed.blobs} blobs; {kept}")


@contextmanager
def open_data(settings: Settings) -> Iterator[Site]:
    """The site of a data folder, for commands that work straight on it."""
    from service.start import open_site  # the database layer is not needed for --help

    if not settings.database_url and not (settings.data / "lockgate.sqlite").exists():
        raise click.ClickException(f"{settings.data} holds no Lockgate; name its data folder with --data")
    site = open_site(settings)
    try:
        yield site
    finally:
        site.db.close()


def _statements(file: Any) -> Any:
    """The JSON of a policy file. Raises Malformed."""
    try:
        return json.load(file)
    except ValueError as error:
        raise Malformed(where=file.name, why=f"not JSON: {error}") from None
