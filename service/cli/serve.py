"""`lockgate serve`."""

import gc
import sys
from pathlib import Path

import click

from service.kernel.site import Settings

ROLES = ("all", "web", "worker", "git", "ssh")


@click.command()
@click.option("--data", type=click.Path(path_type=Path), default=Path(".lockgate"), show_default=True, help="data folder")
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8642, show_default=True, type=click.IntRange(1, 65535))
@click.option("--database-url", default="", envvar="LOCKGATE_DATABASE_URL", help="postgresql://…; SQLite in the data folder by default")
@click.option("--blob-url", default="", envvar="LOCKGATE_BLOB_URL", help="s3://bucket/prefix; files in the data folder by default")
@click.option("--public-url", default="", help="how clients reach this service, if not by host and port")
@click.option("--role", type=click.Choice(ROLES), default="all", show_default=True)
@click.option("--web-workers", default=2, show_default=True, type=click.IntRange(1, 64))
@click.option("--build-slots", default=2, show_default=True, type=click.IntRange(1, 256), help="builds at the same time")
@click.option("--allow-process-executor", is_flag=True, help="let trusted repositories build without isolation")
@click.option(
    "--allow-repository-rules", "repository_rules", multiple=True, metavar="GLOB",
    help="let git repositories of these names bring review rules, which run isolated as builds do",
)  # fmt: skip
@click.option("--trusted-proxy", "trusted_proxies", multiple=True, help="address of a proxy whose X-Forwarded-* is believed")
def serve(data: Path, role: str, **options: object) -> None:
    """Run the service until Ctrl-C or SIGTERM."""
    # A start allocates and frees nothing in circles: without collections it takes a fifth less. Each process switches them on.
    gc.disable()
    from service import serve as supervisor  # the whole application

    if role == "ssh":
        raise click.ClickException("the ssh role is not part of this version; use git over HTTP")
    settings = Settings(data=data.resolve(), **options)  # type: ignore[arg-type]
    sys.exit(supervisor.serve(settings, role))
