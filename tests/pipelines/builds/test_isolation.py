"""A build sees and reaches nothing of the host but what it is given."""

import http.server
import json
import os
import signal
import socket
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import psutil
import pytest

from pipelines.builds import cgroups, executors, isolation
from pipelines.builds.executors.executor import ExecutorUnusable
from pipelines.builds.request import BuildRequest, RegistryAccess
from pipelines.builds.runner import run_build, sweep
from tests.lockgate_server import wait_for
from tests.pipelines.builds.conftest import commands


def test_builds_are_an_ordinary_user(build):
    built = build(commands("id -u; id -un; grep -E '^Cap(Eff|Prm|Bnd)' /proc/self/status; ls /proc | grep -c '^[0-9]'; hostname"))
    user, name, *capabilities, processes, host = built.output()
    assert (user, name, host) == ("1000", "build", "build")
    assert all(line.split()[1].strip("0") == "" for line in capabilities)
    assert int(processes) < 10


def test_builds_are_not_root_on_the_host(build):
    if os.geteuid() != 0:
        return  # whoever runs the service runs the build, and that is not root
    seen = []

    def look():
        found = psutil.process_iter(["uids", "cmdline"])
        seen.extend(process.info["uids"].real for process in found if process.info["cmdline"] == ["sleep", "31.5"])
        return bool(seen)

    build(commands("sleep 31.5"), stop=look)
    assert seen[0] == 60842


@pytest.mark.parametrize(
    "attempt",
    [
        "ls -A /root | grep -v pyenv",
        "cat /etc/shadow",
        "touch /usr/x",
        "touch /x",
        "touch /dev/x",
        "touch /etc/x",
        "touch /run/lockgate/x",
        "mkdir -p /mnt/x",
        "mount -t tmpfs none /mnt",
        "mount -o remount,rw /usr",
        "unshare --user --map-root-user true",
        "unshare --mount true",
        "chroot / true",
        "sysctl -w kernel.hostname=x",
        "echo 1 > /proc/sys/vm/drop_caches",
        "echo c > /proc/sysrq-trigger",
        "mknod /tmp/disk b 254 0",
        "cat /dev/vda",
        "dmesg --clear",
        "ls /sys/fs/cgroup/memory",
        "nsenter --target 1 --mount true",
        "ip link add dummy0 type dummy",
        "su -c true",
        "cat /proc/1/environ | grep -a HOME=/root",
        "ls /work /home /opt /srv /var/lib/lockgate",
    ],
)
def test_escapes_fail(build, attempt):
    built = build(commands(f"if ( {attempt} ) >/tmp/said 2>&1; then echo escaped; cat /tmp/said; else echo held; fi"))
    assert built.output() == ["held"], built.log


def test_other_processes_cannot_be_traced(build):
    program = """
        import ctypes, os, sys
        libc = ctypes.CDLL(None, use_errno=True)
        print(libc.ptrace(16, int(sys.argv[1]), 0, 0))
        for pid in range(1, 99999):
            try: os.kill(pid, 0)
            except ProcessLookupError: continue
            print("sees", open(f"/proc/{pid}/comm").read().strip())
    """
    built = build(commands(f"python3 x.py {os.getpid()}"), {"x.py": textwrap.dedent(program)})
    traced, *seen = built.output()
    assert traced == "-1"
    assert set(seen) <= {"sees sh", "sees bash", "sees python3", "sees bwrap"}, built.log


def test_tools_of_the_service_work_inside(build):
    built = build(commands("twine --version", "$LOCKGATE_TOOLS_PYTHON -m twine --version", "node --version", "npm --version"))
    assert built.result.state == "passed", built.log
    assert "twine version" in built.log


def test_python_in_a_build_is_the_servers(build):
    built = build(commands("python3 -c 'import sys, ssl, sqlite3; print(sys.version, sys.prefix)'", "pip --version"))
    assert built.output()[0] == f"{sys.version} /build/venv".replace("\n", "")  # one line
    assert "/build/venv/" in built.output()[1]


def test_made_environments_work_inside(build):
    built = build(commands("python3 -m venv /tmp/v && /tmp/v/bin/pip --version"))
    assert built.result.state == "passed", built.log


@pytest.fixture
def outside():
    """A port of this host that answers."""
    handler = type("H", (http.server.SimpleHTTPRequestHandler,), {"log_message": lambda *_: None})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever).start()
    yield server.server_port
    server.shutdown()
    server.server_close()


REACH = "python3 -c 'import socket,sys; socket.create_connection((\"127.0.0.1\", int(sys.argv[1])), 3); print(\"reached\")' {}"


def test_no_network_means_none(build, outside):
    built = build(commands(REACH.format(outside) + " 2>/dev/null || echo held", "cat /proc/net/dev | tail -n +3 | wc -l"))
    assert built.output() == ["held", "1"]


def test_full_network_reaches_the_host(build, outside):
    built = build(commands(REACH.format(outside)), network="full")
    assert built.output() == ["reached"], built.log


