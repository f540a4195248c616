"""Snippets in pairs, as documentation shows them, against everything that reviews Python."""

import pytest

from benchmarks.samples import SETS, measure, total

pytestmark = pytest.mark.anydb


@pytest.mark.parametrize("which", SETS)
def test_sins_in_snippets_are_found(which):
    tally, wrong = measure(which)
    found = total(tally, "found")
    assert found / total(tally, "pairs") >= 0.9, wrong
    assert found / (found + total(tally, "loud")) >= 0.95, wrong
