"""`lockgate admin rules`: rules that every review of the service runs beside its own."""

import tempfile
from pathlib import Path

import click

from analyzers import rule_examples
from analyzers.rule import message_of, name_of
from analyzers.rule_folder import load
from analyzers.visitors import USERS
from service.kernel.site import Settings
from service.reviews import installed_rules


@click.group()
def rules() -> None:
    """Rules of yours for every review: files as `lockgate review --rules` takes them. They are code and run on the server."""


@rules.command("list")
@click.pass_obj
def list_rules(settings: Settings) -> None:
    """Lists installed rules, with the file that holds each."""
    place = installed_rules.folder(settings.data)
    for rule in load(place).rules if place.is_dir() else ():
        click.echo(f"{rule.__module__.removeprefix(USERS)}.py\t{name_of(rule)}\t{rule.severity}\t{message_of(rule)}")


@rules.command("install")
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.pass_obj
def install(settings: Settings, paths: tuple[Path, ...]) -> None:
    """Installs files with rules once their own examples hold; one of the same name is replaced. The next review runs them."""
    for path in paths:
        _check(path)
    place = installed_rules.folder(settings.data)
    place.mkdir(mode=0o700, exist_ok=True)
    for path in paths:
        fresh = place / f".{path.name}.new"
        fresh.write_bytes(path.read_bytes())
        fresh.replace(place / path.name)
        click.echo(f"installed {path.name}")


@rules.command("remove")
@click.argument("name")
@click.pass_obj
def remove(settings: Settings, name: str) -> None:
    """Removes an installed file, such as no_print.py."""
    for path in installed_rules.files(settings.data):
        if path.name == name:
            path.unlink()
            click.echo(f"removed {name}")
            return
    raise click.ClickException(f"no file of installed rules is called {name}; see `lockgate admin rules list`")


def _check(path: Path) -> None:
    if path.suffix != ".py":
        raise click.ClickException(f"{path} is no Python file")
    if path.stat().st_size > installed_rules.FILE_BYTES_MAX:
        raise click.ClickException(f"{path} is larger than {installed_rules.FILE_BYTES_MAX:,} bytes")
    with tempfile.TemporaryDirectory() as alone:
        (Path(alone) / path.name).write_bytes(path.read_bytes())
        try:
            loaded = load(Path(alone))
        except Exception as error:  # noqa: BLE001  whatever the administrator's own code raises is told
            raise click.ClickException(f"{path} cannot be loaded: {type(error).__name__}: {error}") from None
        wrong = [f"{path}:{one.line}: {one.message}" for one in loaded.told]
    wrong += [f"{path}: {one}" for one in (rule_examples.broken(loaded.rules) if loaded.rules else ["there is no rule in it"])]
    if wrong:
        raise click.ClickException("\n".join(wrong))
