"""The always-on profiler of a running process; standard library only."""
