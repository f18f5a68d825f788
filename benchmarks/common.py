"""What the network's benchmarks share: timing side by side, peak memory, tables, JSON."""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import threading
import time
from pathlib import Path
from typing import Callable

import torch


def arguments(doc: str, repeat: int = 5) -> argparse.ArgumentParser:
    """The options that every benchmark has."""
    parser = argparse.ArgumentParser(description=doc)
    parser.add_argument("--json", type=Path)
    parser.add_argument(
        "--repeat", type=int, default=repeat, help="runs of each; the median counts"
    )
    parser.add_argument("--threads", type=int, default=0, help="torch's threads; all cores if 0")
    return parser


def use_threads(wanted: int) -> int:
    """Set torch's threads; 0 means all cores."""
    torch.set_num_threads(wanted or os.cpu_count() or 1)
    return torch.get_num_threads()


def side_by_side(calls: dict[str, Callable[[], object]], repeat: int) -> dict[str, float]:
    """Median wall seconds of each call, taken in turns so that drift hits all alike.

    Args:
        calls: Names to calls.
        repeat: Rounds, after one to warm up.
    """
    times: dict[str, list[float]] = {name: [] for name in calls}
    for number in range(repeat + 1):
        for name, call in calls.items():
            started = time.perf_counter()
            call()
            if number:
                times[name].append(time.perf_counter() - started)
    return {name: statistics.median(values) for name, values in times.items()}


def matmul_rate(size: int = 2048, seconds: float = 1.5) -> float:
    """Floating-point operations a second of a square float32 matrix multiply."""
    a, b, out = (torch.randn(size, size) for _ in range(3))
    torch.mm(a, b, out=out)
    rates, started = [], time.perf_counter()
    while time.perf_counter() - started < seconds:
        once = time.perf_counter()
        torch.mm(a, b, out=out)
        rates.append(2 * size**3 / (time.perf_counter() - once))
    return statistics.median(rates)


def resident(kind: str = "VmRSS") -> int:
    """Bytes of this process: ``VmRSS`` now, ``RssAnon`` without mapped files, ``VmHWM`` peak."""
    for line in Path("/proc/self/status").read_text(encoding="utf-8").splitlines():
        if line.startswith(f"{kind}:"):
            return int(line.split()[1]) * 1024
    raise LookupError(f"this system does not tell {kind}")


class PeakMemory:
    """Samples the resident memory of this process every few milliseconds in a ``with`` block.

    Attributes:
        before: Bytes at the start.
        peak: Largest number of bytes seen.
    """

    def __enter__(self) -> PeakMemory:
        self.before = self.peak = resident()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()
        return self

    def _watch(self) -> None:
        while not self._stop.wait(0.003):
            self.peak = max(self.peak, resident())

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        self.peak = max(self.peak, resident())

    @property
    def extra(self) -> int:
        """Bytes above the start."""
        return self.peak - self.before


def machine() -> dict:
    """What the figures were measured on."""
    cpu = next(
        (
            line.split(":")[1].strip()
            for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
            if line.startswith("model name")
        ),
        platform.processor(),
    )
    return {
        "platform": platform.platform(),
        "cpu": cpu,
        "capability": torch.backends.cpu.get_cpu_capability(),
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "load_average": os.getloadavg()[0],
        "torch": torch.__version__,
    }


def figure(value: float, unit: str, against: str, bound_by: str) -> dict:
    """One metric as the JSON file holds it."""
    return {"value": round(value, 6), "unit": unit, "against": against, "bound_by": bound_by}


def show(title: str, metrics: dict[str, dict]) -> None:
    """Print the metrics as a table with what bounds each."""
    print(f"\n{title}")
    for name, row in metrics.items():
        print(f"  {name:28}{row['value']:>12.4g} {row['unit']:8} against {row['against']}")
        print(f"  {'':28}bound by {row['bound_by']}")


def finish(metrics: dict[str, dict], path: Path | None) -> None:
    """Print the metrics and write them where asked."""
    show("metrics", metrics)
    if path:
        report = {"machine": machine(), "metrics": metrics}
        path.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
