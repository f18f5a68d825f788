"""Where a rotated file has pixels; QGIS turns it north-up and fills the corners with black."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from osgeo import gdal

if TYPE_CHECKING:
    from qgis.core import QgsRectangle


@dataclass(frozen=True)
class Footprint:
    """The rectangle of a rotated raster.

    Attributes:
        inverse: Map coordinates to column and row, as GDAL's geotransforms.
        width: Columns of the file.
        height: Rows of the file.
    """

    inverse: tuple[float, ...]
    width: int
    height: int

    def covers(self, box: QgsRectangle, width: int, height: int) -> np.ndarray:
        """Which pixel centres of a north-up grid over ``box`` lie inside, (h, w) bool."""
        x = box.xMinimum() + (np.arange(width) + 0.5) * (box.width() / width)
        y = (box.yMaximum() - (np.arange(height) + 0.5) * (box.height() / height))[:, None]
        c0, c1, c2, r0, r1, r2 = self.inverse
        col, row = c0 + c1 * x + c2 * y, r0 + r1 * x + r2 * y
        return (col >= 0) & (col < self.width) & (row >= 0) & (row < self.height)


def rotated_footprint(uri: str) -> Footprint | None:
    """The footprint of a file whose axes are not those of its CRS; None for all others."""
    try:
        file = gdal.Open(uri.partition("|")[0])
    except RuntimeError:  # where another plugin has switched GDAL's exceptions on
        return None
    transform = file.GetGeoTransform(can_return_null=True) if file is not None else None
    if transform is None or not (transform[2] or transform[4]):
        return None
    inverse = gdal.InvGeoTransform(transform)
    return Footprint(tuple(inverse), file.RasterXSize, file.RasterYSize) if inverse else None
