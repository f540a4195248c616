"""The git host's pages, over a repository that tries to break them."""

import subprocess

import pytest

from tests.web.sample import ATTACK


def test_a_new_repository_tells_how_to_push(visitor):
    answer = visitor.submit("/repositories", "/repositories", {"name": "pages/fresh", "project": "web", "description": "Fresh"})
    assert (answer.status, answer.headers["Location"]) == (303, "/repositories/pages/fresh")
    page = visitor.get("/repositories/pages/fresh").text
    assert "git push lockgate HEAD:main" in page
    assert f"{visitor.server.url}/git/pages/fresh" in page


@pytest.mark.parametrize("name", ["", "../x", "a//b", "-", "x.git", "<b>", "a/-/b", "é", "a b", "x" * 101])
def test_a_bad_name_makes_no_repository(visitor, name):
    answer = visitor.submit("/repositories", "/repositories", {"name": name})
    assert answer.status == 200
    assert "Not created" in answer.text


def test_a_taken_name_is_told(visitor, sample):
    assert "already exists" in visitor.submit("/repositories", "/repositories", {"name": sample.repository}).text


def test_the_front_page_shows_files_and_readme(visitor, sample):
    page = visitor.get(sample.page).text
    for words in ("README.md", "src/", "picture.bin", "<h2>Awkward</h2>", f"git clone {visitor.server.url}/git/{sample.repository}", "Second"):
        assert words in page, words


@pytest.mark.parametrize("tail", ["", "/-/tree/main", "/-/blob/main/README.md", "/-/commits/main", "/-/branches"])
def test_markup_in_a_repository_stays_text(visitor, sample, tail):
    page = visitor.get(sample.page + tail).text
    assert ATTACK not in page
    assert "<i>" not in page


def test_markup_in_commits_stays_text(visitor, sample):
    page = visitor.get(f"{sample.page}/-/commit/{sample.first}").text
    assert ATTACK not in page
    assert "<i>" not in page
    assert "&lt;script&gt;" in page


def test_a_readme_loads_and_runs_nothing(visitor, sample):
    page = visitor.get(sample.page).text
    assert "elsewhere.invalid" not in page
    assert 'href="javascript' not in page
    assert 'href="https://example.invalid/" rel="noopener noreferrer nofollow"' in page


def test_the_printed_clone_command_works(visitor, sample, tmp_path):
    page = visitor.get(sample.page).text
    address = page.partition("git clone ")[2].partition("<")[0]
    address = address.replace("http://", f"http://any:{visitor.server.token}@")
    subprocess.run(["git", "clone", "-q", address, str(tmp_path / "copy")], check=True, capture_output=True)
    assert (tmp_path / "copy" / "README.md").exists()


def test_a_file_has_numbered_lines_to_link(visitor, sample):
    page = visitor.get(f"{sample.page}/-/blob/main/src/long.txt").text
    assert '<tr id="L1500">' in page
    assert "line 1500 again" in page
    assert 'href="#L10"' in page


def test_a_file_shows_at_every_ref(visitor, sample):
    for ref in ("main", "feature/deep/one", "v1.0", sample.first, sample.first[:10]):
        answer = visitor.get(f"{sample.page}/-/blob/{ref}/src/find.py")
        assert answer.status == 200, ref
        assert "find" in answer.text
    assert "ünïcode.txt" in visitor.get(f"{sample.page}/-/tree/feature/deep/one").text


@pytest.mark.parametrize("name", ["a%20b%26%3Ci%3E.txt", "renamed.txt"])
def test_odd_names_lead_to_their_files(visitor, sample, name):
    assert f"/-/blob/main/{name}" in visitor.get(sample.page).text
    assert visitor.get(f"{sample.page}/-/blob/main/{name}").status == 200


def test_a_name_that_is_no_utf8_is_shown(visitor, sample):
    assert "latin-\ufffd.txt" in visitor.get(sample.page).text


