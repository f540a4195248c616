"""Data flow by its labelled cases, by what it says of the way, and by code that means it ill."""

import sys
from typing import get_args

import libcst as cst
import pytest

from analyzers.finding import SourceFile
from analyzers.flow.cases import all_cases
from analyzers.flow.models import BrokenModel, built_in, load
from analyzers.flow.modules import candidates
from analyzers.flow.program import analyse
from analyzers.flow.state import CHOICE
from analyzers.options import ReviewOptions, SinkKind
from analyzers.review import review_file
from analyzers.rule import all_rules

pytestmark = pytest.mark.anydb
CASES = list({case.name: case for case in all_cases()}.values())
QUIET = ReviewOptions(disable=("bandit", "detect-secrets"))
ENTRY = "from flask import request\n\n\n"


def found(source: str, **others: str) -> list[tuple[str, int]]:
    return [(one.rule, one.line) for one in report(source, **others).findings]


def report(source: str, **others: str):
    files = {name.replace("__", "/") + ".py": text for name, text in others.items()}

    def read(paths: list[str]) -> SourceFile | None:
        return next((SourceFile(path, files[path].encode()) for path in paths if path in files), None)

    return review_file(SourceFile("app.py", source.encode()), QUIET, (), read)


STRANGERS = sorted(name for name, kind in built_in().kinds.items() if kind.told and CHOICE not in kind.labels)


@pytest.mark.parametrize("kind", STRANGERS)
def test_every_kind_finds_its_sins_and_spares_their_twins(kind):
    own = [case for case in CASES if case.kind == kind and not case.held_out]
    assert any(case.sinful for case in own) and any(not case.sinful for case in own)
    for case in own:
        hits = analyse(cst.parse_module(case.source), "app.py", built_in()).hits
        assert any(hit.kind == kind for hit in hits) is case.sinful, f"{case.name}\n{case.source}"


def test_held_out_cases_agree():
    held = [case for case in CASES if case.held_out]
    right = sum(
        any(hit.kind == case.kind for hit in analyse(cst.parse_module(case.source), "app.py", built_in()).hits) is case.sinful
        for case in held
    )
    assert len(held) > 300
    assert right / len(held) >= 0.98


def test_a_finding_tells_the_whole_way():
    source = (
        "import os\nfrom flask import request\n\n\ndef run(line):\n    os.system('ls ' + line)\n\n\n"
        "def page():\n    name = request.args.get('name')\n    run(name)\n"
    )
    finding = report(source).findings[0]
    assert (finding.rule, finding.line) == ("shell-injection", 6)
    assert [one.line for one in finding.steps] == [10, 10, 11, 6, 6]
    assert "HTTP request" in finding.steps[0].message
    assert finding.steps[-1].message == "`system` gets it"


def test_a_way_through_another_file_is_found():
    source = "from flask import request\nfrom shop.base import look_up\n\n\ndef page():\n    return look_up(request.args['name'])\n"
    base = "import sqlite3\n\n\ndef look_up(name):\n    return sqlite3.connect('a').execute('SELECT ' + name)\n"
    finding = report(source, shop__base=base).findings[0]
    assert (finding.rule, finding.path, finding.line) == ("sql-injection", "app.py", 6)
    assert finding.steps[-1].path == "shop/base.py"
    assert found(source) == []


def test_a_source_in_another_file_is_found():
    source = "import os\nfrom flask import g\nfrom incoming import name, size\n\n\ndef page():\n    os.system('ls ' + name())\n    os.system('ls ' + size())\n"
    incoming = f"{ENTRY}def name():\n    return request.args['name']\n\n\ndef size():\n    return str(int(request.args['size']))\n"
    assert found(source, incoming=incoming) == [("shell-injection", 7)]


def test_files_that_import_each_other_end():
    other = "from app import page\nfrom app import *\n\n\ndef again(x):\n    return page(x)\n"
    source = f"{ENTRY}from other import again\n\n\ndef page(x):\n    return eval(again(request.args['x']))\n"
    assert found(source, other=other) == [("dynamic-code", 8)]


