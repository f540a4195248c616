"""How a lock chamber fills: orifice flow through the paddles, integrated in small steps."""

import math

GRAVITY = 9.81
CHAMBER_AREA = 320.0
PADDLE_AREA = 1.8
DISCHARGE = 0.62
STEP_SECONDS = 0.02


def outflow(head: float) -> float:
    """Cubic metres a second through the open paddles at a head of `head` metres."""
    return DISCHARGE * PADDLE_AREA * math.sqrt(2.0 * GRAVITY * max(head, 0.0))


def filling_seconds(lift: float, until: float = 0.01) -> float:
    """Seconds until a chamber `lift` metres below the upper pound is level with it to within `until` metres."""
    head, seconds = lift, 0.0
    while head > until:
        head -= outflow(head) / CHAMBER_AREA * STEP_SECONDS
        seconds += STEP_SECONDS
    return round(seconds, 1)
