"""The order of versions and the spelling of names, without a server."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from packaging.version import Version

from registry import agent_wheel
from registry.names import check_file_name, npm_name, pypi_name
from registry.versions import by_number, npm_order, npm_version, pypi_key, pypi_number, pypi_order
from service.kernel.errors import Malformed

pytestmark = pytest.mark.anydb


def test_semver_orders_as_its_own_example() -> None:
    told = ["1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta", "1.0.0-beta.2", "1.0.0-beta.11", "1.0.0-rc.1", "1.0.0"]
    assert sorted(set(told), key=npm_order) == told


def test_final_releases_win_over_higher_previews() -> None:
    assert max(["1.0.0", "2.0.0-rc.1"], key=npm_order) == "1.0.0"
    assert max(["1.0", "2.0rc1", "nonsense"], key=pypi_order) == "1.0"


def test_equal_python_versions_share_a_key() -> None:
    assert pypi_key("1.0") == pypi_key("1.0.0") != pypi_key("1.0.1")


_PYTHON_VERSIONS = st.from_regex(
    r"(?:[12]!)?(?:0|[1-9][0-9]?)(?:\.(?:0|[1-9])){0,3}(?:(?:a|b|rc)[0-9])?(?:\.post[0-9])?(?:\.dev[0-9])?(?:\+[a-z1-3](?:\.[a-z1-3]){0,2})?", fullmatch=True
)


@given(st.lists(_PYTHON_VERSIONS | st.sampled_from(["nonsense", ""]), max_size=12))
def test_quick_keys_order_as_pep_440_does(texts: list[str]) -> None:
    slow = by_number(pypi_order)
    assert [slow(text) for text in sorted(texts, key=pypi_number)] == sorted(map(slow, texts))
    assert all((pypi_number(a) == pypi_number(b)) == (slow(a) == slow(b)) for a in texts for b in texts)


@pytest.mark.parametrize("text", ["1.0", "v1.0.0", "1.0.0.0", "01.0.0", "1.0.0-", "latest", "1.0.0 ", "1.0.0-a..b"])
def test_half_versions_are_no_semver(text: str) -> None:
    with pytest.raises(Malformed):
        npm_version(text)


NUMBERS = st.integers(0, 12).map(str)
WORDS = st.text("ab1-", min_size=1, max_size=3)
PRE = st.lists(st.one_of(NUMBERS, WORDS.filter(lambda word: not word.isdigit())), max_size=3).map(".".join)
SEMVER = st.builds(lambda core, pre, build: ".".join(core) + ("-" + pre if pre else "") + build,
                   st.tuples(NUMBERS, NUMBERS, NUMBERS), PRE, st.sampled_from(["", "", "+b.1"]))


@settings(max_examples=3, deadline=None)
@given(st.lists(SEMVER, min_size=100, max_size=150))
def test_versions_sort_as_in_npms_own_semver(versions: list[str]) -> None:
    for one in versions:
        npm_version(one)
    semver = Path(shutil.which("npm") or "").resolve().parents[1] / "node_modules" / "semver"
    script = "const [s, v] = [require(process.argv[1]), JSON.parse(process.argv[2])]; console.log(JSON.stringify(v.sort(s.compare)))"
    done = subprocess.run(["node", "-e", script, str(semver), json.dumps(versions)], capture_output=True, text=True, check=True)
    assert sorted(versions, key=by_number(npm_order)) == json.loads(done.stdout)


EPOCH, RELEASE = st.sampled_from(["", "1!"]), st.lists(NUMBERS, min_size=1, max_size=4).map(".".join)
PEP440 = st.builds("".join, st.tuples(
    EPOCH, RELEASE, st.sampled_from(["", "a1", "b2", "rc1"]), st.sampled_from(["", ".post1"]), st.sampled_from(["", ".dev3"]), st.sampled_from(["", "+x.1"]),
))


@given(PEP440, PEP440)
def test_python_versions_of_one_key_are_equal(first: str, second: str) -> None:
    assert (pypi_key(first) == pypi_key(second)) == (Version(first) == Version(second))
    order = by_number(pypi_order)
    assert (order(first) < order(second)) == (Version(first) < Version(second))


@given(st.from_regex(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,20}[A-Za-z0-9])?", fullmatch=True))
def test_a_projects_spellings_are_one_name(text: str) -> None:
    name = pypi_name(text)
    assert name.name == re.sub(r"[-_.]+", "-", text).lower()  # PEP 503
    for other in (text.upper(), text.replace("-", "_"), text.replace("_", "."), text.replace(".", "-_-"), name.name):
        assert pypi_name(other) == name


@given(st.text(max_size=40))
def test_names_never_hold_path_parts(text: str) -> None:
    for parse in (pypi_name, npm_name):
        try:
            name = parse(text)
        except Malformed:
            continue
        assert "/" not in name.name
        assert name.name not in (".", "..")
        assert "/" not in name.namespace


@given(st.text(max_size=40))
def test_file_names_are_one_segment(text: str) -> None:
    try:
        check_file_name(text)
    except Malformed:
        return
    assert "/" not in text
    assert "\\" not in text
    assert not text.startswith(".")


def test_the_agent_wheel_is_the_same_twice() -> None:
    assert agent_wheel.build() == agent_wheel.build()
