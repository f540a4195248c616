"""Labelled handlers of web applications: what is found in them, and that safe ones are left alone."""

import pytest

from benchmarks.web_applications import handlers, measure, score

pytestmark = pytest.mark.anydb


@pytest.mark.parametrize(("which", "every"), [("crossed", 4), ("later", 1)])
def test_sinful_handlers_are_told_from_safe_ones(which, every):
    rows, wrong = measure(which, every)
    assert score([sum(row[at] for row in rows.values()) for at in range(4)]) >= 0.95, wrong


def test_every_handler_is_valid_python_and_about_half_are_safe():
    for which in ("crossed", "later"):
        made = handlers(which)
        for one in made:
            compile(one.source, one.path, "exec")
        assert 0.4 < sum(one.sinful for one in made) / len(made) < 0.6
