"""The vectoriser beside GDAL's polygonise and GEOS's coverage simplification.

``python -m benchmarks.vectorize [--json FILE] [--size 4096] [--repeat 5]``
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np
import rasterio
import rasterio.features
import shapely
from cwsam.engine.ports import Progress
from cwsam.engine.types import ClassStrip, Crs, GeoTransform
from cwsam.engine.vector.assemble import Vectorizer, VectorOptions

CLASSES = 33
SYSTEM_PYTHON = "/usr/bin/python3"
TOLERANCE_PX = 1.5
STRIP_ROWS = 512
GRID = GeoTransform(1.0, 0.0, 0.0, 0.0, -1.0, 0.0)
CRS = Crs(wkt="", name="metres", kind="projected")


def make_map(kind: str, size: int) -> ClassStrip:
    """Draw a map of 33 classes: the largest of 33 random surfaces wins.

    Args:
        kind: ``smooth`` (surfaces of 48 px wavelength) or ``noisy`` (12 px, and 1 % of the
            pixels replaced by random classes).
        size: Columns and rows.

    Returns:
        One strip with the whole map, confidence from the margin, second class as runner-up.
    """
    step, salt = {"smooth": (48, 0.0), "noisy": (12, 0.01)}[kind]
    rng = np.random.default_rng(1)
    nodes = size // step + 2
    place = np.arange(size) / step
    weights = np.maximum(0, 1 - np.abs(place[:, None] - np.arange(nodes))).astype(np.float32)
    best = np.full((size, size), -np.inf, np.float32)
    second = best.copy()
    classes = np.zeros((size, size), np.uint8)
    runner_up = np.full((size, size), 255, np.uint8)
    for k in range(CLASSES):
        field = weights @ rng.standard_normal((nodes, nodes), np.float32) @ weights.T
        wins = field > best
        second_wins = ~wins & (field > second)
        runner_up[wins] = classes[wins]
        runner_up[second_wins] = k
        np.copyto(second, best, where=wins)
        np.copyto(second, field, where=second_wins)
        np.copyto(best, field, where=wins)
        classes[wins] = k
    confidence = (100 / (1 + np.exp(-(best - second)))).astype(np.uint8)
    salted = rng.random((size, size), np.float32) < salt
    classes[salted] = rng.integers(0, CLASSES, int(salted.sum()))
    return ClassStrip(0, classes, confidence, runner_up)


def ours(strip: ClassStrip) -> tuple[list[bytes], dict[str, float]]:
    """Trace, simplify, count and measure; everything a run does, up to WKB.

    Returns:
        The polygons and the seconds of each stage.
    """
    height, width = strip.classes.shape
    vectorizer = Vectorizer(width, height, GRID, CRS, VectorOptions(tolerance_px=TOLERANCE_PX))
    stages = {"Tracing strips": time.perf_counter()}

    def note(_done: float, _total: float, message: str) -> None:
        stages.setdefault(message, time.perf_counter())

    for row in range(0, height, STRIP_ROWS):
        part = slice(row, row + STRIP_ROWS)
        vectorizer.add(
            ClassStrip(row, strip.classes[part], strip.confidence[part], strip.runner_up[part])
        )
    wkb = [one for batch in vectorizer.polygons(Progress(report=note)) for one in batch.wkb]
    moments = [*stages.values(), time.perf_counter()]
    return wkb, dict(zip(stages, np.diff(moments).tolist()))


def gdal(strip: ClassStrip) -> list[tuple[dict, float]]:
    """GDAL's polygonise through rasterio, to GeoJSON-like dictionaries."""
    return list(rasterio.features.shapes(strip.classes, connectivity=4))


def system_gdal(strip: ClassStrip, repeat: int) -> dict | None:
    """``gdal.Polygonize`` to memory in a process of its own, for two GDALs must not meet.

    Returns:
        Median seconds, polygons, vertices and GDAL's version; None where the system has no osgeo.
    """
    height, width = strip.classes.shape
    script = Path(__file__).with_name("gdal_polygonize.py")
    keep = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "GDAL", "PROJ"))}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "classes.raw"
        path.write_bytes(strip.classes.tobytes())
        command = [SYSTEM_PYTHON, script, path, width, height, repeat]
        try:
            done = subprocess.run(
                [str(part) for part in command],
                env=keep,
                check=True,
                capture_output=True,
                text=True,
            )
        except (OSError, subprocess.CalledProcessError) as error:
            why = getattr(error, "stderr", None) or str(error)
            print(f"gdal.Polygonize cannot be measured here: {why.strip().splitlines()[-1]}")
            return None
    told = json.loads(done.stdout)
    return {**told, "seconds": statistics.median(told["seconds"])}


def to_shapely(shapes: list[tuple[dict, float]]) -> np.ndarray:
    """Turn the dictionaries into geometries by way of flat arrays."""
    polygons = [shape["coordinates"] for shape, _ in shapes]
    rings = [ring for polygon in polygons for ring in polygon]
    coords = np.array([point for ring in rings for point in ring])
    ring_of = np.repeat(np.arange(len(rings)), [len(ring) for ring in rings])
    polygon_of = np.repeat(np.arange(len(polygons)), [len(polygon) for polygon in polygons])
    return shapely.polygons(shapely.linearrings(coords, indices=ring_of), indices=polygon_of)


def seconds(call, *arguments) -> tuple[float, object]:
    """Wall time of one call, and its result."""
    start = time.perf_counter()
    result = call(*arguments)
    return time.perf_counter() - start, result


