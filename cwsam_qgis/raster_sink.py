"""Class and confidence strips into GeoTIFFs through QGIS's own GDAL."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from osgeo import gdal

from ..engine.classes import CLASSES
from ..engine.errors import OutputError
from ..engine.ports import BAND_NAMES
from ..engine.styles import raster_qml
from ..engine.types import NODATA_CLASS
from .i18n import language, translator
from .staging import stage

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from ..engine.classes import LandCoverClass
    from ..engine.types import ClassStrip, RasterInfo

tr = translator("raster_sink")

BLOCK = 256
"""Side of the blocks of the file in pixels."""

_OPTIONS = [
    "TILED=YES",
    f"BLOCKXSIZE={BLOCK}",
    f"BLOCKYSIZE={BLOCK}",
    "COMPRESS=DEFLATE",
    "BIGTIFF=IF_SAFER",
]


class RasterSink:
    """A :class:`~cwsam.engine.ports.RasterSink` that writes one plane of the strips.

    The file is a uint8 GeoTIFF with nodata 255. It gets its name when the ``with`` block
    ends without an exception.
    """

    def __init__(
        self,
        path: Path,
        info: RasterInfo,
        plane: str,
        legend: Sequence[LandCoverClass] = CLASSES,
    ) -> None:
        """Start the file.

        Args:
            path: Final path, ``.tif``.
            info: The input: size, geotransform and CRS are taken over.
            plane: ``classes``, with the classes' names and colours, or ``confidence``, in
                percent.
            legend: The classes that the map may hold, by id.

        Raises:
            OutputError: The file cannot be written there.
        """
        self._staging = stage(path)
        self._info, self._plane, self._legend = info, plane, tuple(legend)
        self._buffer = np.empty((BLOCK, info.width), np.uint8)
        self._filled, self._row = 0, 0
        driver = gdal.GetDriverByName("GTiff")
        self._file = driver.Create(
            str(self._staging.path), info.width, info.height, 1, gdal.GDT_Byte, _OPTIONS
        )
        if self._file is None:
            self._staging.discard()
            raise OutputError(self._failed())
        self._describe()

    def __enter__(self) -> RasterSink:
        return self

    def __exit__(self, kind: type[BaseException] | None, *rest: object) -> None:
        try:
            if kind is None:
                assert self._row == self._info.height, "every row was written"
                self._flush()
                self._file.FlushCache()
            self._file = None  # closes the file
            if kind is None:
                if self._plane == "classes":
                    style = self._staging.path.with_suffix(".qml")
                    style.write_text(raster_qml(self._legend, language()), encoding="utf-8")
                self._staging.commit()
        finally:
            self._file = None
            self._staging.discard()

    def write(self, strip: ClassStrip) -> None:
        """Append one strip; strips follow each other without gaps.

        Raises:
            OutputError: The disk is full.
        """
        assert strip.row == self._row, "strips follow each other from top to bottom"
        values = getattr(strip, self._plane)
        while len(values):
            part = values[: BLOCK - self._filled]
            self._buffer[self._filled : self._filled + len(part)] = part
            self._filled += len(part)
            self._row += len(part)
            values = values[len(part) :]
            if self._filled == BLOCK:
                self._flush()

    def _flush(self) -> None:
        if not self._filled:
            return
        rows = self._buffer[: self._filled]
        width = self._info.width
        done = self._file.GetRasterBand(1).WriteRaster(
            0, self._row - self._filled, width, self._filled, rows.tobytes()
        )
        if done != gdal.CE_None:
            raise OutputError(self._failed())
        self._filled = 0

    def _describe(self) -> None:
        """Place the file on the map and say what its values mean."""
        info, band = self._info, self._file.GetRasterBand(1)
        if info.transform is not None:
            t = info.transform
            self._file.SetGeoTransform((t.c, t.a, t.b, t.f, t.d, t.e))
        if info.crs is not None:
            self._file.SetProjection(info.crs.wkt)
        band.SetNoDataValue(NODATA_CLASS)
        band.SetDescription(BAND_NAMES[self._plane])
        if self._plane == "confidence":
            band.SetUnitType("%")
            return
        table = gdal.ColorTable()
        for entry in self._legend:
            table.SetColorEntry(entry.id, (*entry.rgb, 255))
        table.SetColorEntry(NODATA_CLASS, (0, 0, 0, 0))
        band.SetColorTable(table)
        band.SetCategoryNames([entry.name for entry in self._legend])

    def _failed(self) -> str:
        text = tr("{path} cannot be written ({cause}): check the free space or choose another.")
        cause = gdal.GetLastErrorMsg().strip().rstrip(".") or tr("no reason given")
        return text.format(path=self._staging.target, cause=cause)
