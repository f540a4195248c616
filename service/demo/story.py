"""The eight steps of the sample project."""

import os
import threading
import time
import urllib.parse
from pathlib import Path
from typing import Any

from service.demo import sample
from service.demo.machine import free_port
from service.demo.scene import Scene, python
from service.demo.show import NotAsTold, wait_until

NAME = "tidewater"
GROUP = "production"
LOAD_SECONDS = 6.0
HOT = ("filling_seconds", "outflow")
"""The functions that do the work; the profiler must name them."""


def tell(scene: Scene) -> None:
    """All steps in order. Raises NotAsTold at the first that comes out differently."""
    with scene.show.step(1, "A project: repositories, pipeline, two hosts, a profiling group"):
        create(scene)
    with scene.show.step(2, "A push with three sins is stopped at the gate"):
        sinful_push(scene)
    with scene.show.step(3, "The mended push is reviewed, built in isolation and published"):
        execution = mended_push(scene)
    with scene.show.step(4, "The published packages install with the real pip and npm"):
        install(scene)
    with scene.show.step(5, "The build is deployed to both hosts, one at a time"):
        deployed(scene, execution)
    with scene.show.step(6, "A third version fails on its first host and is rolled back"):
        failing_push(scene)
    with scene.show.step(7, "The running service tells where its time goes"):
        profile(scene)


def pages(scene: Scene) -> list[tuple[str, str]]:
    """What to open afterwards."""
    newest = scene.api.get("/deployments")["items"][0]["id"]
    review = scene.api.get(f"/reviews?repository={NAME}")["items"][-1]["id"]
    return [
        ("/", "everything that goes on"), (f"/repositories/{NAME}", "the source"), (f"/reviews/{review}", "the blocked review"),
        (f"/pipelines/{NAME}", "the pipeline"), (f"/packages/{scene.domain}/{scene.package_repository}/pypi/{NAME}", "the package"),
        (f"/deployments/{newest}", "the rollback"), (f"/profiles/{NAME}", "the flame graph"),
    ]


def create(scene: Scene) -> None:
    """Step 1."""
    api, show = scene.api, scene.show
    api.post("/repositories", {"name": NAME, "project": NAME, "description": "The log of a canal lock"})
    scene.package_repository = NAME
    api.post("/registry", {"domain": scene.domain, "name": NAME, "project": NAME, "upstreams": ["main"]})
    show.good(f"git repository {NAME}, package repository {scene.domain}/{NAME}")
    api.post("/pipelines", {"name": NAME, "project": NAME, "repository": NAME, "domain": scene.domain, "package_repository": NAME})
    api.post("/applications", {"name": NAME, "project": NAME})
    api.post(f"/applications/{NAME}/groups", {"name": GROUP})
    api.post("/profiling-groups", {"name": NAME, "project": NAME})
    show.good(f"pipeline {NAME}, deployment group {NAME}/{GROUP}, profiling group {NAME}")
    for number in (1, 2):
        _start_host(scene, f"host-{number}")
    wait_until("both hosts", lambda: _hosts_seen(scene) == 2, 30)
    show.good(f"two hosts joined: {', '.join(f'{name} (service on port {port})' for name, port in scene.hosts.items())}")
    sample.lay_out(scene.work)
    scene.git("init", "--quiet", "--initial-branch=main")
    scene.git("remote", "add", "origin", scene.git_url(NAME))


def sinful_push(scene: Scene) -> None:
    """Step 2."""
    show = scene.show
    sample.commit_one(scene.work)
    commit = scene.push("Export the log for the authority")
    review = scene.review_of(NAME, commit)
    for sin in sample.SINS:
        line = sample.line_of(scene.work, sin)
        found = [f for f in review["findings"] if f["path"] == sin.path and f["line"] == line]
        if not found:
            came = [f"{f['path']}:{f['line']} {f['rule']}" for f in review["findings"]]
            raise NotAsTold(what=f"the review on a {sin.kind}", expected=f"a finding at {sin.path}:{line}", came=came)
        show.good(f"{sin.kind} found at {sin.path}:{line}: {found[0]['message']}")
    show.check("the gate", "blocked", review["verdict"], told=f"the gate says no: {review['reasons'][0]}")
    execution = scene.execution_of(NAME, commit)
    execution = scene.follow(execution["id"], lambda e: e["state"] not in ("running", "queued", "waiting"), 20)
    show.check("the execution", "blocked", execution["state"], told="the pipeline stopped at the gate")
    built = [a["name"] for s in execution["stages"] for a in s["actions"] if a.get("attempts")]
    show.check("attempts to build", [], built, told="nothing was built")
    show.check("published packages", [], _published(scene), told="nothing was published")


