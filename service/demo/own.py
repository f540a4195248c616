"""The story with a repository of the user's own: review, build, publish, install, as far as they apply."""

import json
import re
import urllib.parse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pipelines.builds.default_spec import NOTHING_TO_BUILD
from service.demo.scene import Scene, python
from service.demo.show import NotAsTold, wait_until
from service.kernel.errors import Problem

ENDED = ("passed", "failed", "blocked", "stopped", "superseded")
SHOWN = 5
PUBLISHED_BEFORE = b"cannot publish over the previously published versions"
FETCHED = re.compile(rb"(\S+) came to \S+ from an external index")
FINISH_SECONDS_MAX, GO_ON_SECONDS_MAX = 900, 30


class NotGit(Problem):
    """The folder is not a git work tree."""

    says = "{path} is not a git repository with a commit"
    todo = "Run `git init && git add -A && git commit` there first, or name another folder."


class CannotBeRead(Problem):
    """No waiver opens the gate for a file that nobody looked into."""

    says = "the gate stays closed: these Python files cannot be reviewed, and what cannot be reviewed cannot be waived: {paths}"
    todo = 'Mend them, or commit a .lockgate.yml that leaves them out, such as `review: {{exclude: ["{first}"]}}`.'


def tell(scene: Scene, repository: Path) -> None:
    """All steps. Raises NotAsTold where one comes out differently from what was announced."""
    show = scene.show
    commit = _head(scene, repository)
    name = _name(repository)
    with show.step(1, f"{repository.name}: a git repository, a package repository and a pipeline"):
        _create(scene, name)
    with show.step(2, "A push, and what the review says"):
        pushed = _push(scene, repository, name, commit)
        _reviewed(scene, name, pushed)
    with show.step(3, "The build in isolation, and publishing"):
        built = _built(scene, name, pushed)
    if built:
        with show.step(4, "Installing what was published"):
            _install(scene, name)


def pages(repository: Path) -> list[tuple[str, str]]:
    """What to open afterwards."""
    name = _name(repository)
    return [("/", "everything that goes on"), (f"/repositories/{name}", "the source"), ("/reviews", "the review"),
            (f"/pipelines/{name}", "the pipeline"), ("/packages", "the packages")]


def _name(repository: Path) -> str:
    return re.sub(r"[^a-z0-9._-]+", "-", repository.name.lower()).strip("-._") or "project"


def _head(scene: Scene, repository: Path) -> str:
    try:
        return scene.git("rev-parse", "--verify", "HEAD^{commit}", cwd=repository).strip()
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
    if scene.git("rev-parse", "--is-shallow-repository", cwd=repository).strip() == "true":
        scene.show.say("this clone is shallow, so its newest tree is pushed as one commit")
        commit = scene.git("commit-tree", f"{commit}^{{tree}}", "-m", f"Import {repository.name}", cwd=repository).strip()
    scene.show.command(f"git push …/git/{name} HEAD:main")
    scene.git("push", "--quiet", scene.git_url(name), f"{commit}:refs/heads/main", cwd=repository)
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
        _waive(scene, name, commit, review)


def _waive(scene: Scene, name: str, commit: str, review: Any) -> None:
    """Opens the gate for what was there before, and waits until the execution that it blocked goes on."""
    unread = [d["path"] for d in review.get("diagnostics", []) if d["unreadable"] and d["new"]]
    if unread:
        raise CannotBeRead(paths=", ".join(unread[:SHOWN]), first=unread[0])
    scene.show.say("these were there before Lockgate came, so they are waived with that reason; the waiver is on the audit trail")
    scene.api.post(f"/reviews/{review['id']}/waive", {"all": True, "reason": "there before the first review", "expires_days": 90})
    scene.show.check("the gate", "passed", scene.api.get(f"/reviews/{review['id']}")["verdict"])
    wait_until("the execution to go on", lambda: scene.execution_of(name, commit)["state"] != "blocked", GO_ON_SECONDS_MAX)


def _built(scene: Scene, name: str, commit: str) -> bool:
    """Follows the execution; answers whether something may be there to install."""
    execution = _end_of(scene, name, commit)
    if taken := _taken_name(scene, execution):
        kind, package = taken
        scene.show.say(f"the build fetched {package} from the external index, so nobody may publish under that name here;")
        scene.show.say("an administrator says that it is this project's own, and the execution is tried again")
        place = f"/registry/{scene.domain}/{name}/packages/{kind}/{urllib.parse.quote(package, safe='@')}/origins"
        scene.api.request("PUT", place, {"publish": "ALLOW", "upstream": "BLOCK"})
        scene.api.post(f"/executions/{execution['id']}/retry")
        wait_until("the execution to go on", lambda: scene.execution_of(name, commit)["state"] != "failed", GO_ON_SECONDS_MAX)
        execution = _end_of(scene, name, commit)
    if any(PUBLISHED_BEFORE in log for log in _logs(scene, _failed(execution, "publish"))):
        scene.show.say("this very version is in the index that Lockgate passes on, so npm does not publish it again")
        return True
    unbuilt = _failed(execution, "build")
    if unbuilt is not None and NOTHING_TO_BUILD in unbuilt["reason"]:
        scene.show.say("nothing here says how it is built, so nothing is published or installed; a buildspec.yml would tell")
        return False
    scene.show.check("the execution", "passed", execution["state"])
    return True


def _end_of(scene: Scene, name: str, commit: str) -> Any:
    return scene.follow(scene.execution_of(name, commit)["id"], lambda e: e["state"] in ENDED, FINISH_SECONDS_MAX)


def _failed(execution: Any, kind: str) -> Any:
    """The action of this kind that failed, or None."""
    return next((a for s in execution["stages"] for a in s["actions"] if a["kind"] == kind and a["state"] == "failed"), None)


def _logs(scene: Scene, action: Any) -> list[bytes]:
    numbers = [attempt["id"] for attempt in action["attempts"]] if action else []
    return [scene.api.request("GET", f"/attempts/{number}/log?from=0&wait=0") for number in numbers]


def _taken_name(scene: Scene, execution: Any) -> tuple[str, str] | None:
    """Format and name of a package that could not be published because the build had fetched one of that name."""
    for log in _logs(scene, _failed(execution, "publish")):
        if found := FETCHED.search(log):
            return "npm" if b"npm error" in log else "pypi", found[1].decode()
    return None


def _install(scene: Scene, name: str) -> None:
    show = scene.show
    own = [(i["format"], i["name"]) for i in _packages(scene, name) if i["origins"]["publish"] == "ALLOW"]
    if not own:
        show.say("this project published no package, so there is nothing to install")
    for kind, package in own:
        if kind == "pypi":
            _pip(scene, package)
        elif kind == "npm":
            _npm(scene, package)


def _packages(scene: Scene, name: str) -> Iterator[Any]:
    """All that the package repository stores; what the build fetched from outside is there too, and may be much."""
    cursor: str | None = ""
    while cursor is not None:
        page = scene.api.get(f"/registry/{scene.domain}/{name}/packages?cursor={urllib.parse.quote(cursor)}")
        yield from page["items"]
        cursor = page["next"]


def _pip(scene: Scene, package: str) -> None:
    venv = scene.machine.folder / "venv"
    scene.machine.run([python(), "-m", "venv", str(venv)])
    scene.show.command(f"pip install --pre --index-url …/simple/ {package}")
    install = [str(venv / "bin" / "pip"), "install", "--quiet", "--pre", "--no-cache-dir", package]
    scene.machine.run(install, env=scene.pip_environment())
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
