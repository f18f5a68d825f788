"""Borders are linked band by band: the bands leave no trace, and memory stays small."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from cwsam.engine.types import PIXEL_GRID, ClassStrip
from cwsam.engine.vector.assemble import Vectorizer, VectorOptions


def tall_map(height, width, kind):
    """(height, width) uint8 classes; more rows than fit the narrow types of a band."""
    y, x = np.mgrid[:height, :width]
    if kind == "noise":
        return np.random.default_rng(5).integers(0, 3, y.shape).astype(np.uint8)
    distance = np.hypot(x - width / 2, y - height / 2) / 9
    if kind == "rings":
        return (distance // 1 % 4).astype(np.uint8)
    turn = np.arctan2(y - height / 2, x - width / 2) / (2 * np.pi)
    return ((distance + turn) // 1 % 2).astype(np.uint8)


@pytest.mark.parametrize("kind", ["noise", "rings", "spiral"])
@pytest.mark.parametrize("chunk", [1500, 9000])
@pytest.mark.parametrize(
    "options",
    [{}, {"min_area_px": 12, "tolerance_px": 1.5}, {"tolerance_px": 1.0, "smooth": 1}],
    ids=["exact", "sieved", "smooth"],
)
def test_bands_leave_no_trace(vectorize, kind, chunk, options):
    classes = tall_map(700, 60, kind)
    whole = vectorize(classes, chunk_pixels=1 << 18, **options)
    banded = vectorize(classes, chunk_pixels=chunk, **options)
    assert whole.pixels.sum() == classes.size
    assert whole.wkb == banded.wkb
    for name in ("class_id", "confidence", "pixels"):
        np.testing.assert_array_equal(getattr(whole, name), getattr(banded, name))


def test_a_vertex_costs_few_bytes():
    size = 1400
    y, x = np.mgrid[:size, :size].astype(np.int32)
    classes = ((x + y) // 4 % 3).astype(np.uint8)  # stairs: two vertices for four pixels
    vertices = size * size // 2
    options = VectorOptions(min_area_px=100)
    vectorizer = Vectorizer(size, size, PIXEL_GRID, None, options, chunk_pixels=1 << 16)
    tracemalloc.start()
    try:
        vectorizer.add(ClassStrip(0, classes, classes, classes))
        polygons = sum(len(batch) for batch in vectorizer.polygons(batch_size=20))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert polygons > size // 4
    assert peak < 40 * vertices