def mended_push(scene: Scene) -> Any:
    """Step 3; answers the execution once the packages are out."""
    show = scene.show
    sample.commit_two(scene.work)
    commit = scene.push("Ask the database with parameters, close the report, take the key from the environment")
    review = scene.review_of(NAME, commit)
    show.check("the gate", "passed", review["verdict"], told="the gate says yes")
    execution = scene.execution_of(NAME, commit)
    execution = scene.follow(execution["id"], lambda e: _state_of(e, "publish") not in ("queued", "running", "waiting"), 180)
    show.check("publish", "passed", _state_of(execution, "publish"))
    wanted = ["npm tidewater-client 1.0.0", "pypi tidewater 1.0.0"]
    show.check("published packages", wanted, _published(scene), told=f"published: {' and '.join(wanted)}")
    return execution


def install(scene: Scene) -> None:
    """Step 4."""
    show, machine = scene.show, scene.machine
    venv = machine.folder / "venv"
    machine.run([python(), "-m", "venv", str(venv)])
    show.command(f"pip install --index-url …/pypi/{scene.domain}/{NAME}/simple/ {NAME}")
    machine.run([str(venv / "bin" / "pip"), "install", "--quiet", "--no-cache-dir", NAME], env=scene.pip_environment())
    version = machine.run([str(venv / "bin" / "python"), "-c", f"import {NAME}; print({NAME}.__version__)"]).strip()
    show.check("import tidewater", "1.0.0", version)
    folder = machine.folder / "npm"
    folder.mkdir()
    host = urllib.parse.urlsplit(scene.npm_url())
    (folder / ".npmrc").write_text(f"registry={scene.npm_url()}\n//{host.netloc}{host.path}:_authToken={scene.api.token}\n")
    (folder / "package.json").write_text('{"private": true}\n')
    show.command(f"npm install {NAME}-client")
    machine.run(["npm", "install", "--no-audit", "--no-fund", "--cache", str(machine.folder / "npm-cache"), f"{NAME}-client"], cwd=folder)
    url = machine.run(["node", "-p", f'require("{NAME}-client").passagesUrl("http://x", "Anna")'], cwd=folder).strip()
    show.check("require('tidewater-client')", "http://x/passages?ship=Anna", url)


def deployed(scene: Scene, execution: Any) -> None:
    """Step 5."""
    show = scene.show
    execution = scene.follow(execution["id"], lambda e: e["state"] not in ("running", "queued", "waiting"), 120)
    show.check("the execution", "passed", execution["state"])
    deployment = scene.api.get(f"/deployments/{scene.api.get('/deployments')['items'][0]['id']}")
    targets = sorted(deployment["targets"], key=lambda t: t["started_at"])
    if len(targets) == 2 and targets[1]["started_at"] < targets[0]["finished_at"]:
        times = [(t["host"], t["started_at"], t["finished_at"]) for t in targets]
        raise NotAsTold(what="the order", expected="one host at a time", came=times)
    show.good(" then ".join(f"{t['host']} ({t['state']})" for t in targets))
    _check_hosts(scene, "1.0.0")


def failing_push(scene: Scene) -> None:
    """Step 6."""
    show, api = scene.show, scene.api
    before = api.get("/deployments")["items"][0]["id"]
    sample.commit_three(scene.work)
    commit = scene.push("Tell the next high water")
    execution = scene.execution_of(NAME, commit)
    execution = scene.follow(execution["id"], lambda e: e["state"] not in ("running", "queued", "waiting"), 240)
    show.check("the execution", "failed", execution["state"], told=f"the deployment failed: {_reason_of(execution, 'deploy')}")

    def both() -> Any:
        items = [d for d in api.get("/deployments")["items"] if d["id"] > before]
        return items if len(items) == 2 and all(d["state"] in ("passed", "failed", "stopped") for d in items) else None

    rollback, failed = wait_until("the rollback", both, 90)
    failed, rollback = api.get(f"/deployments/{failed['id']}"), api.get(f"/deployments/{rollback['id']}")
    show.check("the third version's deployment", "failed", failed["state"])
    show.check("the rollback, a deployment of its own", ("passed", failed["id"]), (rollback["state"], rollback["rollback_of"]),
               told=f"deployment {rollback['id']} brought back what ran before deployment {failed['id']}")
    _check_hosts(scene, "1.0.0")


