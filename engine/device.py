"""Which device computes, in which precision, with how many threads, and why."""

from __future__ import annotations

import ctypes
import functools
import math
import os
import platform
import time
from dataclasses import dataclass, replace

import torch

from .errors import DeviceError

_MALLOC_KEEP = ((-4, 0), (-1, 1 << 30), (-2, 1 << 26))
"""glibc's mallopt: M_MMAP_MAX 0, M_TRIM_THRESHOLD 1 GiB, M_TOP_PAD 64 MiB."""

DEVICES = ("auto", "cpu", "cuda", "mps")
PRECISIONS = ("auto", "float32", "bfloat16", "float16", "int8")
STORAGES = ("auto", "float32", "bfloat16")
CROWDED = 0.6
"""Share of the free memory above which float32 weights are kept in bfloat16, unasked."""

WORTHWHILE = 1.2
"""A lower precision must be so many times faster to be chosen unasked."""


@dataclass(frozen=True)
class DevicePlan:
    """A decision, with its reason in words.

    Attributes:
        device: ``cpu``, ``cuda`` or ``mps``.
        dtype: Type of matrix multiplies under autocast; float32 means no autocast.
        reason: One sentence for the user.
        channels_last: Whether convolutions run with channels last in memory.
        int8: Whether linear layers are quantised to int8; CPU only.
    """

    device: str
    dtype: torch.dtype
    reason: str
    channels_last: bool = False
    int8: bool = False


class DeviceMeter:
    """Measures the memory of a CUDA device that this process holds, in bytes."""

    def start(self) -> None:
        """Begin a measurement."""
        torch.cuda.synchronize()
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()
        self._held = torch.cuda.memory_allocated()

    def read(self) -> tuple[int, int]:
        """``(held, peak)``: at the start, and at most since then."""
        torch.cuda.synchronize()
        return self._held, torch.cuda.max_memory_reserved()

    def free(self) -> int:
        """What this process may hold altogether."""
        free, _ = torch.cuda.mem_get_info()
        return free + torch.cuda.memory_reserved()


def device_meter(plan: DevicePlan) -> DeviceMeter | None:
    """The meter for a plan's device; None where memory is not measured: CPU and Metal."""
    return DeviceMeter() if plan.device == "cuda" else None


def choose_device(wanted: str = "auto", precision: str = "auto") -> DevicePlan:
    """Choose the compute device and its precision.

    On a CPU a lower precision is chosen unasked only where the processor multiplies it
    natively and a short measurement says that it is faster; without native support bfloat16
    is a hundred times slower than float32.

    Args:
        wanted: ``auto``, ``cpu``, ``cuda`` or ``mps``.
        precision: ``auto``, ``float32``, ``bfloat16``, ``float16`` or ``int8``.

    Raises:
        DeviceError: A device or precision is asked for by name and cannot be had.
    """
    if wanted not in DEVICES:
        raise DeviceError(f"There is no device '{wanted}'; choose {_listed(DEVICES)}.")
    if precision not in PRECISIONS:
        raise DeviceError(f"There is no precision '{precision}'; choose {_listed(PRECISIONS)}.")
    if wanted == "cpu":
        return _cpu("asked for", precision)
    missing_cuda = _why_no_cuda()
    if wanted in ("auto", "cuda") and missing_cuda is None:
        return _cuda(precision)
    if wanted in ("auto", "mps") and torch.backends.mps.is_available():
        return _mps(precision)
    if wanted == "cuda":
        raise DeviceError(f"CUDA cannot be used: {missing_cuda}; choose the device cpu.")
    if wanted == "mps":
        raise DeviceError("No Apple GPU was found; choose the device cpu.")
    return _cpu(missing_cuda, precision)


def _listed(names: tuple[str, ...]) -> str:
    return f"{', '.join(names[:-1])} or {names[-1]}"


def _cpu(why: str, precision: str) -> DevicePlan:
    """The CPU, because of ``why``."""
    plan = DevicePlan("cpu", torch.float32, f"CPU: {why}.")
    if precision == "int8":
        return replace(plan, int8=True, reason=f"CPU: {why}; int8 linear layers, as asked for.")
    if precision in ("bfloat16", "float16"):
        dtype = getattr(torch, precision)
        if not has_native(dtype):
            raise DeviceError(
                f"This CPU does not multiply {precision} natively and would be many times "
                "slower; choose float32 or int8."
            )
        return replace(plan, dtype=dtype, reason=f"CPU: {why}; {precision}, as asked for.")
    if precision == "auto" and bfloat16_is_faster():
        reason = f"CPU: {why}; bfloat16, which this processor multiplies natively."
        return replace(plan, dtype=torch.bfloat16, reason=reason)
    return plan


def _cuda(precision: str) -> DevicePlan:
    """The first NVIDIA GPU; half precision unless float32 is asked for."""
    name = torch.cuda.get_device_name()
    if precision == "int8":
        raise DeviceError("int8 runs on the CPU only; choose the device cpu or another precision.")
    native = torch.cuda.get_device_capability() >= (8, 0)
    if precision == "float32":
        dtype, why = torch.float32, "float32, as asked for"
    elif precision == "float16" or not native:
        dtype = torch.float16
        why = "float16" if precision == "float16" else "float16, as it has no native bfloat16"
    else:
        dtype, why = torch.bfloat16, "bfloat16"
    return DevicePlan("cuda", dtype, f"GPU: {name}; {why}.", channels_last=True)