def gaps_and_overlaps(polygons: np.ndarray, size: int) -> tuple[float, float]:
    """Area of gaps and overlaps between the polygons, in pixels.

    Where the polygons are a valid coverage (GEOS: no edge without its equal, no crossing),
    areas add up to that of their union; else the union is made and measured.
    """
    total = union = float(shapely.area(polygons).sum())
    if not shapely.coverage_is_valid(polygons):
        union = float(shapely.area(shapely.union_all(polygons)))
    return round(size * size - union, 6), round(total - union, 6)


def compare(kind: str, size: int, repeat: int, peers: int) -> dict:
    """Run ours and the others on one map and print a table.

    Args:
        kind: Name of the map.
        size: Columns and rows.
        repeat: Runs of ours; the median counts.
        peers: Runs of each of the others; the median counts.
    """
    strip = make_map(kind, size)
    times, stages, wkb = [], {}, []
    for _ in range(repeat):
        wkb.clear()  # what one run leaves must not slow the next one down
        time_, (wkb, now) = seconds(ours, strip)
        stages = now if time_ < min(times, default=time_ + 1) else stages
        times.append(time_)
    mine = statistics.median(times)
    polygons = shapely.from_wkb(np.array(wkb, dtype=object))
    vertices = int(shapely.get_num_coordinates(polygons).sum())
    count = len(polygons)
    gaps, overlaps = gaps_and_overlaps(polygons, size)
    del polygons, wkb
    polygonized = system_gdal(strip, peers)
    traced = statistics.median(seconds(gdal, strip)[0] for _ in range(peers))
    exact = to_shapely(gdal(strip))
    pairs = [seconds(shapely.coverage_simplify, exact, TOLERANCE_PX) for _ in range(peers)]
    simplified = statistics.median(time_ for time_, _ in pairs)
    rows = [
        ("ours", mine, count, vertices),
        ("features.shapes alone", traced, len(exact), shapely.get_num_coordinates(exact).sum()),
        (
            "shapes + coverage_simplify",
            traced + simplified,
            len(pairs[-1][1]),
            shapely.get_num_coordinates(pairs[-1][1]).sum(),
        ),
    ]
    if polygonized is not None:
        named = f"gdal.Polygonize {polygonized['gdal']}"
        rows.append((named, *(polygonized[k] for k in ("seconds", "polygons", "vertices"))))
    print(f"\n{kind} map, {size} x {size}, tolerance {TOLERANCE_PX} px")
    print(f"{'':28}{'seconds':>9}{'Mpx/s':>8}{'ratio':>8}{'polygons':>10}{'vertices':>10}")
    for name, time_, number, corners in rows:
        speed = size * size / time_ / 1e6
        print(f"{name:28}{time_:9.2f}{speed:8.2f}{time_ / mine:8.2f}{number:10}{corners:10}")
    print(f"gaps {gaps} px, overlaps {overlaps} px")
    print("ours, best run: " + ", ".join(f"{k} {v:.2f} s" for k, v in stages.items()))
    return {
        "speedup_vs_gdal": None if polygonized is None else polygonized["seconds"] / mine,
        "speedup_vs_shapes": traced / mine,
        "speedup_vs_coverage": (traced + simplified) / mine,
        "gaps_px": gaps,
        "overlaps_px": overlaps,
        "bound_by": bound_by(kind, stages),
    }


def bound_by(kind: str, stages: dict[str, float]) -> str:
    """Say which stage takes most of our time."""
    slowest = max(stages, key=stages.__getitem__)
    share = stages[slowest] / sum(stages.values())
    return f"{slowest.lower()}: {share:.0%} of one core's time on the {kind} map"


def metrics(results: list[dict]) -> dict:
    """The worse of the maps for each figure, as ``make bench`` stores it."""
    shapes = "rasterio.features.shapes, 4-connected"
    against = {
        "speedup_vs_coverage": ("x", f"{shapes}, + shapely.coverage_simplify", min),
        "speedup_vs_gdal": ("x", "gdal.Polygonize to memory, 4-connected, alone", min),
        "speedup_vs_shapes": ("x", f"{shapes}, alone: neither simplified nor written as WKB", min),
        "gaps_px": ("px", "the area of the map", max),
        "overlaps_px": ("px", "the union of the polygons", max),
    }
    table = {}
    for name, (unit, other, worse) in against.items():
        if results[0][name] is None:
            continue  # not measured
        result = worse(results, key=lambda one, name=name: one[name])
        table[f"vectorize.{name}"] = {
            "value": round(result[name], 6),
            "unit": unit,
            "against": other,
            "bound_by": result["bound_by"] if unit == "x" else "nothing: exact by construction",
        }
    return table


def machine() -> dict:
    """What the figures were measured on."""
    return {
        "platform": platform.platform(),
        "cores": os.cpu_count(),
        "load_average": os.getloadavg()[0],
        "python": platform.python_version(),
        "numpy": np.__version__,
        "gdal": rasterio.__gdal_version__,
        "geos": shapely.geos_version_string,
    }


def main() -> None:
    """Run the benchmark from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--size", type=int, default=4096)
    parser.add_argument("--repeat", type=int, default=5, help="runs of ours")
    parser.add_argument("--peers", type=int, default=1, help="runs of each of the others")
    options = parser.parse_args()
    results = [
        compare(kind, options.size, options.repeat, options.peers) for kind in ("smooth", "noisy")
    ]
    if options.json:
        report = {"machine": machine(), "metrics": metrics(results)}
        options.json.write_text(json.dumps(report, indent=2) + "\n")


if __name__ == "__main__":
    main()