def test_abstract_sockets_are_not_shared(build):
    name = f"\0lockgate-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(name)
        listener.listen()
        program = f"import socket; s = socket.socket(socket.AF_UNIX); s.connect({name!r}); print('reached')"
        built = build(commands("python3 x.py 2>/dev/null || echo held"), {"x.py": program})
    assert built.output() == ["held"]


def test_nothing_is_left_after_a_build(build):
    before = set(psutil.pids())
    built = build(commands("setsid sleep 1234.5 & (sleep 1234.5 &) ; nohup sleep 1234.5 >/dev/null 2>&1 & echo ok"))
    assert built.output() == ["ok"]
    left = [p for p in psutil.process_iter(["cmdline"]) if p.pid not in before and p.info["cmdline"] == ["sleep", "1234.5"]]
    assert left == []
    assert not (built.work / "volume").exists()
    assert _groups() == []


def _groups() -> list[Path]:
    hierarchy = cgroups.detect()
    if hierarchy is None:
        return []
    mine = f"{os.getpid()}-"
    return [folder for folder in hierarchy.pids.glob("lockgate-build-*") if mine in folder.name]


RUNNER = """
import sys
from pathlib import Path
from pipelines.builds import cgroups
from pipelines.builds.request import BuildRequest
from pipelines.builds.runner import run_build
root, executor, groups = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
(root / "src").mkdir()
text = b'{"version": 0.2, "phases": {"build": {"commands": ["sleep 4321.5 & setsid sleep 4321.5 & sleep 4321.5"]}}}'
request = BuildRequest("doomed", root / "src", root / "work" / "one", text, network="full", executor=executor)
find = cgroups.detect if groups == "groups" else lambda: None
run_build(request, log=root / "log", should_stop=lambda: False, find_hierarchy=find)
"""


@pytest.mark.parametrize("executor", ["bubblewrap", "process"])
@pytest.mark.parametrize("groups", ["groups", "none"])
def test_killing_the_runner_leaves_nothing(tmp_path, executor, groups):
    runner = subprocess.Popen([sys.executable, "-c", RUNNER, str(tmp_path), executor, groups], cwd=Path(__file__).parents[3])

    def sleepers():
        return [p for p in psutil.process_iter(["cmdline"]) if p.info["cmdline"] == ["sleep", "4321.5"]]

    wait_for(lambda: len(sleepers()) == 3, what="three sleepers")
    assert sweep(tmp_path / "work") == [], "a living build is no rubbish"
    assert len(sleepers()) == 3
    runner.send_signal(signal.SIGKILL)
    runner.wait()
    if executor == "bubblewrap":
        wait_for(lambda: not sleepers(), what="the sandbox to die with its runner")
    assert (tmp_path / "work" / "one" / "volume").exists()
    assert sweep(tmp_path / "work") == [tmp_path / "work" / "one"]
    wait_for(lambda: not sleepers(), what="the sweep to end what was left")
    assert list((tmp_path / "work").iterdir()) == []
    hierarchy = cgroups.detect()
    assert hierarchy is None or not [f for f in hierarchy.pids.glob("lockgate-build-*") if f"-{runner.pid}-" in f.name]


def test_process_refuses_what_it_cannot_keep(build):
    built = build(commands("echo never"), executor="process")
    assert (built.result.state, built.result.cause) == ("failed", "executor")
    assert "the network policy none cannot be kept. Use the executor bubblewrap" in built.result.reason


def test_process_runs_phases_too(build):
    built = build(commands("echo $X; pwd; python3 -c 'import sys; print(sys.prefix)'"), environment={"X": "1"}, network="full", executor="process")
    assert built.output() == ["1", f"{built.work}/volume/src", f"{built.work}/volume/venv"], built.log


def test_a_missing_bubblewrap_is_told(build, tmp_path, monkeypatch):
    monkeypatch.setattr(isolation, "PATH", str(tmp_path))
    monkeypatch.setattr(executors.find("bubblewrap"), "_works", False)
    built = build(commands("echo never"))
    assert built.result.reason == (
        "the executor bubblewrap cannot run this build: bwrap is not installed. "
        "Install the package bubblewrap (0.8 or later) of this system."
    )
    assert built.output() == []


def test_unknown_executors_are_told():
    with pytest.raises(ExecutorUnusable, match="there is no such executor"):
        executors.find("podman")


def test_a_registry_policy_needs_a_registry(build):
    built = build(commands("echo never"), network="registry")
    assert "needs a package repository and none was given" in built.result.reason


def test_one_folder_serves_one_build(tmp_path):
    (tmp_path / "src").mkdir()
    work = tmp_path / "work"
    work.mkdir()
    with subprocess.Popen([sys.executable, "-c", "from pipelines.builds import ownership; print(ownership.mine(), flush=True); input()"],
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[3]) as other:
        (work / "owner").write_text(other.stdout.readline().strip())
        request = BuildRequest("x", tmp_path / "src", work, commands("true").encode(), network="none")
        result = run_build(request, log=tmp_path / "log", should_stop=lambda: False)
        assert "another process builds in" in result.reason
        other.communicate("\n")
    result = run_build(request, log=tmp_path / "log", should_stop=lambda: False)
    assert result.state == "passed", "a dead maker's folder is taken over"


