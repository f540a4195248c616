"""`lockgate registry advisories`: the vulnerability data behind `npm audit` and the Python index's JSON."""

from pathlib import Path

import click
from rich.console import Console
from rich.progress import Progress

from registry.advisories import store
from service.cli.admin import open_data
from service.kernel.site import Settings


@click.group()
@click.option("--data", type=click.Path(path_type=Path, exists=True, file_okay=False), default=Path(".lockgate"), show_default=True)
@click.option("--database-url", default="", envvar="LOCKGATE_DATABASE_URL")
@click.pass_context
def advisories(context: click.Context, data: Path, database_url: str) -> None:
    """Known vulnerabilities, from OSV records (osv.dev exports them as a zip archive for each ecosystem)."""
    context.obj = Settings(data=data.resolve(), database_url=database_url)


@advisories.command("import")
@click.argument("path", type=click.Path(path_type=Path, exists=True))
@click.pass_obj
def load(settings: Settings, path: Path) -> None:
    """Imports OSV records of npm and PyPI: a JSON file, a folder of them, or a zip archive. Newer ones replace older ones."""
    with open_data(settings) as site, Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("importing", total=None)
        counts = store.load(site, path, "command line", lambda done: progress.update(task, completed=done))
    if not counts:
        click.echo("no record concerns npm or PyPI; nothing was imported", err=True)
    for name, count in sorted(counts.items()):
        click.echo(f"{name}\t{count} packages affected")


@advisories.command("status")
@click.pass_obj
def status(settings: Settings) -> None:
    """Tells what was imported, and when."""
    with open_data(settings) as site:
        rows = store.summary(site)
    if not rows:
        click.echo("nothing was imported: audits answer with an error that says so")
    for name, at, count in rows:
        click.echo(f"{name}\t{count} entries\timported {at}")
