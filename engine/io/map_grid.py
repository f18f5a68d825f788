"""The pixel grid on which two maps are compared."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rasterio.crs import CRS
from rasterio.windows import Window

from ..types import GeoTransform, RasterInfo
from .crs import describe_crs
from .geotransform import to_affine

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rasterio.transform import Affine

STRIP_PIXELS = 4_000_000
"""Pixels that are compared at a time."""

DEFAULT_PIXELS = 16_000_000
"""Pixels of the grid for two vector layers when no resolution is given."""

MAX_PIXELS = 40_000_000_000
"""A grid beyond this is a slip in the resolution."""

ANY_PLANE = CRS.from_epsg(3857)
"""Stands for "some plane" where no CRS is known: nothing is ever transformed from it."""


@dataclass(frozen=True)
class MapGrid:
    """Pixels in map space.

    Attributes:
        width: Columns.
        height: Rows.
        transform: Pixel corners to CRS units; None when not georeferenced.
        crs: rasterio's; None when unknown.
    """

    width: int
    height: int
    transform: GeoTransform | None
    crs: CRS | None

    @property
    def affine(self) -> Affine:
        """The geotransform as rasterio wants it."""
        return to_affine(self.transform or GeoTransform(1.0, 0.0, 0.0, 0.0, -1.0, 0.0))

    @property
    def unit_area(self) -> float | None:
        """Square metres of a pixel at the centre; None without a CRS."""
        kind = describe_crs(self.crs)
        info = RasterInfo("", self.width, self.height, (), (), (), self.transform, kind)
        return None if info.gsd_m is None else info.gsd_m**2

    def strips(self) -> Iterator[Window]:
        """Full-width windows from top to bottom."""
        rows = max(16, STRIP_PIXELS // self.width)
        for row in range(0, self.height, rows):
            yield Window(0, row, self.width, min(rows, self.height - row))

    def strip_affine(self, strip: Window) -> Affine:
        """The geotransform of one strip."""
        return self.affine * self.affine.translation(0, strip.row_off)

    def bounds(self, strip: Window) -> tuple[float, float, float, float]:
        """Left, bottom, right, top of a strip in CRS units; also of a rotated one."""
        top, bottom = strip.row_off, strip.row_off + strip.height
        corners = [self.affine * (col, row) for col in (0, self.width) for row in (top, bottom)]
        xs, ys = zip(*corners)
        return min(xs), min(ys), max(xs), max(ys)


def grid_over(
    bounds: tuple[float, float, float, float], crs: CRS | None, resolution: float | None
) -> MapGrid:
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
    return MapGrid(width, height, GeoTransform(side, 0.0, left, 0.0, -side, top), crs)
