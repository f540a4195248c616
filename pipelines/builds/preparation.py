"""From a request to a folder that can be run: the buildspec read, the workspace filled, the scripts written."""

import shutil
import sys
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

from pipelines.builds import buildspec, environment, executors, forwarder, scripts, toolchain, workspace
from pipelines.builds.buildspec import PHASES, LoadedSpec, Phase
from pipelines.builds.default_spec import default_spec
from pipelines.builds.executors.executor import Executor, ExecutorUnusable, Launch
from pipelines.builds.isolation import identity_files
from pipelines.builds.request import PRIMARY, BuildRequest
from pipelines.builds.scripts import Places

DEFAULT_SPEC_PATH = "the default buildspec"


@dataclass(frozen=True)
class Prepared:
    """A build that is ready to start. `commands` holds the command texts of each script by its name."""

    loaded: LoadedSpec
    executor: Executor
    launch: Launch
    commands: dict[str, list[str]]
    has_names: bool


def read_spec(request: BuildRequest) -> tuple[LoadedSpec, bytes]:
    """The buildspec of the request, or the default for its kind of project, and its text. Raises BadBuildspec."""
    if request.spec_text is not None:
        return buildspec.load(request.spec_text, request.spec_path), request.spec_text
    text = default_spec(request.source)
    return buildspec.load(text, DEFAULT_SPEC_PATH), text


def usable(request: BuildRequest) -> Executor:
    """The executor of the request. Raises ExecutorUnusable."""
    executor = executors.find(request.executor)
    if request.network == "registry" and request.registry is None:
        raise ExecutorUnusable(
            executor=request.executor,
            why="the network policy registry needs a package repository and none was given",
            todo="Name a package repository, or choose the network policy none or full.",
        )
    executor.check(request.network)
    return executor


def prepare(request: BuildRequest, loaded: LoadedSpec, executor: Executor, nonce: str, started_at: datetime) -> Prepared:
    """Fills the work folder. Raises BadBuildspec, WorkspaceBusy, BadInput and OSError."""
    tools = toolchain.find()
    places = executor.places(workspace.Workspace(request.work))
    room = workspace.make(request, tools, places)
    base = _base(executor, tools, places, request)
    variables = environment.compose(request, loaded, places, base, started_at)
    for name, text in ((".npmrc", environment.npmrc(request)), (".netrc", environment.netrc(request))):
        file = room.volume / "home" / name
        file.touch(0o600)
        file.write_text(text)
    commands = _write_scripts(request, loaded, room.control, places, nonce, executor)
    (room.control / scripts.ENVIRONMENT).write_text(scripts.environment_script(variables))
    if owner := executor.owner():
        workspace.give(room, *owner)
    artifacts = loaded.spec.artifacts
    has_names = bool(loaded.spec.env.exported_variables or (artifacts and _names(loaded)))
    return Prepared(loaded, executor, Launch(room, tools, request.network, request.limits), commands, has_names)


def phases(loaded: LoadedSpec) -> list[tuple[str, Phase]]:
    """The phases that the buildspec has, in order."""
    found = [(name, getattr(loaded.spec.phases, name)) for name in PHASES]
    return [(name, phase) for name, phase in found if phase and (phase.commands or phase.finally_)]


def _base(executor: Executor, tools: toolchain.Toolchain, places: Places, request: BuildRequest) -> dict[str, str]:
    home = f"{places.volume}/home"
    variables = {
        "PATH": executor.path(tools, places),
        "HOME": home,
        "USER": "build",
        "LOGNAME": "build",
        "SHELL": "/bin/sh",
        "LANG": "C.UTF-8",
        "TERM": "dumb",
        "TMPDIR": places.temporary,
        "CI": "true",
        "VIRTUAL_ENV": f"{places.volume}/venv",
        "PYTHONUNBUFFERED": "1",
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PIP_NO_INPUT": "1",
        "PIP_PROGRESS_BAR": "off",
        "TWINE_NON_INTERACTIVE": "1",
        "NPM_CONFIG_PREFIX": f"{home}/.npm-global",
        "NPM_CONFIG_AUDIT": "false",
        "NPM_CONFIG_FUND": "false",
        "NPM_CONFIG_UPDATE_NOTIFIER": "false",
        "LOCKGATE_TOOLS_PYTHON": str(tools.service_python),
    }
    if request.network == "none":
        # Without a network, retries only make the same failure slow.
        variables |= {"PIP_NO_INDEX": "1", "NPM_CONFIG_OFFLINE": "true"}
    return variables


def _write_scripts(
    request: BuildRequest, loaded: LoadedSpec, control: Path, places: Places, nonce: str, executor: Executor
) -> dict[str, list[str]]:
    commands: dict[str, list[str]] = {}
    for name, phase in phases(loaded):
        for kind, texts in (("", phase.commands), ("-finally", phase.finally_)):
            if texts:
                script = f"{name}{kind}.sh"
                files = [f"{name}{kind}-{number}.command" for number in range(len(texts))]
                for file, text in zip(files, texts, strict=True):
                    (control / file).write_text(text + "\n")
                (control / script).write_text(scripts.phase_script(places, nonce, files))
                commands[script] = texts
    finish = scripts.finish_script(places, nonce, loaded.spec.env.exported_variables, _names(loaded))
    (control / scripts.FINISH).write_text(finish)
    start = _start(request, control, places)
    processes = request.limits.processes_max if executor.isolated else 0
    (control / scripts.DRIVER).write_text(scripts.driver(places, nonce, processes_max=processes, start=start))
    etc = control / "etc"
    etc.mkdir()
    for name, text in identity_files().items():
        (etc / name).write_text(text)
    return commands


def _start(request: BuildRequest, control: Path, places: Places) -> str:
    """The command that opens the way to the registry inside the build, or "" when there is none to open."""
    if request.network != "registry" or request.registry is None:
        return ""
    shutil.copyfile(Path(forwarder.__file__), control / "forwarder.py")
    port = environment.forward_port(request.registry.base_url)
    assert urlsplit(request.registry.base_url).scheme in ("http", "https")
    python = toolchain.find().python
    return f"'{python}' -I -S '{places.control}/forwarder.py' {port} '{places.control}/relay.sock'"


def _names(loaded: LoadedSpec) -> dict[str, str]:
    """The shell expressions of artifact names by artifact."""
    artifacts = loaded.spec.artifacts
    if artifacts is None:
        return {}
    named = {PRIMARY: artifacts.name, **{key: one.name for key, one in artifacts.secondary_artifacts.items()}}
    return {key: name for key, name in named.items() if name}


def describe(request: BuildRequest) -> str:
    """One line of what the build runs in."""
    limits = request.limits
    return (
        f"executor {request.executor}, network {request.network}, Python {sys.version.split()[0]}; "
        f"at most {limits.seconds_max:g} s, {limits.memory_bytes_max >> 20} MiB memory, "
        f"{limits.processes_max} processes, {limits.disk_bytes_max >> 20} MiB disk"
    )