def test_a_binary_file_is_not_shown(visitor, sample):
    assert "A binary file" in visitor.get(f"{sample.page}/-/blob/main/picture.bin").text


def test_a_symbolic_link_says_where_it_leads(visitor, sample):
    assert "A symbolic link to <code>README.md</code>" in visitor.get(f"{sample.page}/-/blob/main/link").text


def test_raw_bytes_are_whole_and_never_a_page(visitor, sample):
    text = visitor.get(f"{sample.page}/-/raw/main/README.md")
    assert ATTACK in text.text
    assert text.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert "sandbox" in text.headers["Content-Security-Policy"]
    data = visitor.get(f"{sample.page}/-/raw/main/picture.bin")
    assert data.body == bytes(range(256)) * 40
    assert data.headers["Content-Disposition"].startswith("attachment")


def test_a_folder_and_a_file_find_each_other(visitor, sample):
    assert visitor.get(f"{sample.page}/-/blob/main/src").headers["Location"] == f"{sample.page}/-/tree/main/src"
    assert visitor.get(f"{sample.page}/-/tree/main/README.md").headers["Location"] == f"{sample.page}/-/blob/main/README.md"


@pytest.mark.parametrize("tail", [
    "/-/blob/main/none", "/-/tree/none", "/-/tree/-h", "/-/tree/--output=x", "/-/commit/zz", "/-/commit/" + "0" * 40, "/-/blob/main/.git/config",
    "/-/tree/main:src", "/-/commits/main..v1.0",
])
def test_what_is_not_there_is_a_plain_404(visitor, sample, tail):
    answer = visitor.get(sample.page + tail)
    assert answer.status == 404, answer.text
    assert "What to do" in answer.text


def test_a_commit_shows_what_changed(visitor, sample):
    page = visitor.get(f"{sample.page}/-/commit/{sample.second}").text
    assert f'href="/reviews/of/{sample.repository}/{sample.second}"' in page
    assert "ünïcode.txt → renamed.txt" in page
    assert "4 files" in page or "3 files" in page
    assert '<td class="sign">-</td>' in page
    assert '<td class="sign">+</td>' in page


def test_a_huge_file_waits_for_a_click(visitor, sample):
    commit = f"{sample.page}/-/commit/{sample.second}"
    page = visitor.get(commit).text
    assert "line 700 again" not in page
    assert f"{commit}?path=src/long.txt" in page
    assert "line 700 again" in visitor.get(f"{commit}?path=src/long.txt").text


def test_a_short_hash_leads_to_the_whole(visitor, sample):
    answer = visitor.get(f"{sample.page}/-/commit/{sample.first[:8]}")
    assert answer.headers["Location"] == f"{sample.page}/-/commit/{sample.first}"


def test_history_follows_one_path(visitor, sample):
    page = visitor.get(f"{sample.page}/-/commits/main/README.md").text
    assert sample.first in page
    assert sample.second not in page


@pytest.mark.parametrize("skip", ["x", "-1", "9" * 20])
def test_a_bad_page_of_history_is_told(visitor, sample, skip):
    assert visitor.get(f"{sample.page}/-/commits/main?skip={skip}").status == 400


def test_branches_and_tags_are_listed(visitor, sample):
    page = visitor.get(f"{sample.page}/-/branches").text
    assert f"{sample.page}/-/tree/feature/deep/one" in page
    assert f"{sample.page}/-/tree/v1.0" in page


def test_the_git_ending_opens_no_other_door(server, sample):
    deny = [
        {"Effect": "Allow", "Action": ["*"], "Resource": ["*"]},
        {"Effect": "Deny", "Action": ["*"], "Resource": [f"git/{sample.repository}"]},
    ]
    token = server.new_account("pages-denied", deny)
    assert server.call("GET", f"{sample.page}.git", token=token, headers={"Accept": "text/html"}).status == 403
