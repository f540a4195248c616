"""Home, search, alarms, audit, errors, static files."""

import gzip

import pytest

from tests.web.visitor import Visitor

SECTIONS = ("/", "/repositories", "/reviews", "/packages", "/pipelines", "/deployments", "/profiles", "/alarms", "/audit", "/settings")


@pytest.mark.parametrize("path", [*SECTIONS, "/search", "/-/components"])
def test_every_section_opens_and_marks_itself(visitor, path):
    answer = visitor.get(path)
    assert answer.status == 200, answer.text
    if path in SECTIONS:
        assert f'<a href="{path}" aria-current="page">' in answer.text


@pytest.mark.parametrize("path", [*SECTIONS, "/search", "/-/components"])
def test_no_page_opens_for_a_stranger(stranger, path):
    assert stranger.get(path).status == 302


def test_an_account_without_rights_sees_an_empty_house(server, sample):
    poor = Visitor(server).log_in(server.new_account("pages-poor", []))
    for path in ("/", "/repositories", "/search?q=awkward", "/alarms"):
        answer = poor.get(path)
        assert answer.status == 200, path
        assert "harbour/awkward" not in answer.text, path
    assert poor.get("/audit").status == 403
    assert poor.get(sample.page).status == 403
    assert poor.submit("/settings", "/repositories", {"name": "mine"}).status == 403


def test_no_room_breaks_home_or_search(visitor, sample):
    assert "could not be read" not in visitor.get("/").text
    assert "could not be read" not in visitor.get("/search?q=awkward").text


def test_home_tells_the_latest_push(visitor, sample):
    assert f"{sample.page}/-/commit/{sample.first}" in visitor.get("/").text


def test_search_finds_repositories_and_commits(visitor, sample):
    assert sample.page in visitor.get("/search?q=AWKward").text
    assert f"{sample.page}/-/commit/{sample.second}" in visitor.get(f"/search?q={sample.second[:9]}").text


@pytest.mark.parametrize("text", ["%25", "_", "'", "%22%3E%3Cscript%3Ealert(1)%3C/script%3E", "%00", "x" * 5000, "-h", "--upload-pack=x"])
def test_odd_searches_find_nothing_and_break_nothing(visitor, text):
    answer = visitor.get(f"/search?q={text}")
    assert answer.status == 200
    assert "<script>alert" not in answer.text


def test_the_audit_trail_is_filtered_by_address(visitor, sample):
    page = visitor.get(f"/audit?action=git:Create&resource=git/{sample.repository}").text
    assert "git:Create" in page
    assert "admin:LogIn" not in page


def test_the_audit_trail_is_paged_by_address(visitor):
    for _ in range(51):
        Visitor(visitor.server).log_in()
    page = visitor.get("/audit?action=admin:LogIn").text
    assert 'rel="next"' in page
    older = page.partition('rel="next" href="')[2].partition('"')[0].replace("&amp;", "&")
    assert "admin:LogIn" in visitor.get(older).text


@pytest.mark.parametrize("before", ["x", "-1", "9" * 30, "1;drop"])
def test_a_bad_page_of_the_trail_is_told(visitor, before):
    answer = visitor.get(f"/audit?before={before}")
    assert answer.status == 400
    assert "is not the id of an audit row" in answer.text


def test_an_error_page_says_what_to_do(visitor):
    answer = visitor.get("/repositories/there/is/none")
    assert answer.status == 404
    for words in ("What happened", "What to do", "Request id", "there/is/none"):
        assert words in answer.text


def test_an_unknown_address_gives_a_page(visitor):
    answer = visitor.get("/nothing/here")
    assert answer.status == 404
    assert "What to do" in answer.text


def test_styles_are_kept_for_ever_by_content(stranger):
    page = stranger.get("/login").text
    address = page.partition('rel="stylesheet" href="')[2].partition('"')[0]
    assert "immutable" in stranger.get(address).headers["Cache-Control"]
    assert "immutable" not in (stranger.get("/static/lockgate.css?v=other").headers["Cache-Control"] or "")


def test_the_first_page_is_small(visitor):
    weight = 0
    for path in ("/", "/static/lockgate.css", "/static/lockgate.js", "/static/icon.svg", "/static/vendor/htmx.org-2.0.11/htmx.min.js"):
        answer = visitor.get(path, **{"Accept-Encoding": "gzip"})
        if answer.headers["Content-Encoding"] == "gzip":
            assert gzip.decompress(answer.body)
        weight += len(answer.body)
    assert weight < 60_000
