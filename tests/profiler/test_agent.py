"""The profiler inside real programs, on every Python this machine has: what it sees, and that it never hurts."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from lockgate_agent.profiling.budget import OVER_WINDOWS_MAX, PAUSE_SECONDS, Budget
from lockgate_agent.profiling.settings import SettingsMissing, read
from lockgate_agent.profiling.spool import Spool
from lockgate_agent.profiling.tally import FRAMES_MAX, Tally
from tests.lockgate_server import wait_for
from tests.profiler.receiver import Receiver, environment, pythons, run, shares

SECOND = 1_000_000_000

LOAD = """
import lockgate_agent, threading, time
assert lockgate_agent.start(version="v1")

def heavy(until):
    n = 0
    while time.thread_time() < until:
        for i in range(400):
            n += i * i
    return n

def light(until):
    n = 0
    while time.thread_time() < until:
        for i in range(400):
            n += i * i
    return n

def turn():
    at = time.thread_time()
    heavy(at + 0.032)
    light(at + 0.040)

def work(seconds, pause):
    at = time.monotonic()
    while time.monotonic() < at + seconds:
        turn()
        time.sleep(pause)

parked = [threading.Thread(target=threading.Event().wait, daemon=True, name=f"parked-{n}") for n in range(20)]
for thread in parked:
    thread.start()
"""


@pytest.mark.parametrize("python", pythons())
def test_every_python_delivers_a_true_profile(python, receiver: Receiver, tmp_path):
    done = run(LOAD + "work(8, 0)", environment(receiver.url, tmp_path), python)
    assert (done.returncode, done.stderr) == (0, "")
    tree = receiver.tree()
    seen = shares(tree, "cpu")
    heavy = sum(share for name, share in seen.items() if name.endswith("heavy"))
    light = sum(share for name, share in seen.items() if name.endswith("light"))
    # True are 0.8 and 0.2; some hundred samples on a machine that does other work too leave this much to chance.
    assert heavy == pytest.approx(0.8, abs=0.25)
    assert light == pytest.approx(0.2, abs=0.25)
    assert tree.total("wall") > 20 * 4 * SECOND
    assert {"samples", "wall", "cpu"} == set(tree.units)


def test_waiting_is_not_charged_with_cpu(receiver: Receiver, tmp_path):
    done = run(LOAD + "work(6, 0.040)", environment(receiver.url, tmp_path))
    assert done.returncode == 0, done.stderr
    seen = shares(receiver.tree(), "cpu")
    assert seen["__main__.turn"] > 0.75


def test_cpu_time_adds_up(receiver: Receiver, tmp_path):
    done = run(LOAD + "work(5, 0.01)\nprint(time.thread_time())", environment(receiver.url, tmp_path))
    assert done.returncode == 0, done.stderr
    assert receiver.tree().total("cpu") / SECOND == pytest.approx(float(done.stdout), rel=0.25)


def test_worker_threads_are_seen_by_group(receiver: Receiver, tmp_path):
    source = LOAD + """
