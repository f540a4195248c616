"""The cache of `lockgate review`: it makes a second review cheap and never changes what one says."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from analyzers.finding import Diagnostic, FileReport, Skipped, SourceFile
from analyzers.options import ReviewOptions
from service.cli.review_cache import Results, context_of, key_of, place
from tests.analyzers.test_command_line import INJECTION, lockgate

PLAIN = FileReport(lines=3)


def key(number: int) -> bytes:
    return number.to_bytes(32, "big")


def kept(path: Path, *numbers: int) -> set[int]:
    results = Results(path)
    found = results.load(key(number) for number in numbers)
    results.close()
    return {int.from_bytes(one, "big") for one in found}


def filled(path: Path, number: int) -> None:
    results = Results(path)
    results.save({key(one): (FileReport(lines=one), {"shop": "ab"}) for one in range(number)})
    results.close()


def test_a_key_is_of_all_that_decides(tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text("x = 1\n")
    one, other = context_of(ReviewOptions(), None), context_of(ReviewOptions(disable=("bandit",)), None)
    with_rules = context_of(ReviewOptions(), tmp_path)
    (tmp_path / "own.py").write_text("x = 2\n")
    contexts = {one, other, with_rules, context_of(ReviewOptions(), tmp_path)}
    assert len(contexts) == 4
    files = [SourceFile("a.py", b"x"), SourceFile("b.py", b"x"), SourceFile("a.py", b"y")]
    assert len({key_of(context, file) for context in contexts for file in files}) == 12


def test_what_is_kept_comes_back(tmp_path: Path) -> None:
    report = FileReport(diagnostics=(Diagnostic("a\udcff.py", 1, "said"),), skipped=(Skipped("b", "binary", "why"),), lines=2)
    results = Results(tmp_path / "deep/er/c.sqlite")
    results.save({key(1): (report, {"shop.cart": "", "shop": "ab"})})
    results.close()
    again = Results(tmp_path / "deep/er/c.sqlite")
    assert again.load([key(1), key(2)]) == {key(1): (report, {"shop.cart": "", "shop": "ab"})}
    again.close()
    assert (tmp_path / "deep/er/c.sqlite").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("size", [0, 20, 4_000, 9_000])
def test_a_damaged_file_is_made_anew(tmp_path: Path, size: int) -> None:
    path = tmp_path / "c.sqlite"
    filled(path, 200)
    whole = path.read_bytes()
    path.write_bytes(whole[:size] + b"\x5a" * 4_096 + whole[size + 4_096 :])
    found = kept(path, *range(200))
    assert found < set(range(200)), "what is damaged is no result"
    filled(path, 3)
    assert {0, 1, 2} <= kept(path, 0, 1, 2)


def test_an_entry_with_another_text_is_a_miss(tmp_path: Path) -> None:
    path = tmp_path / "c.sqlite"
    filled(path, 3)
    connection = sqlite3.connect(path)
    connection.execute("UPDATE results SET report = (SELECT report FROM results WHERE key = ?) WHERE key = ?", (key(2), key(1)))
    connection.commit()
    connection.close()
    assert kept(path, 0, 1, 2) == {0, 2}


def test_a_cache_that_cannot_be_is_done_without(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    (tmp_path / "link.sqlite").symlink_to(tmp_path / "elsewhere")
    for path in (tmp_path / "file/c.sqlite", tmp_path / "link.sqlite"):
        results = Results(path)
        results.save({key(1): (PLAIN, {})})
        assert results.load([key(1)]) in ({}, {key(1): (PLAIN, {})})
        results.close()
    assert not (tmp_path / "elsewhere").exists()


def test_the_size_is_bounded(tmp_path: Path) -> None:
    path = tmp_path / "c.sqlite"
    for start in range(0, 400, 100):
        results = Results(path, bytes_max=15_000)
        results.save({key(n): (FileReport(diagnostics=(Diagnostic("a.py", n, os.urandom(40).hex()),)), {}) for n in range(start, start + 100)})
        results.close()
    assert 50 < len(kept(path, *range(400))) < 200


def test_two_write_at_once_and_one_dies(tmp_path: Path) -> None:
    path = tmp_path / "c.sqlite"
    program = (
        "import sys, pathlib\nfrom analyzers.finding import FileReport\nfrom service.cli.review_cache import Results\n"
        "first = int(sys.argv[2])\nr = Results(pathlib.Path(sys.argv[1]))\nprint('ready', flush=True)\nsys.stdin.readline()\n"
        "for n in range(first, first + 2000):\n    r.save({n.to_bytes(32, 'big'): (FileReport(lines=n), {})})\n"
        "    print(n, flush=True)\nr.close()\n"
    )
    running = [
        subprocess.Popen([sys.executable, "-c", program, str(path), str(first)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for first in (0, 10_000)
    ]
    one, other = running
    for each in running:
        assert each.stdout.readline() == "ready\n"
    for each in running:
        each.stdin.write("go\n")
        each.stdin.flush()
    said = [int(one.stdout.readline()) for _ in range(50)]
    one.send_signal(signal.SIGKILL)
    one.wait(20)
    rest = other.communicate(timeout=60)[0].split()
    assert other.returncode == 0 and len(rest) == 2000
    assert set(said) <= kept(path, *range(2000)), "what the dead one had written is whole"
    assert len(kept(path, *range(10_000, 12_000))) == 2000


def test_a_second_review_says_the_same_without_a_child(tmp_path: Path) -> None:
    cache = place({**os.environ})
    tree = tmp_path / "tree"
    (tree / "shop").mkdir(parents=True)
    (tree / "app.py").write_text("from flask import request\nfrom shop.base import run\n\n\ndef page():\n    run(request.args['a'])\n")
    (tree / "shop/base.py").write_text(INJECTION)
    (tree / "broken.py").write_text("def f(:\n")

    def findings(*options: str) -> list[tuple[str, str]]:
        done = lockgate(".", "--format", "json", "--fail-on", "never", *options, cwd=tree)
        assert (done.returncode, done.stderr) == (0, "")
        report = json.loads(done.stdout)
        assert [one["path"] for one in report["diagnostics"]] == ["broken.py"]
        return sorted((one["path"], one["rule"]) for one in report["findings"])

    before = cache.stat().st_mtime_ns if cache.exists() else 0
    first = findings("--no-cache")
    assert (cache.stat().st_mtime_ns if cache.exists() else 0) == before
    assert ("app.py", "shell-injection") in first
    assert findings() == first
    written = cache.stat().st_mtime_ns
    assert findings() == first
    assert cache.stat().st_mtime_ns == written, "all was known"
    (tree / "shop/base.py").write_text("def run(name):\n    return len(name)\n")
    assert findings() == [], "the result of app.py leaned on what it imports"


SIGNING = """import configparser
import hashlib

from flask import request


def sign():
    settings = configparser.ConfigParser()
    settings.read("site.ini")
    return hashlib.new(settings["hash"]["name"], request.args["password"].encode()).hexdigest()
"""


def test_a_result_leans_on_the_settings_it_read(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(SIGNING)
    for name, expected in (("md5", ["weak-hash"]), ("sha256", []), ("", []), ("md5", ["weak-hash"])):
        (tmp_path / "site.ini").write_text(f"[hash]\nname = {name}\n") if name else (tmp_path / "site.ini").unlink()
        done = lockgate(".", "--format", "json", "--fail-on", "never", cwd=tmp_path)
        assert [one["rule"] for one in json.loads(done.stdout)["findings"]] == expected, name
