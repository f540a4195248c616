"""At most half of the hosts at a time, rounded down, but always at least one; half of them must succeed."""

NAME = "half-at-a-time"
EXAMPLES = [(1, None, 0), (2, None, 1), (3, None, 2), (9, None, 5), (10, None, 5)]


def minimum(total: int, _wanted: int | str | None) -> int:
    """Half of `total` hosts, rounded up; a single host is let go."""
    return total - total // 2 if total > 1 else 0
