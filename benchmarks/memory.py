"""Peak memory of a run on a small and on a large raster, and where its time goes.

``python -m benchmarks.memory [--json FILE] [--small 2000] [--large 20000] [--classes 33]``

The rasters are computed while they are read and the network is a table look-up, so what is
measured is everything else: tiling, blending, vectorising, writing, the journal. Each size runs
in a process of its own.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from cwsam.engine.io.raster_sink import ClassRasterSink, ConfidenceRasterSink
from cwsam.engine.io.vector_sink import open_vector_sink
from cwsam.engine.journal import Journal
from cwsam.engine.pipeline import SegmentOptions, segment
from cwsam.engine.types import GeoTransform, RasterInfo
from cwsam.engine.vector.assemble import VectorOptions

WAVE_PX = 1500.0
"""Wavelength of the synthetic surface in pixels: fields of some hundred metres at 0.5 m."""


class Waves:
    """A raster without pixels: the sum of two waves, computed for the window that is read."""

    def __init__(self, size: int) -> None:
        """Make a square raster of ``size`` pixels a side."""
        grid = GeoTransform(0.5, 0, 0, 0, -0.5, 0)
        self.info = RasterInfo(
            "waves", size, size, ("uint8",) * 3, (None,) * 3, ("undefined",) * 3, grid, None
        )

    def read(self, window, bands):
        """See :class:`~cwsam.engine.ports.RasterSource`."""
        rows = np.arange(window.row, window.row + window.height)
        cols = np.arange(window.col, window.col + window.width)
        return self._pixels(rows, cols, len(bands))

    def read_decimated(self, max_side, bands):
        """See :class:`~cwsam.engine.ports.RasterSource`; every n-th pixel."""
        step = -(-self.info.width // max_side)
        axis = np.arange(0, self.info.width, step)
        return self._pixels(axis, axis, len(bands))

    def _pixels(self, rows, cols, bands):
        down = np.sin(rows * (2 * np.pi / WAVE_PX)) + 0.5 * np.sin(rows / 97)
        across = np.cos(cols * (2 * np.pi / WAVE_PX)) + 0.5 * np.sin(cols / 113)
        plane = ((down[:, None] * across + 2.25) * (255 / 4.5)).astype(np.uint8)
        return np.broadcast_to(plane, (bands, *plane.shape)), np.ones(plane.shape, bool)


class TablePredictor:
    """Names a class for each level of brightness; as good as free."""

    patch, cell, tile = 16, 4, 256
    pixel_statistics = ((0.0,) * 3, (1.0,) * 3)

    def __init__(self, classes: int) -> None:
        """Tell ``classes`` levels apart."""
        self.class_ids = tuple(range(classes))

    def batch_size(self, tile):
        """Eight, as the bundled model."""
        return 8

    def predict(self, images):
        """See :class:`~cwsam.engine.predictor.Predictor`."""
        count = len(self.class_ids)
        level = torch.from_numpy(images[:, 0, 2::4, 2::4]).mul(count).long().clamp(0, count - 1)
        some = torch.full((len(images), count, *level.shape[1:]), 0.3 / count)
        return some.scatter_(1, level[:, None], 0.7)


def measure(size: int, classes: int) -> dict[str, object]:
    """Run one size in this process; peak memory in MB and seconds by stage."""
    torch.set_num_threads(len(os.sched_getaffinity(0)))
    source, predictor = Waves(size), TablePredictor(classes)
    options = SegmentOptions(
        vector=VectorOptions(min_area_px=100, tolerance_px=1.5), read_ahead=True
    )
    started = time.perf_counter()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with ClassRasterSink(folder / "c.tif", source.info) as classes_raster, \
             ConfidenceRasterSink(folder / "p.tif", source.info) as confidence, \
             Journal(folder / "journal", {}, size) as journal, \
             open_vector_sink(folder / "o.gpkg", source.info) as polygons:  # fmt: skip
            rasters = [classes_raster, confidence]
            summary = segment(source, predictor, options, polygons, rasters, journal=journal)
    return {
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "wall": time.perf_counter() - started,
        "seconds": summary.seconds,
        "polygons": sum(area.polygons for area in summary.areas.values()),
    }


def in_a_process(size: int, classes: int) -> dict[str, object]:
    """The same in a fresh process, whose peak is its own."""
    command = [sys.executable, "-m", "benchmarks.memory", "--only", str(size)]
    command += ["--classes", str(classes)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def main() -> None:
    """Print a table; write JSON if asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--small", type=int, default=2000)
    parser.add_argument("--large", type=int, default=20000)
    parser.add_argument("--classes", type=int, default=33)
    parser.add_argument("--only", type=int, help="Measure this size in this process.")
    options = parser.parse_args()
    if options.only:
        print(json.dumps(measure(options.only, options.classes)))
        return
    results = {s: in_a_process(s, options.classes) for s in (options.small, options.large)}
    for size, result in results.items():
        total = sum(result["seconds"].values())
        shares = ", ".join(f"{k} {v / total:.0%}" for k, v in sorted(result["seconds"].items()))
        print(
            f"{size:>6}²  peak {result['peak_mb']:7.0f} MB  {result['wall']:7.1f} s  "
            f"{result['polygons']:,} polygons  ({shares})"
        )
    small, large = (results[size]["peak_mb"] for size in (options.small, options.large))
    print(f"growth  {large - small:.0f} MB")
    if options.json:
        metric = {
            "value": round(large - small, 1),
            "unit": "MB",
            "against": f"{options.small}² pixels, {options.classes} classes",
            "bound_by": "sums of the rows that wait for the next row of tiles, borders of polygons",
        }
        machine = {"machine": platform.machine(), "cores": os.cpu_count()}
        runs = {str(size): result for size, result in results.items()}
        report = {"machine": machine, "metrics": {"memory.growth_mb": metric}, "runs": runs}
        options.json.write_text(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    main()
