"""The order of versions and the spelling of names, without a server."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry import agent_wheel
from registry.names import check_file_name, npm_name, pypi_name
from registry.versions import npm_order, npm_version, pypi_key, pypi_order
from service.kernel.errors import Malformed


def test_semver_orders_as_its_own_example() -> None:
    told = ["1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta", "1.0.0-beta.2", "1.0.0-beta.11", "1.0.0-rc.1", "1.0.0"]
    assert sorted(set(told), key=npm_order) == told


def test_final_releases_win_over_higher_previews() -> None:
    assert max(["1.0.0", "2.0.0-rc.1"], key=npm_order) == "1.0.0"
    assert max(["1.0", "2.0rc1", "nonsense"], key=pypi_order) == "1.0"


def test_equal_python_versions_share_a_key() -> None:
    assert pypi_key("1.0") == pypi_key("1.0.0") != pypi_key("1.0.1")


@pytest.mark.parametrize("text", ["1.0", "v1.0.0", "1.0.0.0", "01.0.0", "1.0.0-", "latest", "1.0.0 ", "1.0.0-a..b"])
def test_half_versions_are_no_semver(text: str) -> None:
    with pytest.raises(Malformed):
        npm_version(text)


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
