"""What a process used: CPU of all its threads and of its children, memory."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Final

_TICKS: Final = os.sysconf("SC_CLK_TCK")
_CPUCLOCK_SCHED: Final = 2  # the kernel's clock of what a process used in user and kernel mode (include/linux/posix-timers.h)
_MIB: Final = 1 << 20


class Process:
    """A process on this machine that may be looked at; 0 is this one."""

    def __init__(self, pid: int) -> None:
        self.pid = pid

    def cpu_seconds(self) -> float:
        """What all its threads used so far, those that ended too, and its children, those that were waited for and those that run."""
        return self._all_of(self.pid)

    def _all_of(self, pid: int) -> float:
        try:
            own = time.clock_gettime((~pid << 3) | _CPUCLOCK_SCHED)
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        except (OSError, FileNotFoundError):
            return 0.0  # it has just ended: its parent has what it used
        waited = (int(fields[13]) + int(fields[14])) / _TICKS
        return own + waited + sum(self._all_of(int(child)) for child in children)

    def memory_mib(self) -> int:
        """What it has in memory now."""
        pages = int(Path(f"/proc/{self.pid or 'self'}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") // _MIB
