"""`lockgate demo`."""

import signal
import sys
from pathlib import Path

import click


@click.command()
@click.option("--exit", "leave", is_flag=True, help="end when the story is told, leaving nothing running")
@click.option("--repo", type=click.Path(path_type=Path, exists=True, file_okay=False), help="a git repository of yours, not the sample")
@click.option("--data", type=click.Path(path_type=Path), default=Path(".lockgate/demo"), show_default=True, help="emptied first")
@click.option("--port", default=8642, show_default=True, type=click.IntRange(1, 65535), help="the next free one when it is in use")
def demo(leave: bool, repo: Path | None, data: Path, port: int) -> None:
    """Show the whole release path on a sample project, or review, build and publish a repository of yours."""
    from service.demo.play import play  # only this command needs it

    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    sys.exit(play(data.resolve(), port, leave=leave, repository=repo.resolve() if repo else None))
