"""Whole programs, shown to all rules and data flow at once."""

import pytest

from benchmarks.programs import SETS, measure

pytestmark = pytest.mark.anydb


@pytest.mark.parametrize("which", SETS)
def test_sins_in_whole_programs_are_found(which):
    hits, misses, false, wrong = measure(which)
    assert hits / (hits + misses) >= 0.95, wrong
    assert hits / (hits + false) >= 0.97, wrong
