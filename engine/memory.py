"""How much memory this process holds and may hold."""

from __future__ import annotations

import sys
from pathlib import Path


def resident_bytes() -> int:
    """Memory that this process holds, in bytes; its peak where the system tells no more."""
    statm = Path("/proc/self/statm")
    if statm.exists():
        import resource

        return int(statm.read_text().split()[1]) * resource.getpagesize()
    if sys.platform == "win32":
        return 0
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak * (1 if sys.platform == "darwin" else 1024)


def available_bytes() -> int | None:
    """Memory that this process may hold altogether, in bytes; None when unknown."""
    table = Path("/proc/meminfo")
    if not table.exists():
        return None
    found = [line for line in table.read_text().splitlines() if line.startswith("MemAvailable")]
    if not found:
        return None
    free = int(found[0].split()[1]) * 1024
    limit, used = (Path("/sys/fs/cgroup") / name for name in ("memory.max", "memory.current"))
    if limit.exists() and used.exists() and limit.read_text().strip().isdigit():
        free = min(free, int(limit.read_text()) - int(used.read_text()))
    return resident_bytes() + free
