"""Whole programs, shown to all rules and data flow at once."""

import pytest

from benchmarks.programs import measure

pytestmark = pytest.mark.anydb


def test_sins_in_whole_programs_are_found():
    hits, misses, false, wrong = measure()
    assert hits / (hits + misses) >= 0.95, wrong
    assert hits / (hits + false) >= 0.97, wrong
