"""Limits hold against builds that try, with control groups and without, and the reason is told."""

import shutil
import textwrap
import time

import psutil
import pytest

from pipelines.builds import cgroups
from pipelines.builds.request import MIB, Limits
from pipelines.builds.watch import used_bytes
from tests.pipelines.builds.conftest import commands


@pytest.fixture(params=["groups", "watch"])
def find_hierarchy(request):
    """Builds under control groups, if this machine lets us make them, and builds that are only watched."""
    return cgroups.detect if request.param == "groups" else lambda: None


def limited(build, spec, files=None, **more):
    built = build(spec, {name: textwrap.dedent(text) for name, text in (files or {}).items()}, **more)
    assert (built.result.state, built.result.cause) == ("failed", "limit"), built.log
    assert built.lines("error") == [built.result.reason]
    assert built.seconds < 30
    assert not (built.work / "volume").exists(), "what it used is freed"
    return built


def test_time_ends_the_whole_tree(build, find_hierarchy):
    spec = commands("trap '' TERM INT HUP; setsid sleep 777.5 & (sleep 777.5 & sleep 777.5 &); sleep 777.5; sleep 777.5")
    built = limited(build, spec, limits=Limits(seconds_max=1.5), find_hierarchy=find_hierarchy)
    assert built.result.reason == "the time limit of 1.5 s was reached"
    assert built.seconds < 8
    assert [p.pid for p in psutil.process_iter(["cmdline"]) if p.info["cmdline"] == ["sleep", "777.5"]] == []


def test_time_ends_plain_processes_too(build, find_hierarchy):
    spec = commands("setsid sleep 778.5 & (sleep 778.5 &); sleep 778.5")
    limited(
        build, spec, limits=Limits(seconds_max=1.5), network="full", executor="process", find_hierarchy=find_hierarchy
    )
    assert [p.pid for p in psutil.process_iter(["cmdline"]) if p.info["cmdline"] == ["sleep", "778.5"]] == []


def test_memory_of_one_process_is_limited(build, find_hierarchy):
    program = """
        held = []
        while True:
            held.append(b"x" * 8_000_000)
    """
    built = limited(
        build, commands("python3 eat.py"), {"eat.py": program}, limits=Limits(memory_bytes_max=128 * MIB), find_hierarchy=find_hierarchy
    )
    assert built.result.reason == "the limit of 128 MiB of memory was reached"


def test_memory_of_many_processes_is_limited(build, find_hierarchy):
    program = """
        import os, time
        for _ in range(8):
            if not os.fork():
                held = b"x" * 30_000_000
                time.sleep(60)
        time.sleep(60)
    """
    built = limited(
        build, commands("python3 eat.py"), {"eat.py": program}, limits=Limits(memory_bytes_max=128 * MIB), find_hierarchy=find_hierarchy
    )
    assert built.result.reason == "the limit of 128 MiB of memory was reached"


def test_memory_as_files_is_limited(build, find_hierarchy):
    spec = commands("head -c 600M /dev/zero > /dev/shm/x || echo held; head -c 600M /dev/zero > /dev/y || echo held")
    built = build(spec, limits=Limits(memory_bytes_max=512 * MIB), find_hierarchy=find_hierarchy)
    assert built.output().count("held") == 2, built.log


def test_fork_bombs_are_ended(build, find_hierarchy):
    built = limited(
        build, commands(":(){ :|:& };:; sleep 60"), limits=Limits(processes_max=60), find_hierarchy=find_hierarchy
    )
    assert built.result.reason == "the limit of 60 processes was reached"
    assert built.seconds < 20


def test_threads_count_as_processes(build, find_hierarchy):
    program = """
        import threading, time
        for _ in range(200):
            threading.Thread(target=time.sleep, args=(30,)).start()
    """
    built = limited(
        build, commands("python3 t.py"), {"t.py": program}, limits=Limits(processes_max=60), find_hierarchy=find_hierarchy
    )
    assert built.result.reason == "the limit of 60 processes was reached"


DISK = Limits(disk_bytes_max=64 * MIB)
DISK_REASON = "the limit of 64 MiB of disk was reached"


def test_many_files_are_limited(build, find_hierarchy):
    spec = commands("n=0; while :; do head -c 4M /dev/zero > f$n || break; n=$((n+1)); done; sleep 30")
    built = limited(build, spec, limits=DISK, find_hierarchy=find_hierarchy)
    assert built.result.reason == DISK_REASON


def test_temporary_files_count(build):
    built = limited(build, commands("head -c 40M /dev/zero > /tmp/a; head -c 40M /dev/zero > ~/b; sleep 30"), limits=DISK)
    assert built.result.reason == DISK_REASON


def test_one_large_file_is_limited(build):
    built = limited(build, commands("head -c 400M /dev/zero > big"), limits=DISK)
    assert "64 MiB" in built.result.reason


