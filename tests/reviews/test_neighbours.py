"""Which kept results still count after a push, and reading the contents that this takes."""

import subprocess
from pathlib import Path

import pytest

from analyzers.finding import SourceFile
from analyzers.flow.places import candidates, settings_places
from service.git import browse
from service.reviews.neighbours import Reading, Tree

pytestmark = pytest.mark.anydb
FILES = {
    "shop/__init__.py": "", "shop/orders.py": "import os\n", "shop/page.py": "import flask\nfrom shop import orders, views\n",
    "shop/views/__init__.py": "x = 1\n", "tool.py": "import shop.orders\n", "large.bin": "x" * 5000,
}  # fmt: skip


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    git(tmp_path, "init", "-q", "-b", "main")
    return tmp_path


def git(work: Path, *arguments: str) -> None:
    who = ("-c", "user.name=Ana", "-c", "user.email=ana@example.com")
    subprocess.run(["git", *who, *arguments], cwd=work, check=True, capture_output=True)


def committed(repo: Path, files: dict[str, str | None]) -> Tree:
    for name, text in files.items():
        (repo / name).parent.mkdir(parents=True, exist_ok=True)
        if text is None:
            (repo / name).unlink()
        else:
            (repo / name).write_text(text)
    git(repo, "add", "-A")
    git(repo, "commit", "-q", "--allow-empty", "-m", "Change")
    return Tree(repo / ".git", browse.files(repo / ".git", "HEAD"))


@pytest.mark.parametrize(("change", "page", "tool"), [
    ({"notes.py": "y = 2\n"}, True, True),
    ({"shop/orders.py": "import os, sys\n"}, False, True),
    ({"shop/orders.py": "import flask\n"}, False, False),
    ({"shop/views/__init__.py": "x = 2\n"}, False, True),
    ({"shop/views/__init__.py": None, "shop/views.py": "x = 1\n"}, True, True),
    ({"shop/orders.py": None}, False, True),
    ({"shop/shop/orders.py": "x = 1\n"}, True, True),
    ({"json.py": "import flask\n"}, False, False),
])
def test_results_count_while_what_they_read_is_the_same(repo: Path, change: dict[str, str | None], page: bool, tool: bool) -> None:
    before = committed(repo, dict(FILES))
    kept = {}
    for path, modules in (("shop/page.py", ("shop.orders", "shop.views", "json")), ("tool.py", ("shop.orders", "json"))):
        reading = Reading(before, FILES[path].encode())
        for name in modules:
            reading.read(list(candidates(name, path)))
        kept[path] = {"asked": reading.asked}
        assert before.agrees(path, kept[path])
    after = committed(repo, change)
    assert (after.agrees("shop/page.py", kept["shop/page.py"]), after.agrees("tool.py", kept["tool.py"])) == (page, tool)
    before.close()
    after.close()


def test_results_count_while_the_settings_they_read_are_the_same(repo: Path) -> None:
    page = {"shop/page.py": "import flask\n", "site.ini": "[hash]\nname = md5\n", "shop/ini.py": ""}
    before = committed(repo, dict(page))
    reading = Reading(before, b"import flask\n")
    assert reading.read(list(settings_places("site.ini", "shop/page.py"))) == SourceFile("site.ini", b"[hash]\nname = md5\n")
    assert reading.read(list(settings_places("more.cfg", "shop/page.py"))) is None
    kept = {"asked": reading.asked}
    changes: list[tuple[dict[str, str | None], bool]] = [
        ({"other.ini": "[a]\n"}, True), ({"site.ini": "[hash]\nname = sha256\n"}, False), (dict(page), True),
        ({"shop/more.cfg": "[a]\n"}, False), ({"shop/more.cfg": None}, True), ({"site.ini": None}, False),
    ]
    for change, counts in changes:
        after = committed(repo, change)
        assert after.agrees("shop/page.py", kept) is counts, change
        after.close()
    before.close()


def test_contents_are_read_one_by_one_and_again_after_the_end(repo: Path) -> None:
    committed(repo, dict(FILES))
    oids = {entry.path: entry.oid for entry in browse.files(repo / ".git", "HEAD")}
    reader = browse.BlobReader(repo / ".git", limit_bytes=1000)
    assert reader.read(oids["shop/orders.py"]) == b"import os\n"
    assert reader.read("0" * 40) is None and reader.read("no name") is None
    assert reader.read(oids["shop/__init__.py"]) == b""
    assert reader.read(oids["large.bin"]) is None
    assert reader.read(oids["tool.py"]) == b"import shop.orders\n"
    reader.close()
    assert reader.read(oids["tool.py"]) == b"import shop.orders\n"
    reader.close()
    reader.close()


def test_a_module_is_read_once_for_all_who_ask(repo: Path) -> None:
    tree = committed(repo, dict(FILES))
    file = Reading(tree).read(["nowhere.py", "shop/orders.py"])
    assert file == SourceFile("shop/orders.py", b"import os\n")
    assert Reading(tree).read(["shop/orders.py"]) == file
    assert Reading(tree).read(["nowhere.py"]) is None
    tree.close()
