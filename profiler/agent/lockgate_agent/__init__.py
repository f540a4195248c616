"""Lockgate inside other programs and hosts: `lockgate_agent.start()` profiles this process, `stop()` ends it."""

from typing import Any

__all__ = ["start", "stop"]


def __getattr__(name: str) -> Any:
    """Loads the profiler when it is asked for: the host agent lives in the same package and does without it."""
    if name in __all__:
        from lockgate_agent.profiling import control

        return getattr(control, name)
    raise AttributeError("module {!r} has no attribute {!r}".format(__name__, name))