def _mps(precision: str) -> DevicePlan:
    """Apple's GPU; float32 unless half precision is asked for."""
    if precision in ("int8", "bfloat16"):
        raise DeviceError(f"{precision} does not run on Apple GPUs; choose float32 or float16.")
    dtype = torch.float16 if precision == "float16" else torch.float32
    return DevicePlan("mps", dtype, f"GPU: Apple Metal; {str(dtype)[6:]}.")


def _why_no_cuda() -> str | None:
    """The reason why CUDA cannot be used, or None when it can."""
    if not torch.backends.cuda.is_built():
        return "this build of torch has no CUDA support"
    if not torch.cuda.is_available():
        return "no CUDA device found"
    major, minor = torch.cuda.get_device_capability()
    supported = [a for a in torch.cuda.get_arch_list() if a.startswith("sm_")]
    oldest = min((int(a.split("_")[1].rstrip("af")) for a in supported), default=0)
    if major * 10 + minor < oldest:
        return f"the GPU (compute capability {major}.{minor}) is too old for this torch build"
    return None


def has_native(dtype: torch.dtype) -> bool:
    """Whether the CPU says that it multiplies a type natively.

    Args:
        dtype: ``torch.bfloat16`` or ``torch.float16``.
    """
    if platform.machine().lower() in ("arm64", "aarch64"):
        return platform.system() == "Darwin" or _linux_flag("bf16" if _is_bf16(dtype) else "fphp")
    if _is_bf16(dtype):
        return _asked("_is_avx512_bf16_supported") or _asked("_is_amx_tile_supported")
    return _asked("_is_amx_fp16_supported")


def _is_bf16(dtype: torch.dtype) -> bool:
    return dtype == torch.bfloat16


def _asked(function: str) -> bool:
    """Ask torch about the processor; functions that this version lacks say no."""
    ask = getattr(torch.cpu, function, None)
    return bool(ask is not None and ask())


def _linux_flag(flag: str) -> bool:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            return any(line.startswith("Features") and flag in line.split() for line in file)
    except OSError:
        return False


@functools.lru_cache(maxsize=1)
def bfloat16_is_faster(seconds: float = 0.05) -> bool:
    """Measure whether the CPU multiplies matrices clearly faster in bfloat16.

    A CPU without native support is not even measured: one multiply would take too long. The
    two types take turns on one thread and the fastest run of each counts, so that another
    program's load does not change the answer; it is given once a process.

    Args:
        seconds: Roughly how long the measurement may take.
    """
    if not has_native(torch.bfloat16):
        return False
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        best = _fastest_multiplies(seconds)
    finally:
        torch.set_num_threads(threads)
    return best[0] > WORTHWHILE * best[1]


def _fastest_multiplies(seconds: float) -> tuple[float, float]:
    """Seconds of the fastest multiply of two small matrices in float32 and in bfloat16."""
    matrices = [torch.ones(384, 384, dtype=t) for t in (torch.float32, torch.bfloat16)]
    best = [math.inf, math.inf]
    for a in matrices:
        a @ a  # makes the kernels
    until = time.perf_counter() + seconds
    while time.perf_counter() < until:
        for i, a in enumerate(matrices):
            started = time.perf_counter()
            a @ a
            best[i] = min(best[i], time.perf_counter() - started)
    return best[0], best[1]


def choose_storage(wanted: str, plan: DevicePlan, free: int | None, parameters: int) -> torch.dtype:
    """Choose the type in which large weight matrices are kept in memory.

    Args:
        wanted: ``auto``, ``float32`` or ``bfloat16``.
        plan: Where and in which precision the model will run.
        free: Bytes that the process may hold; None when unknown.
        parameters: Number of the model's weights.

    Returns:
        The type that the model multiplies in; bfloat16 for a float32 or int8 model whose
        weights would fill most of the memory.

    Raises:
        DeviceError: There is no such storage.
    """
    if wanted not in STORAGES:
        raise DeviceError(f"There is no storage '{wanted}'; choose {_listed(STORAGES)}.")
    if wanted != "auto":
        return getattr(torch, wanted)
    if plan.dtype != torch.float32:
        return plan.dtype
    crowded = free is not None and 4 * parameters > CROWDED * free
    return torch.bfloat16 if crowded else torch.float32


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
    """Set torch's threads to the cores this process may use, less ``spare``; at least one.

    ``CWSAM_THREADS`` in the environment, a number, goes before.

    Args:
        spare: Cores left to others; 1 inside QGIS, whose screen must stay fluid.
    """
    asked = os.environ.get("CWSAM_THREADS", "")
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    threads = int(asked) if asked.isdecimal() else (cores or 1) - spare
    threads = max(1, threads)
    torch.set_num_threads(threads)
    return threads
