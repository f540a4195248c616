"""The profiler through the front door: a real service, a real program, real clients."""

import gzip
import http.client
import json
import subprocess
import sys
import time
from pathlib import Path

import pytest
from pyinstrument.session import Session

from lockgate_agent.profiling import pprof
from profiler import wire
from tests.lockgate_server import Server, wait_for
from tests.profiler.receiver import environment

SHOP = """
import json, re, threading, urllib.request
import flask, lockgate_agent
from werkzeug.serving import make_server

app = flask.Flask("shop")

def add_up(lines):
    total = 0
    for line in range(lines):
        total += line * line % 7
    return total

@app.get("/invoice/<int:number>")
def invoice(number):
    return {"total": add_up(150_000)}

@app.get("/quick")
def quick():
    return "quick"

assert lockgate_agent.start(version="1.4", own="shop", flask_app=app)
server = make_server("127.0.0.1", 0, app, threaded=True)
threading.Thread(target=server.serve_forever, daemon=True).start()
for turn in range(120):
    for path in ("/invoice/7", "/quick"):
        urllib.request.urlopen(f"http://127.0.0.1:{server.server_port}{path}").read()
"""
JSON = {"Content-Type": "application/json"}


def new_group(server: Server, name: str) -> str:
    assert server.call("POST", "/api/v1/profiling-groups", {"name": name}).status == 201
    return f"/api/v1/profiling-groups/{name}"


def profile(*stacks: tuple[str, int], start: float | None = None) -> bytes:
    """A pprof of stacks `outer;inner`, each with so many milliseconds of CPU time."""
    rows = [
        ([(name, f"/srv/{name}.py", 1, 5) for name in reversed(stack.split(";"))], (cpu, cpu * 1_000_000), {}) for stack, cpu in stacks
    ]
    types = [("samples", "count"), ("cpu", "nanoseconds")]
    begun = int((start or time.time() - 61) * 1e9)
    return pprof.encode(types, rows, start_ns=begun, duration_ns=60_000_000_000)


def send(server: Server, group: str, body: bytes, query: str = "", token: str | None = ""):
    return server.call("POST", f"/api/v1/profiles?group={group}&instance=i{query}", body=body, token=token)


def hottest(server: Server, url: str, query: str = "") -> list[dict]:
    return server.call("GET", f"{url}/hottest?{query}").json()["items"]


def test_a_program_shows_its_hottest_functions(server: Server, tmp_path: Path):
    url = new_group(server, "shop")
    env = environment(server.url, tmp_path, LOCKGATE_PROFILE_TOKEN=server.token, LOCKGATE_PROFILE_GROUP="shop")
    done = subprocess.run([sys.executable, "-c", SHOP], env=env, capture_output=True, text=True, timeout=90)
    assert done.returncode == 0, done.stderr
    items = wait_for(lambda: hottest(server, url, "sort=total&limit=100"), what="functions")
    names = {item["function"]: item for item in items}
    assert names["__main__.add_up"]["self_share"] > 0.3, items[:8]
    assert names["__main__.invoice"]["total_share"] > 0.3
    assert names["__main__.add_up"]["samples"] >= 5
    routes = server.call("GET", f"{url}/flame?by=route").json()["flame"]["children"]
    assert max((r for r in routes if r["file"] == "<route>"), key=lambda r: r["value"])["name"] == "GET /invoice/<int:number>"
    assert not [r for r in server.call("GET", f"{url}/flame").json()["flame"]["children"] if r["file"] == "<route>"]
    page = server.call("GET", "/profiles/shop?by=route").text
    assert "GET /invoice/&lt;int:number&gt;" in page
    assert "add_up" in page


def test_the_same_profile_counts_once(server: Server):
    url, body = new_group(server, "twice"), profile(("main;work", 40))
    first, second = send(server, "twice", body), send(server, "twice", body)
    assert (first.status, second.status) == (201, 200)
    assert first.json()["id"] == second.json()["id"]
    assert wait_for(lambda: hottest(server, url))[0]["self"] == 40_000_000
    assert len(server.call("GET", f"{url}/profiles").json()["items"]) == 1