def test_a_constant_refutes_another_rules_suspicion():
    text = (
        "def column(n):\n    return {1: 'a', 2: 'b'}[1]\n\n\n"
        "def page(base, n):\n    base.execute('SELECT ' + column(n) + ' FROM t')\n"
    )
    assert not review_file(SourceFile("app.py", text.encode()), QUIET, all_rules()).findings
    doubtful = text.replace("+ column(n)", "+ n")
    assert [one.rule for one in review_file(SourceFile("app.py", doubtful.encode()), QUIET, all_rules()).findings] == ["sql-injection"]


@pytest.mark.parametrize(
    "source",
    [
        "x = request.args['a']\n" + "x = x + x\n" * 3000 + "eval(x)\n",
        "def f(n):\n    return f(n) + f(n)\n\n\neval(f(request.args['a']))\n",
        "".join(f"def f{n}(x):\n    return f{n + 1}(x) + f{n + 1}(x)\n" for n in range(200)) + "eval(f0(request.args['a']))\n",
        "while True:\n    x = [x, [x, {x: x}]]\n    eval(x)\n",
        "class A(A):\n    pass\n\n\nA().x.y.z()\n",
        "x = 'a' * 10 ** 9\ny = '%1000000000d' % 1\nz = 9 ** 9 ** 9\nw = 1 << 10 ** 10\neval(x + y)\n",
        "\n".join(f"{' ' * n}if a:" for n in range(90)) + f"\n{' ' * 90}eval(request.args['a'])\n",
        "x = " + "(" * 90 + "request.args['a']" + ")" * 90 + "\neval(x)\n",
        "x = " + "+".join(["a"] * 800) + "\neval(x)\n",
    ],
)
def test_hostile_code_ends_soon(source):
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(20_000)
    try:
        assert report(ENTRY + source).lines > 0
    finally:
        sys.setrecursionlimit(limit)


def test_nothing_under_review_runs(tmp_path):
    mark = tmp_path / "ran"
    source = f"{ENTRY}open({str(mark)!r}, 'w').write('x')\nimport evil\neval(request.args['a'])\n"
    report(source, evil=f"open({str(mark)!r}, 'w').write('x')\n")
    assert not mark.exists()


def test_modules_are_looked_for_near_their_user():
    assert list(candidates("shop.base", "src/shop/orders.py"))[:4] == [
        "shop/base.py", "shop/base/__init__.py", "src/shop/base.py", "src/shop/base/__init__.py",
    ]


def test_a_model_with_an_unknown_kind_is_refused():
    with pytest.raises(BrokenModel, match="nothing-such"):
        load([{"sink": [{"kind": "nothing-such", "names": ["a.b"], "positions": [0]}]}])


def test_a_repository_teaches_its_own_functions():
    source = (
        "from flask import request\nfrom shop import tidy, run_line, told\n\n\ndef clean(x):\n    return x\n\n\n"
        "def page(base):\n    base.execute('SELECT ' + tidy(request.args['a']))\n    base.execute('SELECT ' + clean(request.args['b']))\n"
        "    run_line(told())\n"
    )
    settings = {
        "sources": [{"names": ["shop.told()"]}],
        "sinks": [{"names": ["shop.run_line"], "kind": "command"}],
        "sanitizers": [{"names": ["shop.tidy", "app.clean"], "kinds": ["sql"]}],
    }
    plain = review_file(SourceFile("app.py", source.encode()), QUIET, ()).findings
    assert [(one.rule, one.line) for one in plain] == [("sql-injection", 10), ("sql-injection", 11)]
    taught = ReviewOptions.model_validate({"disable": QUIET.disable, "models": settings})
    assert [(one.rule, one.line) for one in review_file(SourceFile("app.py", source.encode()), taught, ()).findings] == [("shell-injection", 12)]


@pytest.mark.parametrize("call", ["replace(b)", "replace()", "replace(*b)", "replace('a', 'b', 1)", "replace(old=b)", "translate()", "splitlines(1, 2)"])
def test_methods_named_as_those_of_texts_take_any_arguments(call):
    source = f"import os\nimport sys\n\n\ndef f(b):\n    a = sys.argv[1]\n    a.{call}\n    os.system(a)\n"
    found = review_file(SourceFile("app.py", source.encode()), QUIET, ()).findings
    assert [(one.rule, one.line) for one in found] == [("shell-injection", 8)]


