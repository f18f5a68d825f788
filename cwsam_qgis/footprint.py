"""Where a file that QGIS turns north-up has pixels; QGIS fills the corners with black."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from osgeo import gdal

from .compat import gdal_result

if TYPE_CHECKING:
    from qgis.core import QgsRasterDataProvider, QgsRectangle

_TOLERANCE = 0.2  # pixels; QGIS warps with the same
_HEIGHT = "HEIGHT_OFF"  # mean height of the ground among a file's RPCs, which QGIS takes for all


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


class WarpedFootprint:
    """The outline of a raster that ground control points or RPCs place on the map.

    QGIS warps such a file onto a north-up grid while it reads. The same warp of an empty raster
    tells where the file has pixels; it is done block by block and reads nothing of the file.
    """

    def __init__(self, outline: gdal.Dataset) -> None:
        """Take the warp on the layer's grid; its last band is 0 where there are no pixels."""
        self._outline, self._lock = outline, threading.Lock()
        left, self._step_x, _, top, _, self._step_y = outline.GetGeoTransform()
        self._left, self._top = left, top

    def covers(self, box: QgsRectangle, width: int, height: int) -> np.ndarray:
        """Which pixel centres of a north-up grid over ``box`` lie inside, (h, w) bool."""
        file = self._outline
        col, right = ((x - self._left) / self._step_x for x in (box.xMinimum(), box.xMaximum()))
        row, bottom = ((y - self._top) / self._step_y for y in (box.yMaximum(), box.yMinimum()))
        col, columns = _span(col, right, file.RasterXSize)
        row, rows = _span(row, bottom, file.RasterYSize)
        band = file.GetRasterBand(file.RasterCount)
        with self._lock:
            data = band.ReadRaster(col, row, columns, rows, width, height)
        return np.frombuffer(bytes(data), np.uint8).reshape(height, width) > 0


def footprint_of(uri: str, provider: QgsRasterDataProvider) -> Footprint | WarpedFootprint | None:
    """The outline of a file that QGIS turns north-up; None for all others.

    Args:
        uri: What the provider opens.
        provider: Gives the grid that it is turned onto.
    """
    file = _opened(uri)
    if file is None:
        return None
    return _rotated(file) or _warped(file, provider)


def rotated_footprint(uri: str) -> Footprint | None:
    """The footprint of a file whose axes are not those of its CRS; None for all others."""
    file = _opened(uri)
    return None if file is None else _rotated(file)


def _opened(uri: str) -> gdal.Dataset | None:
    return gdal_result(gdal.Open, uri.partition("|")[0])


def _rotated(file: gdal.Dataset) -> Footprint | None:
    transform = file.GetGeoTransform(can_return_null=True)
    if transform is None or not (transform[2] or transform[4]):
        return None
    inverse = gdal.InvGeoTransform(transform)
    return Footprint(tuple(inverse), file.RasterXSize, file.RasterYSize) if inverse else None


def _warped(file: gdal.Dataset, provider: QgsRasterDataProvider) -> WarpedFootprint | None:
    """The outline of a file with control points or RPCs and no place of its own."""
    rpc = file.GetMetadata("RPC")
    if file.GetGeoTransform(can_return_null=True) is not None or not (file.GetGCPCount() or rpc):
        return None
    box, width, height = provider.extent(), provider.xSize(), provider.ySize()
    empty = gdal.GetDriverByName("VRT").Create("", file.RasterXSize, file.RasterYSize, 1)
    if file.GetGCPCount():
        empty.SetGCPs(file.GetGCPs(), file.GetGCPProjection())
    if rpc:
        empty.SetMetadata(rpc, "RPC")
    outline = gdal_result(
        gdal.Warp,
        "",
        empty,
        format="VRT",
        outputBounds=(box.xMinimum(), box.yMinimum(), box.xMaximum(), box.yMaximum()),
        width=width,
        height=height,
        resampleAlg="near",
        errorThreshold=_TOLERANCE,
        transformerOptions=[f"RPC_HEIGHT={rpc[_HEIGHT]}"] if _HEIGHT in rpc else None,
        dstAlpha=True,
    )
    return None if outline is None else WarpedFootprint(outline)


def _span(start: float, end: float, most: int) -> tuple[int, int]:
    """First of some pixels and their number, inside of ``most``."""
    first = min(max(0, round(start)), most - 1)
    return first, min(max(1, round(end) - first), most - first)
