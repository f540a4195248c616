"""How much CPU time another thread of this process has used.

`time.pthread_getcpuclockid(ident)` is undefined for a thread that ended and has crashed programs; the clock id built
from the kernel's thread id (CPUCLOCK_PERTHREAD_MASK | CPUCLOCK_SCHED) answers with an error instead.
"""

import os
import sys
import threading
import time

UNKNOWN = -1
AVAILABLE = sys.platform == "linux"


def cpu_ns(native_id: int) -> int:
    """Nanoseconds of CPU time of the thread, or UNKNOWN when it ended or the system has no such clock."""
    if not AVAILABLE or native_id <= 0:
        return UNKNOWN
    try:
        return time.clock_gettime_ns((~native_id << 3) | 6)
    except OSError:
        return UNKNOWN


def native_ids() -> "dict[int, tuple[int, str]]":
    """Thread ident → (kernel's thread id, name) of the threads that Python started.

    Reads the table of `threading` without its lock: a sampler that waits for a lock of the program can deadlock it.
    The copy is one bytecode-free C call, so it is consistent.
    """
    active = dict(threading._active)  # type: ignore[attr-defined]
    # In a forked child the main thread still has its parent's number, up to Python 3.12; the kernel's is the process id.
    main, pid = threading.main_thread(), os.getpid()
    return {
        ident: ((pid if thread is main and AVAILABLE else thread.native_id) or 0, thread.name)
        for ident, thread in active.items()
    }
