"""The three-billion-parameter variant on this machine: loading, memory, one tile.

``python -m benchmarks.big [--json FILE] [--folder FOLDER] [--repeat 1] [--threads 2]``

Writes a checkpoint of ``sam_moe_3b`` with random weights (12 GB, removed at the end), then
loads it and segments one tile of 1024 x 1024 pixels three times, each in a process of its own:
in float32, with the large matrices kept in bfloat16, and with int8 layers. The peak memory is
the whole process's, as the system counts it.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from cwsam.engine.cli import make_predictor
from cwsam.engine.config import load_model_config
from cwsam.engine.device import choose_device, choose_storage, keep_large_allocations
from cwsam.engine.models.builders import build_skeleton
from cwsam.engine.models.card import ModelCard
from cwsam.engine.models.checkpoint import load_model
from cwsam.engine.models.safetensors_file import write_safetensors
from torch.utils.flop_counter import FlopCounterMode

from . import common

VARIANT = "sam_moe_3b"
WAYS = {
    "float32": ("float32", "float32"),
    "bfloat16 storage": ("float32", "bfloat16"),
    "int8": ("int8", "bfloat16"),
}
"""Precision and storage by row."""


class RandomTensors(dict):
    """Tensors on the meta device whose values are drawn when they are written, one at a time."""

    def values(self):
        """Draw each in turn."""
        for name, tensor in self.items():
            real = torch.empty(tensor.shape, dtype=tensor.dtype)
            yield real.fill_(1.0) if "norm" in name else real.normal_(std=0.02)


def write_checkpoint(path: Path) -> None:
    """Write random weights in float32."""
    config = load_model_config(VARIANT)
    model = build_skeleton(config)
    tensors = RandomTensors(model.named_parameters())
    matrix = "pe_layer.positional_encoding_gaussian_matrix"
    tensors[matrix] = model.get_buffer(matrix)
    metadata = {
        "format": "pt",
        "config": json.dumps(dataclasses.asdict(config)),
        "card": json.dumps(ModelCard("random weights").to_dict()),
    }
    torch.manual_seed(0)
    write_safetensors(path, tensors, metadata)


def baddbmm_flops(_: object, a: list[int], b: list[int], **__: object) -> int:
    """Operations of the in-place batched multiply, which torch's counter leaves out."""
    return 2 * a[0] * a[1] * a[2] * b[2]


def packed_flops(x: list[int], *_: object, out_shape: list[int], **__: object) -> int:
    """Operations of a linear layer with packed weights."""
    return 2 * x[0] * x[1] * out_shape[1]


def one_tile(path: Path, way: str, repeat: int, threads: int) -> dict:
    """Load and segment in this process; seconds and bytes."""
    precision, wanted = WAYS[way]
    keep_large_allocations()
    threads = common.use_threads(threads)
    rate = common.matmul_rate()
    plan = choose_device("cpu", precision)
    before, started = common.resident("VmRSS"), time.perf_counter()
    loaded = load_model(path, storage=lambda n: choose_storage(wanted, plan, None, n))
    seconds_load, peak_load = time.perf_counter() - started, common.resident("VmHWM")
    kept = sum(t.numel() * t.element_size() for t in loaded.model.parameters())
    predictor = make_predictor(loaded, plan)
    tile = loaded.config.image_size
    image = np.random.default_rng(0).standard_normal((1, 3, tile, tile), np.float32)
    times = []
    for _ in range(repeat):
        started = time.perf_counter()
        probabilities = predictor.predict(image)
        times.append(time.perf_counter() - started)
    assert torch.isfinite(probabilities).all(), "the map is not finite"
    result = {"load": seconds_load, "extra": peak_load - before - kept, "kept": kept, "rate": rate,
              "seconds": float(np.median(times)), "peak": common.resident("VmHWM"),
              "threads": threads}  # fmt: skip
    if precision == "float32" and wanted == "float32":
        count = {
            torch.ops.aten.baddbmm_: baddbmm_flops,
            torch.ops.mkldnn._linear_pointwise: packed_flops,
        }
        with FlopCounterMode(display=False, custom_mapping=count) as counter:
            predictor.predict(image)
        result["flops"] = counter.get_total_flops()
    return result


def child(*options: str) -> dict:
    """Run this module again and read what it prints."""
    command = [sys.executable, "-m", "benchmarks.big", *options]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr)
    return json.loads(done.stdout.splitlines()[-1])


def table(results: dict[str, dict], flops: float) -> None:
    """Print a row for each way."""
    print(f"\n{VARIANT}, random weights, one tile of 1024 x 1024 px, {flops / 1e12:.2f} TFLOP")
    print(f"{'':20}{'load s':>8}{'weights GB':>12}{'load extra GB':>15}{'tile s':>8}"
          f"{'GFLOP/s':>9}{'of matmul':>11}{'peak GB':>9}")  # fmt: skip
    for way, r in results.items():
        rate = flops / r["seconds"]
        print(f"{way:20}{r['load']:8.1f}{r['kept'] / 1e9:12.2f}{r['extra'] / 1e9:15.2f}"
              f"{r['seconds']:8.1f}{rate / 1e9:9.0f}{rate / r['rate']:11.0%}"
              f"{r['peak'] / 1e9:9.2f}")  # fmt: skip


def metrics(results: dict[str, dict], flops: float) -> dict:
    """The figures of ``make bench``."""
    full = results["float32"]
    share = flops / full["seconds"] / full["rate"]
    figures = {
        "big.peak_rss_gb": common.figure(
            full["peak"] / 1e9, "GB", "whole process, float32, one tile",
            f"the weights, {full['kept'] / 1e9:.1f} GB",
        ),
        "big.seconds": common.figure(
            full["seconds"], "s", f"one tile, {flops / full['seconds'] / 1e9:.0f} GFLOP/s",
            f"matrix multiplies: {share:.0%} of their measured rate",
        ),
        "big.load_extra_gb": common.figure(
            full["extra"] / 1e9, "GB", "memory beyond the model while loading its 12 GB file",
            "the largest tensor",
        ),
    }  # fmt: skip
    for way, name in (("bfloat16 storage", "bfloat16"), ("int8", "int8")):
        r = results[way]
        figures[f"big.peak_rss_{name}_gb"] = common.figure(
            r["peak"] / 1e9, "GB", f"the same with {way}", f"weights of {r['kept'] / 1e9:.1f} GB"
        )
        figures[f"big.seconds_{name}"] = common.figure(
            r["seconds"], "s", f"the same with {way}", "matrix multiplies"
        )
    return figures


def main() -> None:
    """Run the benchmark from the command line."""
    parser = common.arguments(__doc__, repeat=1)
    parser.add_argument("--folder", type=Path, help="where 12 GB are free; the system's own if not")
    parser.add_argument("--checkpoint", type=Path, help="made if missing, and kept")
    parser.add_argument("--only", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.only:
        path, way = options.only
        print(json.dumps(one_tile(Path(path), way, options.repeat, options.threads)))
        return
    shared = ("--repeat", str(options.repeat), "--threads", str(options.threads))
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        path = options.checkpoint or Path(folder) / "random.safetensors"
        if not path.exists():
            started = time.perf_counter()
            write_checkpoint(path)
            size, seconds = path.stat().st_size, time.perf_counter() - started
            print(f"wrote {size / 1e9:.2f} GB in {seconds:.0f} s", flush=True)
        results = {way: child("--only", str(path), way, *shared) for way in WAYS}
    flops = results["float32"]["flops"]
    table(results, flops)
    common.finish(metrics(results, flops), options.json)


if __name__ == "__main__":
    main()
