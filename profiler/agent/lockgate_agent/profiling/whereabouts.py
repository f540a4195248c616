"""What the kernel says a thread is doing: running, waiting for the interpreter lock, or waiting for something else.

`/proc/self/task/TID/syscall` names the system call a thread is in and its arguments. A thread that wants the interpreter
lock waits on a futex inside CPython's own static state; every other wait is elsewhere. The file is read through C calls
that keep the interpreter lock: `open()` gives it away, and the thread that is looked at would run on meanwhile.
"""

import sys
from typing import Any, Optional

try:
    import ctypes
except ImportError:  # some builds of Python leave it out
    ctypes = None  # type: ignore[assignment]

RUNNING, LOCK, WAITING, UNKNOWN = "running", "lock", "waiting", "unknown"
_RUNTIME_BYTES = 1 << 20
_ANSWER_BYTES = 256


class _Kernel:
    """The C calls, or nothing where they are not there."""

    def __init__(self) -> None:
        self.libc: Optional[Any] = None
        if ctypes is None or sys.platform != "linux" or sys.implementation.name != "cpython":
            return
        try:
            self.runtime = ctypes.addressof(ctypes.c_char.in_dll(ctypes.pythonapi, "_PyRuntime"))
            libc = ctypes.PyDLL(None)
            libc.open.argtypes, libc.read.argtypes = (ctypes.c_char_p, ctypes.c_int), (ctypes.c_int, ctypes.c_void_p, ctypes.c_size_t)
            libc.read.restype = ctypes.c_ssize_t
            self.buffer = ctypes.create_string_buffer(_ANSWER_BYTES)
        except (AttributeError, ValueError, OSError):
            return
        self.libc = libc

    def read(self, path: bytes) -> bytes:
        """The start of a file; empty when it cannot be read."""
        assert self.libc is not None
        file = self.libc.open(path, 0o2000000)  # O_RDONLY | O_CLOEXEC
        if file < 0:
            return b""
        size = self.libc.read(file, self.buffer, _ANSWER_BYTES)
        self.libc.close(file)
        return self.buffer.raw[:size] if size > 0 else b""


_kernel = _Kernel()


def of(native_id: int) -> str:
    """RUNNING, LOCK, WAITING, or UNKNOWN where the kernel does not say."""
    if _kernel.libc is None:
        return UNKNOWN
    told = _kernel.read(b"/proc/self/task/%d/syscall" % native_id).split()
    if not told:
        return UNKNOWN
    if told[0] == b"running":
        return RUNNING
    if len(told) < 2 or not told[1].startswith(b"0x"):
        return WAITING
    return LOCK if 0 <= int(told[1], 16) - _kernel.runtime < _RUNTIME_BYTES else WAITING
