"""Numbers, moments, states as people read them."""

from datetime import UTC, datetime, timedelta

import pytest

from service.web import components, highlight, icons
from service.web.readme import render

NOW = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(("seconds", "said"), [
    (0, "0 ms"), (0.034, "34 ms"), (0.9999, "1.0 s"), (4.21, "4.2 s"), (9.96, "10 s"), (59.6, "1 m"), (72, "1 m 12 s"),
    (3600, "1 h"), (7500, "2 h 5 m"), (93784, "1 d 2 h"),
])
def test_a_duration_has_two_units_at_most(seconds, said):
    assert components.duration(seconds) == said


@pytest.mark.parametrize(("octets", "said"), [
    (0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (34_123, "34 kB"), (999_600, "1.0 MB"), (3_412_345, "3.4 MB"), (5 * 10**15, "5000 TB"),
])
def test_a_size_has_three_digits(octets, said):
    assert components.size(octets) == said


@pytest.mark.parametrize(("ago", "said"), [
    (timedelta(seconds=2), "just now"), (timedelta(seconds=59), "59 s ago"), (timedelta(minutes=5), "5 m ago"),
    (timedelta(hours=23, minutes=59), "23 h ago"), (timedelta(days=12), "12 d ago"), (timedelta(days=-3), "in 3 d"),
    (timedelta(days=90), "2025-11-02"),
])
def test_a_moment_is_told_from_now(ago, said):
    assert components.relative(NOW - ago, NOW) == said


def test_a_moment_in_markup_ends_in_z():
    assert components.iso(NOW) == "2026-01-31T12:00:00Z"


@pytest.mark.parametrize("word", components.STATES)
def test_a_state_has_icon_and_word(word):
    badge = components.state_badge(word)
    assert "<svg" in badge
    assert f">{word}</span>" in badge


def test_every_state_looks_different_without_colour():
    assert len({icons.icon(word) for word in components.STATES}) == len(components.STATES)


def test_an_unknown_state_is_escaped():
    assert "<b>" not in components.state_badge("<b>odd")


def test_severities_fill_their_bar_from_hollow():
    assert [components.severity_level(word) for word in components.SEVERITIES] == [4, 3, 2, 1, 0]


def test_highlighting_keeps_the_number_of_lines():
    text = '"""a\n\nb"""\n\n\nx = 1\n'
    assert len(highlight.lines(text, "a.py")) == 6
    assert all(line.count("<span") == line.count("</span") for line in highlight.lines(text, "a.py"))


@pytest.mark.parametrize("name", ["a.py", "a.unknown", "a.html"])
def test_highlighting_escapes_what_it_shows(name):
    assert "<img" not in "".join(highlight.lines("<img src=x onerror=1>\n", name))


@pytest.mark.parametrize("ending", ["md", "rst", "txt", ""])
def test_a_readme_runs_no_script(ending):
    page = render("<script>alert(1)</script>\n\n[x](javascript:alert(1)) <img src=x onerror=alert(1)>\n", f"README.{ending}").lower()
    assert "<script" not in page
    assert "<img" not in page
    assert 'href="javascript' not in page


def test_a_readme_starts_below_the_page_heading():
    assert "<h2>Title</h2>" in render("# Title\n", "README.md")
