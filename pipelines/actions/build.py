"""Builds the commit from its buildspec, in isolation."""

from pathlib import Path
from typing import ClassVar, Literal

from pydantic import Field
from sqlalchemy.orm import Session

from pipelines import isolated
from pipelines.actions.kind import Configuration, Examples, Kind, Standing, Task, Work, Worked
from pipelines.builds.request import PRIMARY, BuildResult

NETWORKS = ("none", "registry", "full")
"""From the narrowest to the widest."""


class BuildConfiguration(Configuration):
    """How it is built."""

    spec: str = Field(default="buildspec.yml", min_length=1, max_length=500)
    network: Literal["none", "registry", "full"] = "registry"
    executor: Literal["bubblewrap", "process"] = "bubblewrap"
    environment: dict[str, str] = Field(default_factory=dict, max_length=100)
    memory_mib: int = Field(default=2048, ge=64, le=1024 * 1024)
    disk_mib: int = Field(default=4096, ge=64, le=1024 * 1024)
    processes: int = Field(default=512, ge=16, le=32768)


class Build(Kind):
    """Runs the buildspec of the commit, or the standard front end when it has none."""

    word = "build"
    icon = "⚙"
    Configuration = BuildConfiguration
    in_worker = True
    has_attempts = True
    minutes = 60
    inputs = (0, 20)
    outputs = (0, 20)
    valid: ClassVar[Examples] = [
        {},
        {"outputs": ["build", "bundle"]},
        {"configuration": {"network": "none", "environment": {"MODE": "release"}}, "timeout_minutes": 5},
    ]
    invalid: ClassVar[Examples] = [{"configuration": {"network": "internet"}}, {"configuration": {"comands": ["make"]}}]

    def begin(self, session: Session, task: Task) -> Standing:
        """Refuses a wider network than the pipeline's editors allowed, before any worker is taken."""
        allowed = task.pipeline.network_max
        if NETWORKS.index(task.configuration.network) > NETWORKS.index(allowed):
            return Standing(
                "failed",
                f"the build asks for network {task.configuration.network}, this pipeline allows {allowed} at most",
            )
        return super().begin(session, task)

    def work(self, work: Work) -> Worked:
        """Exports the commit and runs the build; its artifacts become the outputs."""
        task, sources = work.task, work.site.sources
        if refused := isolated.refusal(work):
            return refused
        source = work.folder / "source"
        source.mkdir()
        sources.export(task.pipeline.repository, task.execution.commit, source)
        result = isolated.run(
            work,
            source,
            spec_text=sources.read(task.pipeline.repository, task.execution.commit, task.configuration.spec),
            spec_path=task.configuration.spec,
            network=task.configuration.network,
            environment={**_variables(task), **task.configuration.environment},
        )
        return isolated.unfinished(result) or _outcome(task.action.outputs, result)


def _variables(task: Task) -> dict[str, str]:
    ref = task.execution.ref
    return {
        **{str(k): str(v) for k, v in task.execution.variables.items()},
        "LOCKGATE_PIPELINE": task.pipeline.name,
        "LOCKGATE_EXECUTION_ID": str(task.execution.id),
        "LOCKGATE_BRANCH": ref.removeprefix("refs/heads/") if ref.startswith("refs/heads/") else "",
        "LOCKGATE_REPOSITORY": task.pipeline.repository,
    }


def _outcome(outputs: list[str], result: BuildResult) -> Worked:
    phases = isolated.phases(result)
    artifacts: dict[str, Path] = {}
    unnamed = [name for name in outputs if name not in result.artifacts]
    for name in outputs:
        if name in result.artifacts:
            artifacts[name] = result.artifacts[name]
        elif name == unnamed[0] and PRIMARY in result.artifacts:
            artifacts[name] = result.artifacts[PRIMARY]
        else:
            made = ", ".join(sorted(set(result.artifacts) - {PRIMARY})) or "no secondary artifacts"
            return Worked("failed", f"the build made no artifact {name}: the buildspec has {made}", phases=phases)
    return Worked("passed", "", artifacts, result.exported, phases)