def test_folded_stacks_are_accepted(server: Server):
    url = new_group(server, "folded")
    sent = server.call("POST", "/api/v1/profiles?group=folded", body=b"main (a.py:1);work (a.py:7) 12\n", headers={"Content-Type": "text/plain"})
    assert sent.status == 201, sent.text
    top = wait_for(lambda: hottest(server, url))[0]
    assert (top["function"], top["place"], top["samples"], top["self_share"]) == ("work", "a.py:7", 12, 1.0)


def test_versions_and_times_are_told_apart(server: Server):
    url, now = new_group(server, "versions"), time.time()
    send(server, "versions", profile(("main;old", 10), start=now - 3 * 3600), "&version=1")
    send(server, "versions", profile(("main;new", 20), start=now - 300), "&version=2")
    wait_for(lambda: len(hottest(server, url, "minutes=600")) == 3)
    assert {i["function"] for i in hottest(server, url, "minutes=60")} == {"main", "new"}
    assert {i["function"] for i in hottest(server, url, "minutes=600&version=1")} == {"main", "old"}


@pytest.mark.parametrize(
    ("query", "body", "status", "said"),
    [
        ("group=nowhere", profile(("a", 1)), 404, "profiling group"),
        ("group=hostile", b"not a profile", 400, "pprof"),
        ("group=hostile", gzip.compress(b""), 400, "sample types"),
        ("group=hostile", profile(), 400, "no samples"),
        ("group=hostile", profile(("a", 1), start=1.0), 400, "kept for so long"),
        ("group=hostile", b"\x1f\x8b" + bytes(wire.COMPRESSED_BYTES_MAX), 413, "limit"),
        ("group=hostile&wrong=1", profile(("a", 1)), 422, ""),
        ("", profile(("a", 1)), 422, ""),
    ],
)
def test_bad_profiles_are_refused(server: Server, query, body, status, said):
    server.call("POST", "/api/v1/profiling-groups", {"name": "hostile"})
    answer = server.call("POST", f"/api/v1/profiles?{query}", body=body)
    assert answer.status == status, answer.text
    assert said in answer.text
    assert server.call("GET", "/api/v1/profiling-groups/hostile/profiles").json()["items"] == []


def test_a_broken_upload_leaves_nothing(server: Server):
    url, body = new_group(server, "broken"), profile(("main;work", 5))
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    connection.putrequest("POST", "/api/v1/profiles?group=broken")
    connection.putheader("Authorization", f"Bearer {server.token}")
    connection.putheader("Content-Length", str(len(body) + 50))
    connection.endheaders(body)
    assert connection.sock is not None
    connection.close()
    send(server, "broken", profile(("main;other", 5)))
    wait_for(lambda: hottest(server, url))
    assert {i["function"] for i in hottest(server, url)} == {"main", "other"}


def test_a_token_may_send_and_not_read(server: Server):
    url = new_group(server, "narrow")
    token = server.new_account("sender", [{"Effect": "Allow", "Action": ["profile:Submit"], "Resource": ["profile/narrow"]}])
    assert send(server, "narrow", profile(("main", 1)), token=token).status == 201
    assert send(server, "narrow", profile(("main", 1)), token=None).status == 401
    assert send(server, "narrow", profile(("main", 1)), token="lgt_wrong").status == 401
    assert server.call("GET", f"{url}/hottest", token=token).status == 403
    assert server.call("PATCH", url, {"enabled": False}, token=token).status == 403
    assert server.call("GET", "/api/v1/profiling-groups", token=token).json()["items"] == []
    assert server.call("GET", "/api/v1/profiles/orders?group=narrow", token=token).json() == {
        "agent": {"enabled": True, "interval_seconds": None}
    }


def test_agents_are_switched_off_by_the_group(server: Server):
    url = new_group(server, "switch")
    assert server.call("PATCH", url, {"enabled": False, "interval_seconds": 30}).json()["enabled"] is False
    assert send(server, "switch", profile(("main", 1))).json()["agent"] == {"enabled": False, "interval_seconds": 30}
    assert server.call("PATCH", url, {"enabled": True, "interval_seconds": 0}).json()["interval_seconds"] is None


def test_names_are_checked(server: Server):
    for name, status in (("", 400), ("a b", 400), ("../x", 400), ("x" * 101, 400), ("names", 201), ("names", 409)):
        assert server.call("POST", "/api/v1/profiling-groups", {"name": name}).status == status, name


