"""A process that does not outlive the one that started it."""

import ctypes

_PR_SET_PDEATHSIG = 1


def die_with_parent(number: int) -> None:
    """Linux: the kernel sends `number` to this process when its parent dies, also by kill -9 (prctl(2))."""
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, int(number))
