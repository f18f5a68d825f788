"""Areas in square metres, planar and on the ellipsoid."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .linking import batches
from .rings import ring_sums, twice_areas

if TYPE_CHECKING:
    from ..types import Crs, GeoTransform
    from .rings import Rings

WEB_MERCATOR_RADIUS_M = 6378137.0
"""Radius of the sphere of EPSG:3857 (IOGP guidance note 7-2, method 1024)."""


def ring_areas(
    x: np.ndarray,
    y: np.ndarray,
    bounds: np.ndarray,
    rings: Rings,
    grid: GeoTransform,
    crs: Crs | None,
) -> np.ndarray:
    """Area that each ring encloses.

    Args:
        x: (p,) columns of the points of all arcs in pixels.
        y: (p,) rows in pixels.
        bounds: (n + 1,) first points of the arcs.
        rings: The rings in terms of the arcs.
        grid: Pixels to CRS units.
        crs: Coordinate reference system; geographic coordinates are degrees that do not
            cross the antimeridian.

    Returns:
        (r,) float64 in square metres, positive for holes too; NaN without a CRS.
    """
    if crs is None:
        return np.full(len(rings.hole), np.nan)
    if crs.kind == "projected":
        scale = grid.pixel_area * crs.metres_per_unit**2 / 2
        return np.abs(ring_sums(twice_areas(x, y, bounds), rings)) * scale
    sums = np.zeros(len(bounds) - 1)
    for first, last in batches(bounds):
        local = bounds[first : last + 1]
        part = slice(local[0], local[-1])
        strips = _under_segments(x[part], y[part], grid, crs)
        strips[local[1:] - 1 - local[0]] = 0
        sums[first:last] = np.add.reduceat(strips, local[:-1] - local[0])
    return np.abs(ring_sums(sums, rings))


def _under_segments(x, y, grid, crs) -> np.ndarray:
    """Area between each segment and the equator, along the meridians: (p,) square metres.

    The integral of a**2 / 2 * q over the longitude (Snyder 1987, p. 25), taken by Simpson's
    rule along the segment, which is straight in map coordinates.
    """
    x, y = x.astype(np.float64), y.astype(np.float64)
    step_x, step_y = np.append(np.diff(x), 0.0), np.append(np.diff(y), 0.0)
    step_lon = grid.a * step_x + grid.b * step_y
    _, top = grid.apply(x, y)
    _, middle = grid.apply(x + step_x / 2, y + step_y / 2)
    if crs.kind == "web_mercator":
        step_lon = step_lon / WEB_MERCATOR_RADIUS_M
        sines = [np.tanh(north / WEB_MERCATOR_RADIUS_M) for north in (top, middle)]
    else:
        step_lon = np.radians(step_lon)
        sines = [np.sin(np.radians(north)) for north in (top, middle)]
    ends, between = (_authalic_q(sine, crs.inverse_flattening) for sine in sines)
    mean = (ends + np.append(ends[1:], 0.0) + 4 * between) / 6
    return crs.semi_major_m**2 / 2 * mean * step_lon


def _authalic_q(sine: np.ndarray, inverse_flattening: float) -> np.ndarray:
    """Snyder 1987, *Map Projections: A Working Manual*, USGS PP 1395, equation 3-12.

    Args:
        sine: (n,) sine of the geodetic latitude.
        inverse_flattening: 1/f, 0 or infinite for a sphere.
    """
    if not inverse_flattening or np.isinf(inverse_flattening):
        return 2 * sine
    flattening = 1 / inverse_flattening
    square = flattening * (2 - flattening)
    e = np.sqrt(square)
    return (1 - square) * (sine / (1 - square * sine**2) + np.arctanh(e * sine) / e)
