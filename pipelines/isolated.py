"""An attempt's work in the isolation of a build: what the task allows becomes a request, what came of it the attempt's end."""

from collections.abc import Mapping
from pathlib import Path

from pipelines.actions.kind import Task, Work, Worked
from pipelines.builds.request import MIB, BuildRequest, BuildResult, Limits, Network, RegistryAccess
from pipelines.builds.runner import run_build


def refusal(work: Work) -> Worked | None:
    """Why the executor that the task names may not be used on this server, or None."""
    if work.task.configuration.executor != "process" or work.site.settings.allow_process_executor:
        return None
    return Worked(
        "failed",
        "running without isolation is not allowed on this server; an administrator would have to start it with --allow-process-executor",
    )


def run(
    work: Work, source: Path, *, spec_text: bytes | None, spec_path: str, network: Network, environment: Mapping[str, str] | None = None
) -> BuildResult:
    """Runs the buildspec over `source`, which it takes, within the task's limits and with the attempt's own token."""
    task = work.task
    pipeline = task.pipeline
    request = BuildRequest(
        name=task.label,
        source=source,
        work=work.build_folder,
        spec_text=spec_text,
        spec_path=spec_path,
        environment=dict(environment or {}),
        network=network,
        limits=_limits(task),
        executor=task.configuration.executor,
        registry=RegistryAccess(work.site.settings.base_url, pipeline.domain, pipeline.package_repository, work.token),
        inputs=work.inputs,
        started_by=f"lockgate/{pipeline.name}",
        source_version=task.execution.commit,
        build_number=task.execution.id,
        move_source=True,
    )
    return run_build(request, log=work.log, should_stop=work.should_stop)


def phases(result: BuildResult) -> tuple[tuple[str, str, float], ...]:
    """Name, state and seconds of each phase, as an attempt keeps them."""
    return tuple((phase.name, phase.state, phase.seconds) for phase in result.phases)


def unfinished(result: BuildResult) -> Worked | None:
    """The end of an attempt whose build did not pass, or None."""
    if result.state == "passed":
        return None
    return Worked("stopped" if result.state == "stopped" else "failed", result.reason, phases=phases(result))


def _limits(task: Task) -> Limits:
    return Limits(
        seconds_max=task.action.timeout_minutes * 60,
        memory_bytes_max=task.configuration.memory_mib * MIB,
        processes_max=task.configuration.processes,
        disk_bytes_max=task.configuration.disk_mib * MIB,
    )
