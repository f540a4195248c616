"""Keys of payment services."""

import re

from analyzers.detector import Detector
from analyzers.finding import Confidence


def _live(match: re.Match[str]) -> Confidence | None:
    return "high" if "_live_" in match["secret"] else "medium"


DETECTORS = (
    Detector(
        name="stripe-key",
        title="A Stripe key",
        pattern=re.compile(r"(?<![A-Za-z0-9])(?P<secret>[sr]k_(?:live|test)_[A-Za-z0-9]{24,120})(?![A-Za-z0-9])"),
        words=("k_live_", "k_test_"),
        source="https://docs.stripe.com/keys",
        flagged=("sk_live_" + "k3Tz9QpXv7LmW2rB8sYdN4hJ", "rk_test_" + "k3Tz9QpXv7LmW2rB8sYdN4hJ"),
        near_misses=("pk_live_" + "k3Tz9QpXv7LmW2rB8sYdN4hJ", "sk_live_short", "task_live_" + "k3Tz9QpXv7LmW2rB8sYdN4hJ"),
        grade=_live,
    ),
)
