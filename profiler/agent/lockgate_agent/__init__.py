"""Lockgate inside other programs and hosts: `lockgate_agent.start()` profiles this process, `stop()` ends it."""

from lockgate_agent.profiling.control import start, stop

__all__ = ["start", "stop"]
