"""The story with a repository of the user's own: review, build, publish, install, as far as they apply."""

import json
import re
import urllib.parse
from pathlib import Path
from typing import Any

from service.demo.machine import Machine
from service.demo.scene import IDENTITY, Scene, python
from service.demo.show import NotAsTold
from service.kernel.errors import Problem

ENDED = ("passed", "failed", "blocked", "stopped", "superseded")
SHOWN = 5
PUBLISHED_BEFORE = b"cannot publish over the previously published versions"
FINISH_SECONDS_MAX = 900


class NotGit(Problem):
    """The folder is not a git work tree."""

    says = "{path} is not a git repository with a commit"
    todo = "Run `git init && git add -A && git commit` there first, or name another folder."


def tell(scene: Scene, repository: Path) -> None:
    """All steps. Raises NotAsTold where one comes out differently from what was announced."""
    show = scene.show
    commit = _head(scene.machine, repository)
    name = _name(repository)
    with show.step(1, f"{repository.name}: a git repository, a package repository and a pipeline"):
        _create(scene, name)
    with show.step(2, "A push, and what the review says"):
        pushed = _push(scene, repository, name, commit)
        _reviewed(scene, name, pushed)
    with show.step(3, "The build in isolation, and publishing"):
        _built(scene, name, pushed)
    with show.step(4, "Installing what was published"):
        _install(scene, name)


def pages(repository: Path) -> list[tuple[str, str]]:
    """What to open afterwards."""
    name = _name(repository)
    return [("/", "everything that goes on"), (f"/repositories/{name}", "the source"), ("/reviews", "the review"),
            (f"/pipelines/{name}", "the pipeline"), ("/packages", "the packages")]


def _name(repository: Path) -> str:
    return re.sub(r"[^a-z0-9._-]+", "-", repository.name.lower()).strip("-._") or "project"


def _head(machine: Machine, repository: Path) -> str:
    try:
        return machine.run(["git", "rev-parse", "--verify", "HEAD^{commit}"], cwd=repository, env=IDENTITY).strip()
    except NotAsTold:
        raise NotGit(path=repository) from None


def _create(scene: Scene, name: str) -> None:
    api = scene.api
    api.post("/repositories", {"name": name, "project": name})
    scene.package_repository = name
    api.post("/registry", {"domain": scene.domain, "name": name, "project": name, "upstreams": ["main"]})
    api.post("/pipelines", {"name": name, "project": name, "repository": name, "domain": scene.domain, "package_repository": name})
    scene.show.good(f"git repository, package repository and pipeline {name}")


def _push(scene: Scene, repository: Path, name: str, commit: str) -> str:
    """Pushes HEAD as main; a shallow clone, whose history ends in the middle, as one commit of the same tree."""
    run = scene.machine.run
    url = f"http://demo:{scene.api.token}@127.0.0.1:{scene.port}/git/{name}"
    config = ["git", "-c", "safe.directory=*"]
    if run([*config, "rev-parse", "--is-shallow-repository"], cwd=repository, env=IDENTITY).strip() == "true":
        scene.show.say("this clone is shallow, so its newest tree is pushed as one commit")
        snapshot = [*config, "commit-tree", f"{commit}^{{tree}}", "-m", f"Import {repository.name}"]
        commit = run(snapshot, cwd=repository, env=IDENTITY).strip()
    scene.show.command(f"git push …/git/{name} HEAD:main")
    run([*config, "push", "--quiet", url, f"{commit}:refs/heads/main"], cwd=repository, env=IDENTITY)
    return commit


def _reviewed(scene: Scene, name: str, commit: str) -> None:
    show = scene.show
    review = scene.review_of(name, commit)
    findings = review["findings"]
    show.good(f"{len(findings)} findings; the gate says {'yes' if review['verdict'] == 'passed' else 'no'}")
    for finding in findings[:SHOWN]:
        show.detail(f"{finding['severity']:8} {finding['path']}:{finding['line']} {finding['message']}")
    if len(findings) > SHOWN:
        show.detail(f"… and {len(findings) - SHOWN} more")
    for diagnostic in review.get("diagnostics", [])[:SHOWN]:
        show.detail(f"not read: {diagnostic['path']}: {diagnostic['message']}")
    if review["verdict"] != "passed":
        for reason in review["reasons"]:
            show.say(reason)
        show.say("these were there before Lockgate came, so they are waived with that reason; the waiver is on the audit trail")
        scene.api.post(f"/reviews/{review['id']}/waive", {"all": True, "reason": "there before the first review", "expires_days": 90})
        review = scene.api.get(f"/reviews/{review['id']}")
        show.check("the gate", "passed", review["verdict"])


def _built(scene: Scene, name: str, commit: str) -> None:
    execution = scene.execution_of(name, commit)
    execution = scene.follow(execution["id"], lambda e: e["state"] in ENDED, FINISH_SECONDS_MAX)
    if _is_out_already(scene, execution):
        scene.show.say("this very version is in the index that Lockgate passes on, so npm does not publish it again")
        return
    scene.show.check("the execution", "passed", execution["state"])


def _is_out_already(scene: Scene, execution: Any) -> bool:
    publish = next((a for s in execution["stages"] for a in s["actions"] if a["kind"] == "publish" and a["state"] == "failed"), None)
    ids = [attempt["id"] for attempt in publish["attempts"]] if publish else []
    return any(PUBLISHED_BEFORE in scene.api.request("GET", f"/attempts/{number}/log?from=0&wait=0") for number in ids)


def _install(scene: Scene, name: str) -> None:
    show = scene.show
    items = scene.api.get(f"/registry/{scene.domain}/{name}/packages")["items"]
    own = [(i["format"], i["name"]) for i in items if i["origins"]["publish"] == "ALLOW"]
    if not own:
        show.say("this project published no package, so there is nothing to install")
    for kind, package in own:
        if kind == "pypi":
            _pip(scene, package)
        elif kind == "npm":
            _npm(scene, package)


def _pip(scene: Scene, package: str) -> None:
    venv = scene.machine.folder / "venv"
    scene.machine.run([python(), "-m", "venv", str(venv)])
    scene.show.command(f"pip install --pre --index-url …/simple/ {package}")
    install = [str(venv / "bin" / "pip"), "install", "--quiet", "--pre", "--no-cache-dir", "--index-url", scene.index_url(), package]
    scene.machine.run(install, env={"PIP_CONFIG_FILE": "/dev/null", "PIP_FIND_LINKS": "", "PIP_EXTRA_INDEX_URL": ""})
    shown = scene.machine.run([str(venv / "bin" / "pip"), "show", package]).splitlines()
    scene.show.good("installed " + ", ".join(line for line in shown if line.startswith(("Name:", "Version:"))))


def _npm(scene: Scene, package: str) -> None:
    folder = scene.machine.folder / "npm"
    folder.mkdir(exist_ok=True)
    host = urllib.parse.urlsplit(scene.npm_url())
    (folder / ".npmrc").write_text(f"registry={scene.npm_url()}\n//{host.netloc}{host.path}:_authToken={scene.api.token}\n")
    (folder / "package.json").write_text('{"private": true}\n')
    scene.show.command(f"npm install {package}")
    cache = str(scene.machine.folder / "npm-cache")
    scene.machine.run(["npm", "install", "--no-audit", "--no-fund", "--cache", cache, package], cwd=folder)
    installed = json.loads((folder / "node_modules" / package / "package.json").read_text())
    scene.show.good(f"installed {installed['name']} {installed['version']}")