threads = [threading.Thread(target=work, args=(3, 0.001), name=f"pool-{n}") for n in range(3)]
for thread in threads: thread.start()
for thread in threads: thread.join()
"""
    done = run(source, environment(receiver.url, tmp_path))
    assert done.returncode == 0, done.stderr
    assert shares(receiver.tree(), "cpu")["__main__.work"] > 0.6


def test_the_program_says_who_it_is(receiver: Receiver, tmp_path):
    package = tmp_path / "shop"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "__main__.py").write_text("import lockgate_agent, time\nlockgate_agent.start(version='2.1')\ntime.sleep(1.2)\n")
    env = environment(receiver.url, tmp_path / "spool", LOCKGATE_PROFILE_INSTANCE="web-1")
    done = subprocess.run([sys.executable, "-m", "shop"], env=env, cwd=tmp_path, capture_output=True, text=True, timeout=30)
    assert done.returncode == 0, done.stderr
    query = receiver.sent[0][0]
    assert query == {"group": "tests", "instance": "web-1", "version": "2.1", "own": "shop"}
    assert set(receiver.authorization) == {"Bearer secret"}


def test_one_program_in_two_folders_is_one(receiver: Receiver, tmp_path):
    program = "import lockgate_agent, json.decoder\nlockgate_agent.start()\ndecode = json.decoder.JSONDecoder().raw_decode\n"
    program += "def busy():\n    for _ in range(9): decode('[' + '1,' * 90000 + '1]')\nbusy()\n"
    for host in ("one", "two"):
        package = tmp_path / host / "releases" / host / "shop"
        package.mkdir(parents=True)
        (package / "__init__.py").write_text("")
        (package / "__main__.py").write_text(program)
        env = environment(receiver.url, tmp_path / host / "spool")
        done = subprocess.run([sys.executable, "-m", "shop"], env=env, cwd=package.parent, capture_output=True, text=True, timeout=30)
        assert done.returncode == 0, done.stderr
    files = {(function.name, function.file) for function in receiver.tree().functions}
    assert ("shop.__main__.busy", "shop/__main__.py") in files or ("__main__.busy", "shop/__main__.py") in files
    assert any(file.startswith("lib/python") and file.endswith("json/decoder.py") for _, file in files)
    assert not any(str(tmp_path) in file for _, file in files)


def test_a_short_program_still_delivers(receiver: Receiver, tmp_path):
    env = environment(receiver.url, tmp_path, LOCKGATE_PROFILE_FIRST_SECONDS="60")
    done = run(LOAD + "work(0.6, 0)", env)
    assert done.returncode == 0, done.stderr
    assert len(receiver.sent) == 1
    assert not list(tmp_path.glob("*.profile"))


def test_exit_waits_one_second_at_most(tmp_path):
    # A port that accepts and never answers.
    with subprocess.Popen(
        [sys.executable, "-c", "import socket; s = socket.create_server(('127.0.0.1', 0)); print(s.getsockname()[1], flush=True); input()"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as silent:
        assert silent.stdout is not None
        env = environment(f"http://127.0.0.1:{int(silent.stdout.readline())}", tmp_path)
        done = run(LOAD + "work(1.5, 0)\nprint(time.time())", env)
        lasted = time.time() - float(done.stdout)
        silent.kill()
    assert done.returncode == 0, done.stderr
    assert lasted < 2.5
    assert list(tmp_path.glob("*.profile"))


def test_forked_children_deliver_their_own(receiver: Receiver, tmp_path):
    source = LOAD + """
import os
children = []
for _ in range(2):
    child = os.fork()
    if not child:
        work(1.5, 0)
        raise SystemExit(0)
    children.append(child)
for child in children:
    assert os.waitpid(child, 0)[1] == 0
"""
    done = run(source, environment(receiver.url, tmp_path))
    assert done.returncode == 0, done.stderr
    assert len(receiver.instances) == 3
    busy = [i for i in receiver.instances if shares(receiver.tree(i), "cpu").get("__main__.work", 0) > 0.5]
    assert len(busy) == 2


def test_multiprocessing_children_flush_at_exit(receiver: Receiver, tmp_path):
    source = LOAD + """
