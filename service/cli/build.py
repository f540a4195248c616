"""`lockgate build`: runs a project's buildspec on this machine with the service's own executor, without a server."""

import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any

import click

from pipelines.builds import executors
from pipelines.builds.buildspec import PHASES
from pipelines.builds.request import MIB, BuildRequest, BuildResult, Limits, Network, RegistryAccess
from pipelines.builds.runner import run_build

READ_SECONDS = 0.05
SPEC_NAMES = ("buildspec.yml", "buildspec.yaml")
_MARKS: dict[str, dict[str, Any]] = {
    "phase": {"bold": True},
    "end": {"bold": True},
    "command": {"fg": "cyan"},
    "more": {"fg": "cyan"},
    "warning": {"fg": "yellow"},
    "error": {"fg": "red"},
}


@click.command()
@click.argument("path", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--spec", type=click.Path(path_type=Path, exists=True, dir_okay=False), help="A buildspec elsewhere.")
@click.option("--network", type=click.Choice(["none", "registry", "full"]), help="Default: registry if --server, else none.")
@click.option("--executor", type=click.Choice(executors.names()), default="bubblewrap", show_default=True)
@click.option("--server", envvar="LOCKGATE_URL", default="", help="A Lockgate with packages for the build.")
@click.option("--token", envvar="LOCKGATE_TOKEN", default="", help="Its token; better given as LOCKGATE_TOKEN.")
@click.option("--repository", default="default/main", show_default=True, help="DOMAIN/REPOSITORY of packages.")
@click.option("--env", "variables", multiple=True, metavar="NAME=VALUE", help="A variable for the build.")
@click.option("--output", type=click.Path(path_type=Path, file_okay=False), help="Folder to put the artifacts in.")
@click.option("--minutes", type=click.FloatRange(0, min_open=True), default=60, show_default=True, help="Time limit.")
@click.option("--memory", type=click.IntRange(min=16), default=2048, show_default=True, help="Memory limit in MiB.")
@click.option("--disk", type=click.IntRange(min=16), default=4096, show_default=True, help="Disk limit in MiB.")
def build(
    path: Path, spec: Path | None, network: Network | None, executor: str, server: str, token: str, repository: str,
    variables: tuple[str, ...], output: Path | None, minutes: float, memory: int, disk: int,
) -> None:  # fmt: skip
    """Run the buildspec of the project in PATH, or the default for its kind.

    In a git tree, files that git ignores are left out. Exit code 0: passed, 1: failed, 2: could not be run.
    """
    limits = Limits(seconds_max=minutes * 60, memory_bytes_max=memory * MIB, disk_bytes_max=disk * MIB)
    registry = _registry(server, token, repository) if server else None
    chosen: Network = network or ("registry" if registry else "none")
    if network is None and registry is None:
        click.secho("network: none, since no --server is given; --network full opens it", fg="yellow", err=True)
    spec_text, spec_name = _spec(path, spec)
    with tempfile.TemporaryDirectory(prefix="lockgate-build-") as folder:
        request = BuildRequest(
            name=path.resolve().name,
            source=_source(path, Path(folder) / "source"),
            work=Path(folder) / "work",
            spec_text=spec_text,
            spec_path=spec_name,
            environment=_variables(variables),
            network=chosen,
            limits=limits,
            executor=executor,
            registry=registry,
            started_by="command line",
            move_source=True,
        )
        result = _run(request, Path(folder) / "log")
        _summary(result)
        if output and result.artifacts:
            output.mkdir(parents=True, exist_ok=True)
            for name, archive in result.artifacts.items():
                click.echo(f"wrote {shutil.move(archive, output / f'{name}.tar.gz')}")
    sys.exit(0 if result.state == "passed" else 2 if result.cause in ("spec", "executor") else 1)


def _run(request: BuildRequest, log: Path) -> BuildResult:
    """Runs the build while a thread shows its log. Ctrl-C stops the build in order."""
    stopped, ended = threading.Event(), threading.Event()
    before = {number: signal.signal(number, lambda *_: stopped.set()) for number in (signal.SIGINT, signal.SIGTERM)}
    shown = threading.Thread(target=_follow, args=(log, ended))
    shown.start()
    try:
        return run_build(request, log=log, should_stop=stopped.is_set)
    finally:
        ended.set()
        shown.join()
        for number, handler in before.items():
            signal.signal(number, handler)


def _follow(log: Path, ended: threading.Event) -> None:
    """Shows the log line by line while it grows."""
    pending = b""
    place = 0
    while True:
        last = ended.is_set()
        if log.exists():
            with log.open("rb") as file:
                file.seek(place)
                data = file.read()
            place += len(data)
            *lines, pending = (pending + data).split(b"\n")
            for line in lines:
                _show(line.decode("utf-8", "replace"))
        if last:
            if pending:
                _show(pending.decode("utf-8", "replace"))
            return
        ended.wait(READ_SECONDS)


def _show(line: str) -> None:
    kind = line.removeprefix("##[").partition("]")[0].partition(" ")[0] if line.startswith("##[") else ""
    click.secho(line, **_MARKS.get(kind, {"dim": True} if kind else {}))


def _summary(result: BuildResult) -> None:
    phases = {phase.name: phase for phase in result.phases}
    for name in PHASES:
        if name in phases:
            click.echo(f"  {name:<11} {phases[name].state:<8} {phases[name].seconds:.1f} s")
    for variable, value in result.exported.items():
        click.echo(f"  exported {variable}={value}")
    colour = "green" if result.state == "passed" else "red"
    click.secho(f"build {result.state}" + (f": {result.reason}" if result.reason else ""), fg=colour, bold=True)


def _source(path: Path, folder: Path) -> Path:
    """A copy of the project as it would be pushed: in a git tree without what git ignores, else whole."""
    listed = subprocess.run(
        ["git", "-C", str(path), "ls-files", "-z", "--cached", "--others", "--exclude-standard"], capture_output=True
    )
    if listed.returncode:
        return Path(shutil.copytree(path, folder, symlinks=True))
    folder.mkdir()
    for name in filter(None, listed.stdout.decode("utf-8", "surrogateescape").split("\0")):
        source, target = path / name, folder / name
        if not source.is_symlink() and not source.is_file():
            continue  # deleted but not yet committed, or a submodule
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source, target, follow_symlinks=False)
    return folder


def _spec(path: Path, spec: Path | None) -> tuple[bytes | None, str]:
    if spec:
        return spec.read_bytes(), str(spec)
    for name in SPEC_NAMES:
        if (path / name).is_file():
            return (path / name).read_bytes(), name
    return None, SPEC_NAMES[0]


def _registry(server: str, token: str, repository: str) -> RegistryAccess:
    domain, slash, name = repository.partition("/")
    if not (domain and slash and name):
        raise click.BadParameter("say DOMAIN/REPOSITORY", param_hint="--repository")
    if not server.startswith(("http://", "https://")):
        raise click.BadParameter("say http://HOST:PORT or https://HOST", param_hint="--server")
    return RegistryAccess(server.rstrip("/"), domain, name, token)


def _variables(pairs: tuple[str, ...]) -> dict[str, str]:
    split = [pair.partition("=") for pair in pairs]
    for name, equals, _value in split:
        if not equals or not name.isidentifier():
            raise click.BadParameter("say NAME=VALUE", param_hint="--env")
    return {name: value for name, _equals, value in split}