def test_options_know_every_kind():
    assert set(get_args(SinkKind)) == set(built_in().kinds)


def test_what_an_imported_file_does_as_a_program_is_said_there():
    other = "import importlib\nimport sys\nimport flask\n\n\ndef main():\n    importlib.import_module(sys.argv[1])\n\n\nclass Site:\n    pass\n\n\nmain()\n"
    guarded = other.replace("\nmain()\n", "\nif __name__ == '__main__':\n    main()\n")
    source = f"{ENTRY}from other import Site\n\n\ndef page():\n    Site()\n"
    assert found(source, other=other) == found(source, other=guarded) == []
    assert found(guarded) == [("module-injection", 7)]


@pytest.mark.parametrize(("annotation", "severities"), [("Request", ["high"]), ("requests.PreparedRequest", []), ("'PreparedRequest'", [])])
def test_a_request_that_the_program_sends_is_no_strangers_word(annotation, severities):
    source = f"import requests\nfrom flask import Request\n\n\ndef send(request: {annotation}):\n    return open(request.url)\n"
    assert [one.severity for one in report(source).findings] == severities


def test_a_stream_that_reads_bytes_is_no_path():
    source = f"{ENTRY}def page(stream):\n    path = stream / request.args['a']\n    return [path.read_bytes(SIZE)]\n"
    assert found(source.replace("SIZE", "")) == [("path-traversal", 6)]
    assert found(source.replace("SIZE", "10")) == []


def test_whoever_starts_the_program_is_a_lesser_stranger():
    source = "import importlib, os, sys\nimportlib.import_module(sys.argv[1])\nos.system(sys.argv[1])\neval(sys.argv[1])\n"
    assert [one.severity for one in report(source).findings] == ["low", "medium", "medium"]


def test_a_constructor_is_followed_once_for_all_methods() -> None:
    """Its work, times the methods of its class, was more than the budget of a file."""
    work = "".join(f"        self.part({n})\n" for n in range(60))
    parts = "    def part(self, kind):\n" + "        x = kind\n" * 60
    methods = "".join(f"    def method{n}(self):\n        return self.kind\n" for n in range(60))
    source = f"class Writer:\n    def __init__(self, kind):\n        self.kind = kind\n{work}{parts}{methods}"
    assert analyse(cst.parse_module(source), "app.py", built_in()).told == ""


REDIRECTS = "from flask import redirect, request\nfrom django.utils.http import url_has_allowed_host_and_scheme as allowed\n\n\ndef page():\n"


@pytest.mark.parametrize(("body", "rules"), [
    ("return redirect(request.args['to'])", ["open-redirect"]),
    ("return redirect(request.full_path + '#top')", []),
    ("to = request.args['to']\n    fine = allowed(to, {'a'})\n    return redirect(to if fine else '/')", []),
    ("to = request.args['to']\n    fine = allowed(to, {'a'})\n    return redirect('/' if fine else to)", ["open-redirect"]),
])  # fmt: skip
def test_only_what_leads_elsewhere_is_an_open_redirect(body, rules):
    assert [rule for rule, _ in found(f"{REDIRECTS}    {body}\n")] == rules


@pytest.mark.parametrize(("family", "severities"), [("AF_INET", ["critical"]), ("AF_UNIX", [])])
def test_a_socket_of_this_machine_brings_no_strangers_word(family, severities):
    source = f"import pickle, socket\n\n\ndef ask():\n    with socket.socket(socket.{family}) as link:\n        return pickle.loads(link.recv(99))\n"
    assert [one.severity for one in report(source).findings] == severities


def test_a_decorator_of_the_trees_own_is_no_route():
    own = "def post(function):\n    return function\n\n\n@post\ndef set_up(path):\n    return open(path)\n"
    assert found(own) == []
    assert found("import bottle\n\n\n@bottle.post('/a/<path>')\ndef set_up(path):\n    return open(path)\n") == [("path-traversal", 6)]


