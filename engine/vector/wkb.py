"""Rings in, well-known binary out, without a loop over vertices."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .linking import offsets, spread

if TYPE_CHECKING:
    from ..types import GeoTransform
    from .rings import Rings

_HEADER = np.frombuffer(b"\x01\x03\x00\x00\x00", np.uint8)
"""Little-endian, type 3: Polygon (OGC 06-103r4, 8.2)."""


def polygon_wkb(
    x: np.ndarray,
    y: np.ndarray,
    grid: GeoTransform,
    bounds: np.ndarray,
    rings: Rings,
    first: int,
    last: int,
) -> list[bytes]:
    """Write polygons ``first .. last - 1``.

    Args:
        x: (p,) columns of the points of all arcs in pixels.
        y: (p,) rows in pixels.
        grid: Pixels to CRS units.
        bounds: (n + 1,) first points of the arcs.
        rings: The rings in terms of the arcs.
        first: First polygon.
        last: One more than the last polygon.

    Returns:
        One little-endian WKB Polygon each.
    """
    ring_range = slice(rings.first_ring[first], rings.first_ring[last])
    dart_bounds = rings.bounds[ring_range.start : ring_range.stop + 1]
    index, points = ring_points(rings.darts, dart_bounds, bounds)
    per_polygon = np.diff(rings.first_ring[first : last + 1])
    polygon_ring = offsets(per_polygon)
    # 9 bytes before the rings of a polygon, 4 before the points of a ring
    before = 9 * np.repeat(np.arange(1, last - first + 1), per_polygon)
    counts_at = before + offsets(4 + 16 * points)[:-1]
    begins = counts_at[polygon_ring[:-1]] - 9
    total = int(counts_at[-1] + 4 + 16 * points[-1])
    out = np.empty(total, np.uint8)
    out[(begins[:, None] + np.arange(5))] = _HEADER
    _put(out, begins + 5, per_polygon.astype("<u4"))
    _put(out, counts_at, points.astype("<u4"))
    rows = spread(np.zeros(len(points), np.int64), points) * 16
    rows += np.repeat(counts_at + 4, points)
    xy = np.empty((len(index), 2), "<f8")
    xy[:, 0], xy[:, 1] = grid.apply(x[index].astype(np.float64), y[index].astype(np.float64))
    _put(out, rows, xy.view("V16")[:, 0])
    data = out.tobytes()
    ends = np.append(begins[1:], total)
    return [data[a:b] for a, b in zip(begins.tolist(), ends.tolist())]


def ring_points(
    darts: np.ndarray, dart_bounds: np.ndarray, bounds: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """List the points of closed rings.

    Args:
        darts: (d,) directed arcs of all rings.
        dart_bounds: (r + 1,) first darts of the wanted rings, which follow one another.
        bounds: (n + 1,) first points of the arcs.

    Returns:
        ``(index, points)``: the arcs' points in ring order, the first of each ring repeated
        at its end, and (r,) the number of points of each ring.
    """
    darts = darts[dart_bounds[0] : dart_bounds[-1]]
    local = dart_bounds - dart_bounds[0]
    arc, backward = darts >> 1, (darts & 1).astype(bool)
    lengths = bounds[arc + 1] - bounds[arc] - 1
    lengths[local[1:] - 1] += 1
    start = np.where(backward, bounds[arc + 1] - 1, bounds[arc])
    step = spread(np.zeros(len(darts), np.int64), lengths)
    np.negative(step, out=step, where=np.repeat(backward, lengths))
    step += np.repeat(start, lengths)
    return step, np.add.reduceat(lengths, local[:-1])


def _put(out: np.ndarray, at: np.ndarray, values: np.ndarray) -> None:
    """Copy (n,) values to the byte positions ``at``, which need not be aligned."""
    size = values.dtype.itemsize
    view = np.ndarray((len(out) - size + 1,), f"V{size}", out, strides=(1,))
    view[at] = values.view(f"V{size}")
