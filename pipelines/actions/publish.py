"""Publishes what a build made to the pipeline's package repository, with the real twine and npm."""

import json
from pathlib import Path
from typing import ClassVar

from pydantic import Field
from sqlalchemy.orm import Session

from pipelines import isolated
from pipelines.actions.guest import publish_files
from pipelines.actions.kind import Configuration, Examples, Kind, Standing, Task, Work, Worked

_SPEC = b"version: 0.2\nphases:\n  build:\n    commands:\n      - python3 publish_files.py\n"


class PublishConfiguration(Configuration):
    """What is published, and within which limits."""

    files: list[str] = Field(default=["**/*.whl", "**/*.tar.gz", "**/*.tgz"], min_length=1, max_length=100)
    executor: str = Field(default="bubblewrap", pattern="^(bubblewrap|process)$")
    memory_mib: int = Field(default=1024, ge=64)
    disk_mib: int = Field(default=4096, ge=64)
    processes: int = Field(default=256, ge=16)


class Publish(Kind):
    """Runs in the same isolation as a build. What is there already with the same content counts as published."""

    word = "publish"
    icon = "⬆"
    Configuration = PublishConfiguration
    in_worker = True
    has_attempts = True
    releases = True
    minutes = 15
    inputs = (1, 20)
    valid: ClassVar[Examples] = [
        {"inputs": ["build"]},
        {"inputs": ["build"], "configuration": {"files": ["dist/*.whl"]}},
    ]
    invalid: ClassVar[Examples] = [{}, {"inputs": ["build"], "configuration": {"files": []}}]

    def begin(self, session: Session, task: Task) -> Standing:
        """Publishing needs the way to the registry."""
        if task.pipeline.network_max == "none":
            return Standing("failed", "this pipeline allows its actions no network, so nothing can be published")
        return super().begin(session, task)

    def work(self, work: Work) -> Worked:
        """Hands the artifacts and a small program to the executor."""
        task = work.task
        if refused := isolated.refusal(work):
            return refused
        source = work.folder / "source"
        source.mkdir()
        (source / "publish_files.py").write_bytes(Path(publish_files.__file__).read_bytes())
        (source / "publish.json").write_text(
            json.dumps(
                {
                    "place": f"{task.pipeline.domain}/{task.pipeline.package_repository}",
                    "inputs": sorted(work.inputs),
                    "files": task.configuration.files,
                }
            )
        )
        result = isolated.run(work, source, spec_text=_SPEC, spec_path="publish", network="registry")
        return isolated.unfinished(result) or Worked("passed", phases=isolated.phases(result))
