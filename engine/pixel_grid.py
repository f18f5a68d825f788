"""The pixels on which two maps are compared, strip by strip."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .types import PIXEL_GRID, Crs, GeoTransform, RasterInfo, Window

if TYPE_CHECKING:
    from collections.abc import Iterator

STRIP_PIXELS = 4_000_000
"""Pixels that are compared at a time."""

DEFAULT_PIXELS = 16_000_000
"""Pixels of the grid over vector layers when no resolution is given."""

_SLACK = 1e-6  # pixels by which coordinates that were written and read again may be off

MAX_PIXELS = 40_000_000_000
"""A grid beyond this is a slip in the resolution."""


@dataclass(frozen=True)
class PixelGrid:
    """Pixels in map space.

    Attributes:
        width: Columns.
        height: Rows.
        transform: Pixel corners to CRS units; None when not georeferenced.
        crs: The coordinate reference system in the words of whoever reads; None when unknown.
    """

    width: int
    height: int
    transform: GeoTransform | None
    crs: object | None

    @property
    def placed(self) -> GeoTransform:
        """The geotransform, or the pixel grid where there is none."""
        return self.transform if self.transform is not None else PIXEL_GRID

    def unit_area(self, crs: Crs | None) -> float | None:
        """Square metres of a pixel at the centre; None without a CRS.

        Args:
            crs: The engine's description of the grid's CRS.
        """
        info = RasterInfo("", self.width, self.height, (), (), (), self.transform, crs)
        return None if info.gsd_m is None else info.gsd_m**2

    def strips(self) -> Iterator[Window]:
        """Full-width windows from top to bottom."""
        rows = max(16, STRIP_PIXELS // self.width)
        for row in range(0, self.height, rows):
            yield Window(0, row, self.width, min(rows, self.height - row))

    def strip_transform(self, strip: Window) -> GeoTransform:
        """The geotransform of one strip."""
        t = self.placed
        c, f = t.apply(strip.col, strip.row)
        return GeoTransform(t.a, t.b, c, t.d, t.e, f)

    def bounds(self, strip: Window) -> tuple[float, float, float, float]:
        """Left, bottom, right, top of a strip in CRS units; also of a rotated one."""
        rows = np.array([strip.row, strip.row + strip.height])
        xs, ys = self.placed.apply(np.array([[0], [self.width]]), rows)
        return float(xs.min()), float(ys.min()), float(xs.max()), float(ys.max())

    def within(self, bounds: tuple[float, float, float, float]) -> PixelGrid:
        """The part whose pixel centres lie in a rectangle; of a rotated grid its bounding box.

        Args:
            bounds: Left, bottom, right, top in CRS units.

        Returns:
            The whole grid where it is not georeferenced or no centre lies in the rectangle.
        """
        left, bottom, right, top = bounds
        t = self.transform
        if t is None or not all(map(math.isfinite, bounds)):
            return self
        x, y = np.array([left, left, right, right]), np.array([bottom, top, bottom, top])
        cols, rows = t.invert(x, y)
        (first, last), (upper, lower) = _centres(cols, self.width), _centres(rows, self.height)
        if first >= last or upper >= lower:
            return self
        whole = (first, last, upper, lower) == (0, self.width, 0, self.height)
        c, f = t.apply(first, upper)
        placed = GeoTransform(t.a, t.b, c, t.d, t.e, f)
        return self if whole else PixelGrid(last - first, lower - upper, placed, self.crs)

    def centres(self, rows: np.ndarray, cols: np.ndarray) -> np.ndarray:
        """Coordinates (n, 2) of the centres of pixels."""
        return np.column_stack(self.placed.apply(cols + 0.5, rows + 0.5))

    def places(self, xy: np.ndarray) -> np.ndarray:
        """Rows and columns (n, 2) int64 of the pixels that points lie in; -1 outside.

        Args:
            xy: (n, 2) in CRS units; NaN lies outside.
        """
        cols, rows = self.placed.invert(xy[:, 0], xy[:, 1])
        found = np.floor(np.column_stack([rows, cols]))
        inside = (found >= 0).all(axis=1) & (found < (self.height, self.width)).all(axis=1)
        return np.where(inside[:, None], found, -1).astype(np.int64)


def _centres(edges: np.ndarray, count: int) -> tuple[int, int]:
    """First and past-last of ``count`` pixels whose centre lies between the outermost edges."""
    first = math.ceil(float(edges.min()) - 0.5 - _SLACK)
    last = math.floor(float(edges.max()) - 0.5 + _SLACK) + 1
    return max(0, first), min(count, last)


def grid_over(
    bounds: tuple[float, float, float, float], crs: object | None, resolution: float | None
) -> PixelGrid:
    """A north-up grid over a rectangle.

    Args:
        bounds: Left, bottom, right, top in CRS units.
        crs: Of the rectangle.
        resolution: Side of a pixel in CRS units; chosen for about 16 megapixels where None.

    Raises:
        ValueError: The rectangle is empty, or has too many pixels.
    """
    left, bottom, right, top = bounds
    across, up = right - left, top - bottom
    if not (math.isfinite(across) and math.isfinite(up) and across > 0 and up > 0):
        raise ValueError("the extent is empty")
    side = resolution or math.sqrt(across * up / DEFAULT_PIXELS)
    width, height = (max(1, math.ceil(length / side - 1e-6)) for length in (across, up))
    if width * height > MAX_PIXELS:
        raise ValueError(f"{width:,} × {height:,} pixels are too many")
    return PixelGrid(width, height, GeoTransform(side, 0.0, left, 0.0, -side, top), crs)