def test_a_header_of_a_request_that_is_sent_is_no_answers_header():
    source = f"{ENTRY}def page(TARGET):\n    TARGET.headers['X-Last'] = request.args['a']\n    return TARGET\n"
    assert found(source.replace("TARGET", "answer")) == [("header-injection", 5)]
    assert found(f"{ENTRY}def send(request, text):\n    request.headers['X-Last'] = request.args['a']\n") == []


def test_an_uploads_name_is_a_path_and_the_upload_is_none():
    source = f"{ENTRY}import zipfile\n\n\ndef page():\n    return zipfile.ZipFile(request.files['a']FIELD)\n"
    assert found(source.replace("FIELD", "")) == []
    assert found(source.replace("FIELD", ".filename")) == [("path-traversal", 8)]


def whole(source: str, **others: str) -> list[tuple[str, str]]:
    """What all rules, Bandit and data flow say of a file, by tool."""
    files = {name.replace("__", "/"): text for name, text in others.items()}

    def read(paths: list[str]) -> SourceFile | None:
        return next((SourceFile(path, files[path].encode()) for path in paths if path in files), None)

    found = review_file(SourceFile("app.py", source.encode()), ReviewOptions(disable=("detect-secrets",)), None, read).findings
    return [(one.tool, one.rule) for one in found]


def test_bandit_stands_back_where_data_flow_knows_better():
    known = f"{ENTRY}def page(base):\n    name = request.args['a']\n    column = 'a' if name == 'a' else 'b'\n    base.execute('SELECT ' + column)\n"
    assert whole(known) == []
    unknown = known.replace("'a' if name == 'a' else 'b'", "column_of(name)")
    assert any(rule in ("sql-injection", "B608") for _, rule in whole(unknown))


def test_what_no_way_leads_to_does_no_harm():
    dead = "import hashlib\nfrom flask import request\n\n\ndef page():\n    if 1 > 2:\n        return hashlib.md5(request.data).hexdigest()\n    return ''\n"
    assert ("lockgate", "weak-hash") not in whole(dead)
    assert ("lockgate", "weak-hash") in whole(dead.replace("1 > 2", "request.args"))


@pytest.mark.parametrize(("chosen", "bad"), [("old", True), ("new", False)])
def test_a_choice_is_followed_into_a_settings_file(chosen, bad):
    source = (
        "import configparser\nimport hashlib\nfrom flask import request\n\n\ndef page():\n    told = configparser.ConfigParser()\n"
        f"    told.read('app.ini')\n    return hashlib.new(told['digest']['{chosen}'], request.data).digest()\n"
    )
    settings = {"app.ini": "[digest]\nold = md5\nnew = sha256\n"}
    assert (("lockgate", "weak-hash") in whole(source, **settings)) is bad
    assert ("lockgate", "weak-hash") not in whole(source, **{"app.ini": "no settings"})
    assert ("lockgate", "weak-hash") not in whole(source)


@pytest.mark.parametrize(
    ("test", "harmless"),
    [
        ("return text in ('a', 'b')", True),
        ("return text not in ('a', 'b')", False),
        ("return len(text) < 9", False),
        ("if text.isalnum():\n        return True\n    return False", True),
        ("if text.isalnum():\n        return True\n    return True", False),
        ("return text == 'a' or text == 'b'", True),
        ("return text == 'a' or len(text) == 1", False),
    ],
)
def test_a_check_in_a_function_counts_by_its_answer(test, harmless):
    source = (
        f"import os\n{ENTRY}def fits(text):\n    {test}\n\n\ndef page():\n    name = request.args['n']\n"
        "    if not fits(name):\n        return 'no'\n    os.system('ls ' + name)\n"
    )
    assert found(source) == ([] if harmless else [("shell-injection", 13 + test.count("\n"))])


@pytest.mark.parametrize(
    "line",
    ["x.replace(given)", "x.replace('a', 'b', 1)", "z = collections.defaultdict(given == 'a')", "del given[0], given['a'].b", "x.translate()", "'%*d' % (1, x)"],
)
def test_calls_with_other_arguments_end_no_review(line):
    source = f"import collections\n{ENTRY}def page():\n    given = request.args\n    x = given['x']\n    {line}\n    eval(x)\n"
    assert ("dynamic-code", 9) in found(source)
