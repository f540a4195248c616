"""Whether the process that made something still lives: process numbers are used again, so the start time counts too."""

import os
from pathlib import Path

_BOOT = Path("/proc/sys/kernel/random/boot_id")


def mine() -> str:
    """Words that name this process among all of this machine's: boot, number, start time."""
    pid = os.getpid()
    return f"{_boot()}-{pid}-{_started(pid)}"


def alive(owner: str) -> bool:
    """Whether the process that `mine` named is still there; False for text that names none."""
    boot, _, rest = owner.strip().rpartition("-")
    boot, _, pid = boot.rpartition("-")
    return bool(pid.isdecimal() and boot == _boot() and rest and _started(int(pid)) == rest)


def _boot() -> str:
    return _BOOT.read_text().strip().replace("-", "")[:12]


def _started(pid: int) -> str:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return ""
    fields = stat.rpartition(")")[2].split()
    return "" if fields[0] in "ZX" else fields[19]
