"""How much memory this process holds and may hold."""

from __future__ import annotations

import ctypes
import sys
from pathlib import Path


def resident_bytes() -> int:
    """Memory that this process holds, in bytes; its peak where the system tells no more."""
    if sys.platform == "win32":
        return _held_on_windows()
    import resource

    statm = Path("/proc/self/statm")
    if statm.exists():
        return int(statm.read_text().split()[1]) * resource.getpagesize()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak * (1 if sys.platform == "darwin" else 1024)


def available_bytes() -> int | None:
    """Memory that this process may hold altogether, in bytes; None when unknown, as on macOS."""
    free = _free_on_windows() if sys.platform == "win32" else _free_on_linux()
    return None if free is None else resident_bytes() + free


def _free_on_linux() -> int | None:
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
    return free


class _MachineMemory(ctypes.Structure):
    """Windows' ``MEMORYSTATUSEX``."""

    _fields_ = (
        ("size", ctypes.c_uint32),
        ("load", ctypes.c_uint32),
        ("total", ctypes.c_uint64),
        ("free", ctypes.c_uint64),
        ("others", ctypes.c_uint64 * 5),
    )


class _ProcessMemory(ctypes.Structure):
    """Windows' ``PROCESS_MEMORY_COUNTERS``."""

    _fields_ = (
        ("size", ctypes.c_uint32),
        ("faults", ctypes.c_uint32),
        ("peak", ctypes.c_size_t),
        ("working_set", ctypes.c_size_t),
        ("others", ctypes.c_size_t * 6),
    )


def _free_on_windows() -> int | None:
    found = _MachineMemory(ctypes.sizeof(_MachineMemory))
    told = ctypes.WinDLL("kernel32").GlobalMemoryStatusEx(ctypes.byref(found))
    return found.free if told else None


def _held_on_windows() -> int:
    kernel, found = ctypes.WinDLL("kernel32"), _ProcessMemory(ctypes.sizeof(_ProcessMemory))
    kernel.GetCurrentProcess.restype = ctypes.c_void_p
    process = ctypes.c_void_p(kernel.GetCurrentProcess())
    told = kernel.K32GetProcessMemoryInfo(process, ctypes.byref(found), found.size)
    return found.working_set if told else 0