import multiprocessing
context = multiprocessing.get_context("fork")
child = context.Process(target=work, args=(0.8, 0))
child.start(); child.join()
assert child.exitcode == 0
"""
    done = run(source, environment(receiver.url, tmp_path, LOCKGATE_PROFILE_FIRST_SECONDS="60"))
    assert done.returncode == 0, done.stderr
    assert len(receiver.instances) == 2


def test_profiles_wait_while_the_server_is_down(receiver: Receiver, tmp_path):
    receiver.status = 503
    run(LOAD + "work(2, 0)", environment(receiver.url, tmp_path))
    waiting = len(list(tmp_path.glob("*.profile")))
    assert waiting
    assert not receiver.sent
    receiver.status = 201
    run(LOAD + "work(2, 0)", environment(receiver.url, tmp_path))
    assert not list(tmp_path.glob("*.profile"))
    assert len({body for _, body in receiver.sent}) == len(receiver.sent) > waiting


def test_kill_9_loses_only_the_last_interval(receiver: Receiver, tmp_path):
    program = subprocess.Popen([sys.executable, "-c", LOAD + "work(60, 0)"], env=environment(receiver.url, tmp_path))
    wait_for(lambda: len(receiver.sent) >= 2, what="two profiles")
    program.send_signal(signal.SIGKILL)
    program.wait(10)
    assert receiver.tree().total("cpu") > 0.2 * SECOND


def test_spool_keeps_to_its_limits(tmp_path):
    spool = Spool(tmp_path / "a" / "spool", files_max=5, bytes_max=3_000)
    for number in range(9):
        spool.keep({"group": str(number)}, b"x" * 700)
    assert [query["group"] for _, query, _ in spool.waiting()] == ["5", "6", "7", "8"]
    assert sum(p.stat().st_size for p in spool.folder.iterdir()) <= 3_000
    assert (spool.folder.stat().st_mode & 0o777) == 0o700


def test_spool_skips_what_is_damaged(tmp_path):
    spool = Spool(tmp_path / "a" / "spool")
    spool.keep({"group": "g"}, b"good")
    (spool.folder / "0.profile").write_bytes(b"\xff\xfenot json")
    assert [profile for _, _, profile in spool.waiting()] == [b"good"]
    assert len(list(spool.folder.iterdir())) == 1


def test_a_refused_profile_is_not_kept(receiver: Receiver, tmp_path):
    receiver.status = 400
    done = run(LOAD + "work(1.5, 0)", environment(receiver.url, tmp_path))
    assert done.returncode == 0
    assert not list(tmp_path.glob("*.profile"))


def test_the_server_can_switch_sampling_off(receiver: Receiver, tmp_path):
    receiver.answer = b'{"agent": {"enabled": false, "interval_seconds": 1}}'
    source = LOAD + """
work(1.5, 0)
from lockgate_agent.profiling.control import running
before = running().counts["samples"]
work(1.0, 0)
print(running().counts["samples"] - before)
"""
    done = run(source, environment(receiver.url, tmp_path))
    assert done.stdout.strip() == "0", done.stderr


def test_the_off_file_stops_sampling(receiver: Receiver, tmp_path):
    (tmp_path / "off").touch()
    done = run(LOAD + "work(1.5, 0)", environment(receiver.url, tmp_path))
    assert done.returncode == 0, done.stderr
    assert not receiver.sent


@pytest.mark.parametrize(
    "change", [{"LOCKGATE_PROFILE_OFF": "1"}, {"LOCKGATE_PROFILE_TOKEN": ""}, {"LOCKGATE_PROFILE_SERVER": "ftp://x"},
               {"LOCKGATE_PROFILE_HERTZ": "many"}],
)
def test_start_never_raises(change, receiver: Receiver, tmp_path):
    env = environment(receiver.url, tmp_path, **change)
    done = run("import lockgate_agent\nprint(lockgate_agent.start())\nlockgate_agent.stop()", env)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "False"


def test_the_profiler_never_hurts_its_host(receiver: Receiver, tmp_path):
    source = LOAD + """
import sys, random
random.seed(1); first = random.random()
from lockgate_agent.profiling.sampler import Sampler
work(0.3, 0)
Sampler.sample = lambda *_: 1 / 0
work(0.5, 0)
from lockgate_agent.profiling.control import running
assert "ZeroDivisionError" in running().failure
random.seed(1); assert random.random() == first
lockgate_agent.stop(); lockgate_agent.stop()
print("unhurt")
"""
    done = run(source, environment(receiver.url, tmp_path))
    assert done.stdout.strip() == "unhurt", done.stderr


def test_threads_that_come_and_go_do_no_harm(receiver: Receiver, tmp_path):
    source = LOAD + """
