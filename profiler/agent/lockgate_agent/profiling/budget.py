"""How often to look: as often as the budget allows, between one and a hundred times a second."""

WINDOW_SECONDS = 10.0
HERTZ_MIN = 1.0
STEP_HERTZ = 5.0
IDLE_SHARE = 0.0005
"""Of one core: what the profiler may always take, or an idling program would be looked at too rarely."""
OVER_FACTOR_MAX = 4.0
OVER_WINDOWS_MAX = 3
PAUSE_SECONDS = 300.0


class Budget:
    """Additive increase, multiplicative decrease against the CPU time of the process, not against the wall clock:
    a program that starves must not be made to starve more. `share` is the allowed part, 0.005 for half a percent.
    """

    def __init__(self, hertz: float, hertz_max: float, share: float) -> None:
        self.hertz_max, self.share = max(HERTZ_MIN, hertz_max), share
        self.hertz = min(max(hertz, HERTZ_MIN), self.hertz_max)
        self.used_share = 0.0
        """Of the process' CPU time, in the last window."""
        self.pause_seconds = 0.0
        """How long to stop; set when the rate cannot be lowered any more and the cost stays far too high."""
        self._over = 0

    def adjust(self, agent_ns: int, process_ns: int, wall_ns: int) -> float:
        """Takes the CPU time of the profiler and of the whole process in a window; answers the new rate in hertz."""
        allowed = max(self.share * process_ns, IDLE_SHARE * wall_ns, 1.0)
        self.used_share = agent_ns / max(process_ns, 1)
        if agent_ns > allowed:
            self.hertz = max(HERTZ_MIN, self.hertz * max(0.5, allowed / agent_ns))
        elif agent_ns < 0.8 * allowed:
            self.hertz = min(self.hertz_max, self.hertz + STEP_HERTZ)
        self._over = self._over + 1 if agent_ns > OVER_FACTOR_MAX * allowed else 0
        self.pause_seconds = 0.0
        if self._over >= OVER_WINDOWS_MAX:
            self._over, self.pause_seconds = 0, PAUSE_SECONDS
        return self.hertz