def test_deleted_open_files_count(build):
    program = """
        import os, time
        held = []
        for n in range(100):
            f = open(f"/tmp/{n}", "wb", buffering=0); os.unlink(f.name); held.append(f)
            f.write(b"x" * 4_000_000); time.sleep(0.02)
        time.sleep(30)
    """
    built = limited(build, commands("python3 hide.py"), {"hide.py": program}, limits=DISK)
    assert built.result.reason == DISK_REASON


def test_hidden_folders_count(build):
    spec = commands("for n in $(seq 30); do mkdir d$n; head -c 4M /dev/zero > d$n/f; chmod 0 d$n; done; sleep 30")
    built = limited(build, spec, limits=DISK)
    assert built.result.reason == DISK_REASON


def test_empty_files_are_not_free(tmp_path):
    for number in range(1000):
        (tmp_path / str(number)).touch()
    assert used_bytes(tmp_path)[0] >= 500_000


def test_sparse_artifacts_are_limited(build):
    spec = """{"version": "0.2", "phases": {"build": {"commands": ["for n in 1 2 3; do truncate -s 40M s$n; done"]}},
               "artifacts": {"files": ["*"]}}"""
    built = build(spec, limits=DISK)
    assert (built.result.state, built.result.cause) == ("failed", "artifacts")
    assert "holds more than" in built.result.reason


def test_input_bombs_are_limited(build, tmp_path):
    made = build(
        '{"version": "0.2", "phases": {"build": {"commands": ["truncate -s 200M zeros"]}}, "artifacts": {"files": ["zeros"]}}'
    )
    archive = tmp_path / "bomb.tar.gz"
    shutil.copy(made.result.artifacts["primary"], archive)
    built = build(commands("echo never"), inputs={"bomb": archive}, limits=DISK)
    assert built.result.reason == "the artifact bomb unpacks to more than a build may hold"
    assert built.output() == []


def test_hard_links_count_once(tmp_path):
    (tmp_path / "a").write_bytes(b"x" * MIB)
    (tmp_path / "b").hardlink_to(tmp_path / "a")
    used, complete = used_bytes(tmp_path)
    assert complete
    assert MIB <= used < 1.1 * MIB


def test_quiet_builds_pass_all_limits(build, find_hierarchy):
    limits = Limits(seconds_max=20, memory_bytes_max=256 * MIB, processes_max=64, disk_bytes_max=64 * MIB)
    spec = commands("pip --version; node --version; head -c 20M /dev/zero > x; for i in $(seq 40); do sleep 0.3 & done; wait")
    built = build(spec, limits=limits, find_hierarchy=find_hierarchy)
    assert built.result.state == "passed", built.log


def test_the_first_command_comes_soon(build, find_hierarchy):
    spec = commands("date +%s.%N > /build/src/at; cat /build/src/at")
    build(spec, find_hierarchy=find_hierarchy)
    waits = []
    for _ in range(5):
        began = time.time()
        built = build(spec, find_hierarchy=find_hierarchy)
        waits.append(float(built.output()[0]) - began)
    assert min(waits) < 0.5, waits


V2 = """\
25 1 0:20 / /proc rw - proc proc rw
30 25 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate
"""


def test_version_two_is_used_where_delegated(tmp_path):
    mine = tmp_path / "system.slice" / "lockgate.service"
    mine.mkdir(parents=True)
    (mine / "cgroup.subtree_control").write_text("cpu memory pids\n")
    mountinfo = V2.replace("/sys/fs/cgroup", str(tmp_path))
    found = cgroups.detect("0::/system.slice/lockgate.service\n", mountinfo)
    assert found == cgroups.Hierarchy(2, mine, mine)
    group = cgroups.create(found, "1", memory_bytes_max=5, processes_max=7)
    assert (group.pids / "pids.max").read_text() == "7"
    assert not group.memory_denied()
    (group.memory / "memory.events").write_text("low 0\noom 1\noom_kill 1\n")
    (group.pids / "pids.events").write_text("max 2\n")
    assert group.memory_denied()
    assert group.processes_denied()


def test_version_one_places_follow_the_mount(tmp_path):
    for name in ("memory", "pids"):
        (tmp_path / name / "a").mkdir(parents=True)
    mountinfo = "".join(f"40 30 0:3{n} /docker/x {tmp_path}/{n} rw - cgroup cgroup rw,{n}\n" for n in ("memory", "pids"))
    found = cgroups.detect("8:pids:/docker/x/a\n4:memory:/docker/x/a\n", mountinfo)
    assert found == cgroups.Hierarchy(1, tmp_path / "memory" / "a", tmp_path / "pids" / "a")


def test_no_control_groups_are_no_error():
    assert cgroups.detect("", "") is None
    assert cgroups.detect("0::/\n", V2.replace("/sys/fs/cgroup", "/nowhere")) is None
