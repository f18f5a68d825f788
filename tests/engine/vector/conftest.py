"""Helpers: a class map in, polygons out."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from cwsam.engine.types import NODATA_CLASS, PIXEL_GRID, ClassStrip, PolygonBatch
from cwsam.engine.vector.assemble import Vectorizer, VectorOptions


def vectorize(
    classes,
    *,
    grid=PIXEL_GRID,
    crs=None,
    cuts=(),
    chunk_pixels=97,
    confidence=None,
    runner_up=None,
    batch_size=5000,
    keep=None,
    **options,
):
    """Vectorise (h, w) uint8 classes cut into strips at the given rows: one batch."""
    height, width = classes.shape
    confidence = np.full_like(classes, 50) if confidence is None else confidence
    runner_up = np.full_like(classes, NODATA_CLASS) if runner_up is None else runner_up
    options = VectorOptions(**options)
    vectorizer = Vectorizer(width, height, grid, crs, options, keep=keep, chunk_pixels=chunk_pixels)
    rows = [0, *sorted(cuts), height]
    for top, bottom in zip(rows, rows[1:]):
        part = slice(top, bottom)
        vectorizer.add(ClassStrip(top, classes[part], confidence[part], runner_up[part]))
    batches = list(vectorizer.polygons(batch_size=batch_size))
    assert all(0 < len(batch) <= batch_size for batch in batches)
    columns = ("class_id", "confidence", "runner_up", "area_m2", "pixels")
    return PolygonBatch(
        [wkb for batch in batches for wkb in batch.wkb],
        *(np.concatenate([[], *(getattr(b, name) for b in batches)]) for name in columns),
    )


def geometries(batch):
    """(n,) shapely polygons of a batch."""
    return shapely.from_wkb(np.array(batch.wkb, dtype=object))


@pytest.fixture(name="vectorize", scope="session")
def _vectorize():
    return vectorize


@pytest.fixture(name="geometries", scope="session")
def _geometries():
    return geometries
