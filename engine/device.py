"""Which device computes, in which precision, with how many threads, and why."""

from __future__ import annotations

import ctypes
import os
import platform
import time
from dataclasses import dataclass

import torch

from .errors import DeviceError

_MALLOC_KEEP = ((-4, 0), (-1, 1 << 30), (-2, 1 << 26))
"""glibc's mallopt: M_MMAP_MAX 0, M_TRIM_THRESHOLD 1 GiB, M_TOP_PAD 64 MiB."""


@dataclass(frozen=True)
class DevicePlan:
    """A decision, with its reason in words.

    Attributes:
        device: ``cpu``, ``cuda`` or ``mps``.
        dtype: Type of matrix multiplies under autocast; float32 means no autocast.
        reason: One sentence for the user.
    """

    device: str
    dtype: torch.dtype
    reason: str


def choose_device(wanted: str = "auto") -> DevicePlan:
    """Choose the compute device.

    Args:
        wanted: ``auto``, ``cpu``, ``cuda`` or ``mps``.

    Raises:
        DeviceError: A device is asked for by name and is not there.
    """
    if wanted not in ("auto", "cpu", "cuda", "mps"):
        raise DeviceError(f"There is no device '{wanted}'; choose auto, cpu, cuda or mps.")
    if wanted == "cpu":
        return DevicePlan("cpu", torch.float32, "CPU: asked for.")
    missing_cuda = _why_no_cuda()
    if wanted in ("auto", "cuda") and missing_cuda is None:
        dtype = torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16
        return DevicePlan("cuda", dtype, f"GPU: {torch.cuda.get_device_name()}.")
    has_mps = torch.backends.mps.is_available()
    if wanted in ("auto", "mps") and has_mps:
        return DevicePlan("mps", torch.float32, "GPU: Apple Metal.")
    if wanted == "cuda":
        raise DeviceError(f"CUDA cannot be used: {missing_cuda}; choose --device cpu.")
    if wanted == "mps":
        raise DeviceError("No Apple GPU was found; choose --device cpu.")
    return DevicePlan("cpu", torch.float32, f"CPU: {missing_cuda}.")


def _why_no_cuda() -> str | None:
    """The reason why CUDA cannot be used, or None when it can."""
    if not torch.backends.cuda.is_built():
        return "this build of torch has no CUDA support"
    if not torch.cuda.is_available():
        return "no CUDA device found"
    major, minor = torch.cuda.get_device_capability()
    supported = [a for a in torch.cuda.get_arch_list() if a.startswith("sm_")]
    oldest = min((int(a.split("_")[1].rstrip("a")) for a in supported), default=0)
    if major * 10 + minor < oldest:
        return f"the GPU (compute capability {major}.{minor}) is too old for this torch build"
    return None


def bfloat16_is_faster(seconds: float = 0.05) -> bool:
    """Measure whether the CPU multiplies matrices at least 1.2 times faster in bfloat16.

    Args:
        seconds: Roughly how long the measurement may take.
    """
    rates = []
    for dtype in (torch.float32, torch.bfloat16):
        a = torch.ones(256, 256, dtype=dtype)
        a @ a
        started, runs = time.perf_counter(), 0
        while time.perf_counter() - started < seconds / 2:
            a @ a
            runs += 1
        rates.append(runs / (time.perf_counter() - started))
    return rates[1] > 1.2 * rates[0]


def keep_large_allocations() -> bool:
    """Let glibc keep large buffers instead of handing each back to the system.

    Page faults otherwise cost up to a fifth of the run time. Meant for the command line,
    never for QGIS's process.

    Returns:
        Whether the C library took the settings; False where it is not glibc.
    """
    if platform.libc_ver()[0] != "glibc":
        return False
    libc = ctypes.CDLL(None)
    return all(libc.mallopt(option, value) == 1 for option, value in _MALLOC_KEEP)


def set_threads(spare: int = 0) -> int:
    """Set torch's threads to the cores this process may use, less ``spare``; at least one."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    threads = max(1, (cores or 1) - spare)
    torch.set_num_threads(threads)
    return threads
