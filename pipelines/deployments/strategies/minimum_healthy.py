"""As many hosts at a time as leave the group's own minimum healthy: a number of hosts, or a share rounded up."""

from pipelines.deployments.strategy import minimum_of

NAME = "minimum-healthy"
EXAMPLES = [(10, 9, 9), (10, "95%", 10), (10, "0%", 0), (3, "50%", 2), (10, 12, 12)]


def minimum(total: int, wanted: int | str | None) -> int:
    """The number or share that the group wants. Raises ValueError when it says neither."""
    if wanted is None:
        raise ValueError("the strategy minimum-healthy needs minimum_healthy")
    return minimum_of(wanted, total)
