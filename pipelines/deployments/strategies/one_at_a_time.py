"""One host after the other: all but one stay healthy, the first failure stops it unless it is the last host."""

NAME = "one-at-a-time"
EXAMPLES = [(1, None, 0), (2, None, 1), (10, None, 9)]


def minimum(total: int, _wanted: int | str | None) -> int:
    """All but one of `total` hosts."""
    return max(0, total - 1)