def registry(index) -> RegistryAccess:
    return RegistryAccess(index.url, "acme", "main", "lgt_build-token")


def test_pip_installs_through_the_registry(build, index):
    built = build(commands("pip install --quiet greeting", "python3 -m greeting"), network="registry", registry=registry(index))
    assert built.result.state == "passed", built.log
    assert "hello from the wheel" in built.output()
    assert index.asked[0] == ("GET", "/pypi/acme/main/simple/greeting/", "lgt_build-token")
    assert {token for _, _, token in index.asked} == {"lgt_build-token"}
    assert "lgt_build-token" not in built.log


def test_npm_installs_through_the_registry(build, index):
    files = {"package.json": '{"name": "x", "version": "1.0.0", "dependencies": {"greeting": "1"}}'}
    built = build(commands("npm install --silent", "node -e 'require(\"greeting\")'"), files, network="registry", registry=registry(index))
    assert built.result.state == "passed", built.log
    assert "hello from npm" in built.output()
    assert ("GET", "/npm/acme/main/greeting", "lgt_build-token") in index.asked


def test_the_relay_passes_bodies_whole(build, index):
    program = """
        import http.client, os
        host = os.environ["LOCKGATE_URL"].removeprefix("http://")
        for headers, body in (({}, b"x" * 3_000_000), ({"Transfer-Encoding": "chunked"}, iter([b"y" * 100_000, b"z"]))):
            c = http.client.HTTPConnection(host); c.request("POST", "/pypi/acme/main/", body, headers, encode_chunked=bool(headers))
            print(c.getresponse().read().decode())
    """
    built = build(commands("python3 up.py"), {"up.py": textwrap.dedent(program)}, network="registry", registry=registry(index))
    assert built.output() == ["ok", "ok"], built.log
    assert index.bodies == [b"x" * 3_000_000, b"y" * 100_000 + b"z"]


ATTEMPTS = [
    b"GET /api/v1/accounts HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET /git/shop/info/refs HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET /pypi/../api/v1/x HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET /pypi/%2e%2e/api/v1/x HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET /pypi/%252e%252e/api/v1/x HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET //api/v1/x HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET http://127.0.0.1/api/v1/x HTTP/1.1\r\nHost: x\r\n\r\n",
    b"CONNECT 127.0.0.1:22 HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET /pypi/a/ HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    b"GET /pypi/a/ HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nContent-Length: 5\r\n\r\n",
    b"GET /pypi/a/ HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
    b"GET /pypi/a/\r\n\r\n",
    b"x" * 100_000 + b"\r\n\r\n",
    b"GET /pypi/a/ HTTP/1.1\r\nHost: x\r\n\r\nGET /api/v1/smuggled HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET /pypi/a/ HTTP/1.1\r\nHost: x\r\nConnection: keep-alive\r\nContent-Length: 3\r\n\r\nabcGET /api/v1/smuggled HTTP/1.1\r\n\r\n",
]


def test_the_relay_leads_to_packages_only(build, index):
    program = f"""
        import os, socket
        for attempt in {ATTEMPTS!r}:
            s = socket.create_connection(("127.0.0.1", int(os.environ["LOCKGATE_URL"].rpartition(":")[2])))
            try: s.sendall(attempt)
            except OSError: pass
            data = b""
            try:
                while part := s.recv(65536): data += part
            except OSError: pass
            print(data.split(b"\\r\\n")[0].decode())
    """
    built = build(commands("python3 try.py"), {"try.py": textwrap.dedent(program)}, network="registry", registry=registry(index))
    assert {path for _, path, _ in index.asked} <= {"/pypi/a/"}, built.log
    assert all(line.split()[1][0] == "4" or line.split()[1] == "501" for line in built.output()[:13] if line), built.log
    assert any("a build reaches package registries only" in line for line in built.lines("warning"))


def test_a_dead_server_is_told(build):
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        access = RegistryAccess(f"http://127.0.0.1:{held.getsockname()[1]}", "acme", "main", "lgt_x")
        built = build(commands("pip install greeting --retries 0"), network="registry", registry=access)
    assert built.result.state == "failed"


def test_the_server_is_all_that_is_reached(build, index, outside):
    built = build(commands(REACH.format(outside) + " 2>/dev/null || echo held"), network="registry", registry=registry(index))
    assert built.output() == ["held"]


def test_publishing_has_its_settings(build, index):
    names = "TWINE_REPOSITORY_URL TWINE_USERNAME TWINE_PASSWORD PIP_INDEX_URL UV_DEFAULT_INDEX LOCKGATE_URL"
    program = f"import os, json; print(json.dumps([os.environ[n].replace('lgt', 'LGT') for n in '{names}'.split()]))"
    built = build(commands("python3 x.py"), {"x.py": program}, network="registry", registry=registry(index))
    place = index.url.removeprefix("http://")
    assert json.loads(built.output()[0]) == [
        f"http://{place}/pypi/acme/main/",
        "build",
        "LGT_build-token",
        f"http://{place}/pypi/acme/main/simple/",
        f"http://{place}/pypi/acme/main/simple/",
        f"http://{place}",
    ]
