from tidewater.hydraulics import filling_seconds


def test_a_higher_lift_takes_longer():
    assert 0 < filling_seconds(1.0) < filling_seconds(4.0)


def test_a_level_chamber_is_ready():
    assert filling_seconds(0.0) == 0