def profile(scene: Scene) -> None:
    """Step 7."""
    show = scene.show
    show.say(f"{LOAD_SECONDS:g} seconds of requests to both hosts")
    stop = threading.Event()
    threads = [threading.Thread(target=_load, args=(scene, port, stop), daemon=True) for port in scene.hosts.values()]
    for thread in threads:
        thread.start()
    time.sleep(LOAD_SECONDS)

    def hot() -> Any:
        items = scene.api.get(f"/profiling-groups/{NAME}/hottest?minutes=10&limit=10")["items"]
        return items if any(name in item["function"] for item in items[:5] for name in HOT) else None

    try:
        items = wait_until(f"{' or '.join(HOT)} among the hottest functions", hot, 30, every=0.5)
    finally:
        stop.set()
        for thread in threads:
            thread.join(10)
    show.good("the hottest functions, as the server knows them:")
    for item in items[:5]:
        shares = f"{item['self_share']:6.1%} self  {item['total_share']:6.1%} total  {item['samples']:5} samples"
        show.detail(f"{shares}  {item['function']}  {item['place']}")


def _start_host(scene: Scene, name: str) -> None:
    root = scene.machine.folder / name
    root.mkdir()
    port = free_port()
    join = scene.api.post(f"/applications/{NAME}/groups/{GROUP}/join-tokens")["token"]
    token_file = _private(root / "join-token", join)
    submit = [{"Effect": "Allow", "Action": ["profile:Submit"], "Resource": [f"profile/{NAME}"]}]
    profile_token = scene.api.post("/tokens", {"label": f"profiles of {name}", "scope": submit})["token"]
    given = {"LOCKGATE_PORT": str(port), "LOCKGATE_PROFILE_SERVER": scene.api.url, "LOCKGATE_PROFILE_TOKEN": profile_token,
             "LOCKGATE_PROFILE_GROUP": NAME, "LOCKGATE_PROFILE_INSTANCE": name,
             "LOCKGATE_PROFILE_FIRST_SECONDS": "2", "LOCKGATE_PROFILE_INTERVAL_SECONDS": "3"}
    env_file = _private(root / "host.env", "".join(f"{key}={value}\n" for key, value in given.items()))
    scene.machine.start(name, [python(), "-m", "lockgate_agent", "deploy", "--server", scene.api.url, "--token-file", str(token_file),
                               "--application", NAME, "--group", GROUP, "--host", name, "--root", str(root), "--env-file", str(env_file)])
    scene.hosts[name] = port


def _private(path: Path, text: str) -> Path:
    """A new file that only this user can read."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
        out.write(text)
    return path


def _hosts_seen(scene: Scene) -> int:
    return len(scene.api.get(f"/applications/{NAME}/groups/{GROUP}/hosts")["items"])


def _check_hosts(scene: Scene, version: str) -> None:
    for name, port in scene.hosts.items():
        url = f"http://127.0.0.1:{port}/healthz"
        status, text = scene.api.page(url)
        if status != 200 or f'"{version}"' not in text:
            raise NotAsTold(what=url, expected=f"200 from version {version}", came=f"{status}: {text[:200]}")
        scene.show.good(f"{name}: GET {url} is 200, version {version}")


def _published(scene: Scene) -> list[str]:
    place = f"/registry/{scene.domain}/{NAME}/packages"
    found = []
    for item in scene.api.get(place)["items"]:
        if item["name"].startswith(NAME):
            versions = scene.api.get(f"{place}/{item['format']}/{item['name']}")["versions"]
            found += [f"{item['format']} {item['name']} {version['version']}" for version in versions]
    return sorted(found)


def _state_of(execution: Any, action: str) -> str:
    if execution["state"] in ("failed", "blocked", "stopped", "superseded"):
        return str(execution["state"])
    return next(str(a["state"]) for s in execution["stages"] for a in s["actions"] if a["name"] == action)


def _reason_of(execution: Any, action: str) -> str:
    return next(str(a.get("reason", "")) for s in execution["stages"] for a in s["actions"] if a["name"] == action)


def _load(scene: Scene, port: int, stop: threading.Event) -> None:
    while not stop.is_set():
        scene.api.page(f"http://127.0.0.1:{port}/filling?lift=9")
