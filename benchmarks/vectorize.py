"""The vectoriser beside GDAL's polygonise and GEOS's coverage simplification.

``python -m benchmarks.vectorize [--json FILE] [--size 4096] [--repeat 5]``
"""

from __future__ import annotations

import time

import numpy as np
import rasterio
import rasterio.features
import shapely
from cwsam.engine.types import ClassStrip, Crs, GeoTransform
from cwsam.engine.vector.assemble import Vectorizer, VectorOptions

CLASSES = 33
TOLERANCE_PX = 1.5
STRIP_ROWS = 512
GRID = GeoTransform(1.0, 0.0, 0.0, 0.0, -1.0, 0.0)
CRS = Crs(wkt="", name="metres", kind="projected")


def make_map(kind: str, size: int) -> ClassStrip:
    """Draw a map of 33 classes: the largest of 33 random surfaces wins.

    Args:
        kind: ``smooth`` (surfaces of 48 px wavelength) or ``noisy`` (12 px, and 2.1 % of the
            pixels replaced by random classes).
        size: Columns and rows.

    Returns:
        One strip with the whole map, confidence from the margin, second class as runner-up.
    """
    step, salt = {"smooth": (48, 0.0), "noisy": (12, 0.021)}[kind]
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


def ours(strip: ClassStrip, tolerance: float = TOLERANCE_PX) -> list[bytes]:
    """Trace, simplify, count and measure; everything a run does, up to WKB."""
    height, width = strip.classes.shape
    vectorizer = Vectorizer(width, height, GRID, CRS, VectorOptions(tolerance_px=tolerance))
    for row in range(0, height, STRIP_ROWS):
        part = slice(row, row + STRIP_ROWS)
        vectorizer.add(
            ClassStrip(row, strip.classes[part], strip.confidence[part], strip.runner_up[part])
        )
    return [wkb for batch in vectorizer.polygons() for wkb in batch.wkb]


def gdal(strip: ClassStrip) -> list[tuple[dict, float]]:
    """GDAL's polygonise through rasterio, to GeoJSON-like dictionaries."""
    return list(rasterio.features.shapes(strip.classes, connectivity=4))


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


def gaps_and_overlaps(wkb: list[bytes], size: int) -> tuple[float, float]:
    """Area of gaps and overlaps between the polygons, in pixels.

    The edges of an exact coverage match in pairs: whatever area the polygons' union lacks of
    the map is a gap, whatever their areas add up to beyond the union is overlap.
    """
    polygons = shapely.from_wkb(np.array(wkb, dtype=object))
    invalid = shapely.area(shapely.coverage_invalid_edges(polygons)).size
    wrong = np.flatnonzero(~shapely.is_empty(shapely.coverage_invalid_edges(polygons)))
    total = float(shapely.area(polygons).sum())
    if not len(wrong) and invalid:
        return max(0.0, size * size - total), max(0.0, total - size * size)
    union = float(shapely.area(shapely.union_all(polygons)))
    return size * size - union, total - union