def test_every_download_is_what_it_says(server: Server, tmp_path: Path):
    url = new_group(server, "download")
    send(server, "download", profile(("main;work", 30), ("main;rest", 10)))
    wait_for(lambda: hottest(server, url))

    def get(form: str) -> bytes:
        answer = server.call("GET", f"{url}/profile?format={form}")
        assert answer.status == 200, answer.text
        assert "attachment" in answer.headers["Content-Disposition"]
        return answer.body

    assert wire.decode(get("pprof")).tree.total("cpu") == 40_000_000
    assert b"main (/srv/main.py:5);work (/srv/work.py:5) 30000000\n" in get("folded")
    scope = json.loads(get("speedscope"))
    assert (scope["profiles"][0]["unit"], scope["profiles"][0]["endValue"]) == ("nanoseconds", 40_000_000)
    saved = tmp_path / "x.pyisession"
    saved.write_bytes(get("pyinstrument"))
    loaded = Session.load(str(saved))
    assert sum(seconds for _, seconds in loaded.frame_records) == pytest.approx(0.04)
    html = get("pyinstrument-html").decode()
    assert "work" in html
    assert "googleapis" not in html


def test_advice_names_the_caller(server: Server):
    url = new_group(server, "advice")
    send(server, "advice", profile(("shop.serve;shop.parse;re.compile;re._compile", 60), ("shop.serve;shop.work", 140)), "&own=shop")
    items = wait_for(lambda: server.call("GET", f"{url}/recommendations").json()["items"])
    assert items[0]["title"] == "Regular expressions are compiled again and again"
    assert items[0]["caller"]["function"] == "shop.parse"
    assert "compiled again and again" in server.call("GET", "/profiles/advice").text


def test_an_empty_group_says_how_to_begin(server: Server):
    new_group(server, "empty")
    page = server.call("GET", "/profiles/empty")
    assert page.status == 200
    assert f"server=&#34;{server.url}&#34;" in page.text
    assert "lockgate_agent.start(" in page.text
    assert "style=" not in page.text
    assert "empty" in server.call("GET", "/profiles").text
    assert "empty" in server.call("GET", "/search?q=empty").text


@pytest.mark.parametrize(
    "query", ["metric=none", "minutes=0", "minutes=x", "from=yesterday", "from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z", "by=colour"],
)
def test_bad_views_are_named(server: Server, query):
    server.call("POST", "/api/v1/profiling-groups", {"name": "views"})
    send(server, "views", profile(("main;work", 5)))
    wait_for(lambda: hottest(server, "/api/v1/profiling-groups/views"))
    assert server.call("GET", f"/profiles/views?{query}").status == 400


def test_the_page_answers_without_javascript(server: Server):
    url = new_group(server, "page")
    send(server, "page", profile(("shop.main;shop.work;json.dumps", 30), ("shop.main;<script>alert(1)</script>", 10)), "&own=shop&version=9")
    wait_for(lambda: hottest(server, url))
    for query in ("", "own=1", "q=work", "hide=dumps", "version=9", "root=abc", "metric=samples"):
        page = server.call("GET", f"/profiles/page?{query}")
        assert page.status == 200, query
        assert "<script>alert" not in page.text
        assert "n = " in page.text
    assert "75.0 %" in server.call("GET", "/profiles/page?q=work").text


def test_forms_create_and_change_groups(server: Server):
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    assert server.call("POST", "/profiles", body=b"name=by-form", headers=form).status == 303
    told = server.call("POST", "/profiles/by-form/settings", body=b"description=hello&own_packages=shop,+tools", headers=form)
    assert told.status == 303, told.text
    group = server.call("GET", "/api/v1/profiling-groups/by-form").json()
    assert (group["description"], group["own_packages"], group["enabled"]) == ("hello", ["shop", "tools"], False)


def test_a_killed_worker_merges_after_all(fresh_server: Server):
    url = new_group(fresh_server, "crash")
    for number in range(20):
        assert send(fresh_server, "crash", profile((f"main;f{number}", 10))).status == 201
        if number == 10:
            fresh_server.kill("worker")
    wait_for(lambda: len(hottest(fresh_server, url, "limit=100")) == 21, 90, "every profile merged")
    assert sum(item["self"] for item in hottest(fresh_server, url, "limit=100")) == 20 * 10_000_000
