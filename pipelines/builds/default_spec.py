"""The build of a project that has no buildspec: the standard front end of its language, nothing more."""

import json
import re
from pathlib import Path

from pipelines.builds.buildspec import BadBuildspec

PYTHON_COMMANDS = ("python3 -m pip install --quiet build", "python3 -m build --outdir dist")
PYTHON_FILES = ("dist/*.whl", "dist/*.tar.gz")
NPM_FILES = ("dist/*.tgz",)
NOTHING_TO_BUILD = "there is none, and no pyproject.toml, setup.py or package.json that would tell how to build this"


def default_spec(source: Path) -> bytes:
    """A buildspec for the project in `source`, as text that can be shown and kept.

    Raises BadBuildspec when the folder holds neither pyproject.toml, setup.py nor package.json.
    """
    install: list[str] = []
    build: list[str] = []
    files: list[str] = []
    if (source / "pyproject.toml").is_file() or (source / "setup.py").is_file():
        install.append(PYTHON_COMMANDS[0])
        build.append(PYTHON_COMMANDS[1])
        files += PYTHON_FILES
    if (source / "package.json").is_file():
        install += _npm_install(source)
        build += ["mkdir -p dist", "npm pack --pack-destination dist"]
        files += NPM_FILES
    if not build:
        raise BadBuildspec(
            where="buildspec.yml",
            why=NOTHING_TO_BUILD,
        )
    return _text(install, build, files)


def _npm_install(source: Path) -> list[str]:
    if (source / "package-lock.json").is_file() or (source / "npm-shrinkwrap.json").is_file():
        return ["npm ci"]
    try:
        described = json.loads((source / "package.json").read_bytes())
    except (ValueError, OSError):
        return []  # npm pack will say what is wrong with the file, in npm's own words
    has_any = isinstance(described, dict) and any(described.get(key) for key in ("dependencies", "devDependencies", "optionalDependencies"))
    return ["npm install"] if has_any else []


def _text(install: list[str], build: list[str], files: list[str]) -> bytes:
    lines = ["# The default for a project without a buildspec.yml", "version: 0.2", "phases:"]
    for name, commands in (("install", install), ("build", build)):
        if commands:
            lines += [f"  {name}:", "    commands:", *(f"      - {_plain(command)}" for command in commands)]
    lines += ["artifacts:", "  files:", *(f'    - "{pattern}"' for pattern in files)]
    return ("\n".join(lines) + "\n").encode()


def _plain(command: str) -> str:
    assert re.fullmatch(r"[\w ./-]+", command), command
    return command