import os
until = time.monotonic() + 4
while time.monotonic() < until:
    brief = [threading.Thread(target=turn) for _ in range(20)]
    for thread in brief: thread.start()
    child = os.fork()
    if not child: os._exit(0)
    os.waitpid(child, 0)
    for thread in brief: thread.join()
from lockgate_agent.profiling.control import running
print(running().failure or "well")
"""
    env = environment(receiver.url, tmp_path, LOCKGATE_PROFILE_HERTZ="100")
    done = run(source, {**env, "PYTHONWARNINGS": "ignore"})
    assert done.stdout.strip() == "well", done.stderr


def test_a_recursion_of_any_depth_is_cut(receiver: Receiver, tmp_path):
    source = LOAD + """
import sys
sys.setrecursionlimit(20_000)
def down(n):
    if n: down(n - 1)
    else: work(1.5, 0)
down(3_000)
"""
    done = run(source, environment(receiver.url, tmp_path))
    assert done.returncode == 0, done.stderr
    assert shares(receiver.tree(), "cpu")["<truncated>"] > 0.8


def test_a_tally_is_bounded():
    tally = Tally(depth_max=10, frames_max=25)

    def at(depth):
        return at(depth - 1) if depth else tally.entry(sys._getframe(), ("", ""))

    for depth in range(8):
        at(depth)[0] += 1
    found = list(tally.samples())
    assert sum(values[0] for _, values, _ in found) == 8
    assert len(found) < 8
    assert FRAMES_MAX >= 20_000


def test_budget_follows_the_process():
    budget = Budget(20, 100, 0.005)
    for _ in range(30):
        budget.adjust(SECOND // 1000, 10 * SECOND, 10 * SECOND)
    assert budget.hertz == 100
    before = budget.hertz
    budget.adjust(SECOND, 10 * SECOND, 10 * SECOND)
    assert budget.hertz == before / 2
    for _ in range(10):
        budget.adjust(SECOND, 10 * SECOND, 10 * SECOND)
    assert budget.hertz == 1


def test_budget_lets_an_idle_program_be_seen():
    budget = Budget(20, 100, 0.005)
    budget.adjust(SECOND // 1000, SECOND // 100, 10 * SECOND)
    assert budget.hertz >= 20


def test_budget_pauses_what_stays_too_dear():
    budget, pauses = Budget(1, 100, 0.005), []
    for _ in range(OVER_WINDOWS_MAX):
        budget.adjust(SECOND, 10 * SECOND, 10 * SECOND)
        pauses.append(budget.pause_seconds)
    assert pauses == [0, 0, PAUSE_SECONDS]


def test_the_budget_holds_in_a_program(receiver: Receiver, tmp_path):
    source = LOAD + """
from lockgate_agent.profiling import agent
agent.WINDOW_SECONDS = 1.0
work(8, 0)
from lockgate_agent.profiling.control import running
import json; print(json.dumps([running().budget.used_share, running().budget.hertz]))
"""
    done = run(source, environment(receiver.url, tmp_path, LOCKGATE_PROFILE_HERTZ="20", LOCKGATE_PROFILE_INTERVAL_SECONDS="30"))
    used, hertz = json.loads(done.stdout)
    assert used < 0.02
    assert 1 <= hertz <= 100


def test_settings_come_in_their_order():
    env = {"LOCKGATE_PROFILE_SERVER": "http://a:1", "LOCKGATE_PROFILE_TOKEN": "t", "LOCKGATE_PROFILE_GROUP": "env"}
    told = read({"group": "given", "version": None}, {**env, "LOCKGATE_PROFILE_VERSION": "7"})
    assert (told.group, told.version, told.interval_seconds) == ("given", "7", 60.0)
    with pytest.raises(SettingsMissing, match="LOCKGATE_PROFILE_TOKEN"):
        read({}, {**env, "LOCKGATE_PROFILE_TOKEN": ""})
    assert str(os.getpid()) in told.instance_now()
