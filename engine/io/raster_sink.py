"""Class and confidence strips into tiled, compressed GeoTIFFs."""

from __future__ import annotations

import zlib
from contextlib import suppress
from typing import TYPE_CHECKING

import numpy as np
import rasterio
import rasterio.shutil
import rasterio.windows
from rasterio.errors import RasterioError

from ..classes import CLASSES
from ..errors import OutputError
from ..ports import BAND_NAMES
from ..staging import Staging
from ..styles import raster_qml
from ..types import NODATA_CLASS
from .geotransform import to_affine
from .guard import OutputGuard
from .pam import category_names_xml
from .quiet import gdal_options, quiet_gdal

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from ..classes import LandCoverClass
    from ..types import ClassStrip, RasterInfo

BLOCK = 256
"""Side of the blocks of the file in pixels."""


class ClassRasterSink:
    """A :class:`~cwsam.engine.ports.RasterSink` that writes the class map.

    The file is a uint8 GeoTIFF with nodata 255, the classes' colours as its colour table and
    their names as GDAL category names (in ``.aux.xml``), as band tags and in a QGIS style
    beside it. It gets its name when the ``with`` block ends without an exception.
    """

    def __init__(
        self,
        path: str | Path,
        info: RasterInfo,
        classes: Sequence[LandCoverClass] = CLASSES,
        cog: bool = False,
    ):
        """Start the file.

        Args:
            path: Final path, usually with the suffix ``.tif``.
            info: The input raster: size, geotransform and CRS are taken over.
            classes: Names and colours.
            cog: Write a cloud-optimised GeoTIFF with overviews.

        Raises:
            OutputError: The file cannot be written there.
        """
        self._classes = classes
        self._rows = _RowWriter(path, info, cog, "mode")
        with self._rows.guard(), quiet_gdal():
            self._rows.dataset.write_colormap(1, _colour_table(classes))
            self._rows.dataset.set_band_description(1, BAND_NAMES["classes"])
            added = {f"class_zh_{c.id}": c.name_zh for c in classes if c.id >= len(CLASSES)}
            names = {f"class_{c.id}": c.name for c in classes}
            self._rows.dataset.update_tags(1, **names, **added)

    def __enter__(self) -> ClassRasterSink:
        return self

    def __exit__(self, kind: type[BaseException] | None, *rest: object) -> None:
        if kind is not None:
            self._rows.abandon()
            return
        self.finish()
        target = self._rows.staging.path
        with self._rows.guard():
            if not self._is_vector_style(self._rows.staging.target.with_suffix(".qml")):
                target.with_suffix(".qml").write_text(raster_qml(self._classes), encoding="utf-8")
            self._rows.commit()

    def finish(self) -> None:
        """Complete the file after the last strip; it gets its name when the block ends.

        Raises:
            OutputError: Rows are missing, or the disk did not take them all.
        """
        with self._rows.guard():
            self._rows.finish()
            names = {c.id: c.name for c in self._classes}
            side_file = self._rows.staging.path.with_name(f"{self._rows.staging.path.name}.aux.xml")
            side_file.write_bytes(category_names_xml(names))

    @staticmethod
    def _is_vector_style(style: Path) -> bool:
        """Whether a polygon layer of the same name has its style there."""
        return style.is_file() and b"renderer-v2" in style.read_bytes()

    def write(self, strip: ClassStrip) -> None:
        """Append the classes of one strip; strips follow each other without gaps."""
        self._rows.append(strip.row, strip.classes)


class ConfidenceRasterSink:
    """A :class:`~cwsam.engine.ports.RasterSink` that writes the confidence in percent.

    The file is a uint8 GeoTIFF, 0-100 with nodata 255; otherwise as :class:`ClassRasterSink`.
    """

    def __init__(self, path: str | Path, info: RasterInfo, cog: bool = False):
        """Start the file; the parameters are those of :class:`ClassRasterSink`."""
        self._rows = _RowWriter(path, info, cog, "average")
        with self._rows.guard(), quiet_gdal():
            self._rows.dataset.set_band_description(1, BAND_NAMES["confidence"])
            self._rows.dataset.units = ("%",)

    def __enter__(self) -> ConfidenceRasterSink:
        return self

    def __exit__(self, kind: type[BaseException] | None, *rest: object) -> None:
        if kind is not None:
            self._rows.abandon()
            return
        self.finish()
        with self._rows.guard():
            self._rows.commit()

    def finish(self) -> None:
        """As :meth:`ClassRasterSink.finish`."""
        with self._rows.guard():
            self._rows.finish()

    def write(self, strip: ClassStrip) -> None:
        """Append the confidence of one strip; strips follow each other without gaps."""
        self._rows.append(strip.row, strip.confidence)


class _RowWriter:
    """Rows of any number into a one-band uint8 GeoTIFF, written in whole rows of blocks."""

    def __init__(self, path: str | Path, info: RasterInfo, cog: bool, resampling: str):
        self.staging = Staging(path)
        self._info = info
        self._cog = cog
        self._resampling = resampling
        self._buffer = np.empty((BLOCK, info.width), np.uint8)
        self._filled = 0
        self._next_row = 0
        self._crc = 0
        self._finished = False
        with self.guard(), quiet_gdal():
            self.dataset = rasterio.open(self._growing, "w", **self._profile())

    @property
    def _growing(self) -> Path:
        """The file that takes the rows: the output itself or what the COG is copied from."""
        return self.staging.folder / "rows.tif" if self._cog else self.staging.path

    def _profile(self) -> dict[str, object]:
        info = self._info
        place: dict[str, object] = {}
        if info.transform is not None:
            place["transform"] = to_affine(info.transform)
        if info.crs is not None:
            place["crs"] = info.crs.wkt
        return {
            "driver": "GTiff",
            "width": info.width,
            "height": info.height,
            "count": 1,
            "dtype": "uint8",
            "nodata": NODATA_CLASS,
            "tiled": True,
            "blockxsize": BLOCK,
            "blockysize": BLOCK,
            "compress": "DEFLATE",
            "bigtiff": "IF_SAFER",
            **place,
        }

    def append(self, row: int, values: np.ndarray) -> None:
        """Take rows (h, width) uint8 that start at raster row ``row``."""
        assert row == self._next_row, "strips must follow each other from top to bottom"
        assert values.shape[1] == self._info.width, "a strip spans the raster's width"
        assert row + len(values) <= self._info.height, "a strip ends inside the raster"
        with self.guard(), gdal_options():
            while len(values):
                part = values[: BLOCK - self._filled]
                self._buffer[self._filled : self._filled + len(part)] = part
                self._filled += len(part)
                self._next_row += len(part)
                values = values[len(part) :]
                if self._filled == BLOCK:
                    self._flush()

    def _flush(self) -> None:
        top = self._next_row - self._filled
        box = rasterio.windows.Window(0, top, self._info.width, self._filled)
        self.dataset.write(self._buffer[: self._filled], 1, window=box)
        self._crc = zlib.crc32(self._buffer[: self._filled], self._crc)
        self._filled = 0

    def finish(self) -> None:
        """Write what is left, close the file and make the COG of it if wanted; once."""
        if self._finished:
            return
        if self._next_row != self._info.height:
            raise OutputError(
                f"Only {self._next_row} of {self._info.height} rows of {self.staging.target.name} "
                "were computed: run again to get the whole map."
            )
        with gdal_options():
            if self._filled:
                self._flush()
            self.dataset.close()
            if self._cog:
                self._copy_to_cog()
        self._verify()
        self._finished = True

    def _verify(self) -> None:
        """Read the file back: GDAL tells nobody when its last blocks find the disk full."""
        info, crc = self._info, 0
        with quiet_gdal(), rasterio.open(self.staging.path) as written:
            for row in range(0, info.height, BLOCK):
                box = rasterio.windows.Window(0, row, info.width, min(BLOCK, info.height - row))
                crc = zlib.crc32(written.read(1, window=box), crc)
        if crc != self._crc:
            raise OutputError(
                f"{self.staging.target} could not be written whole: check the free space on the "
                "disk or choose another folder."
            )

    def _copy_to_cog(self) -> None:
        rasterio.shutil.copy(
            self._growing,
            self.staging.path,
            driver="COG",
            COMPRESS="DEFLATE",
            BIGTIFF="IF_SAFER",
            OVERVIEW_RESAMPLING=self._resampling.upper(),
        )
        for left in self.staging.folder.glob("rows.tif*"):
            left.unlink()

    def commit(self) -> None:
        """Give the file its name; side files that GDAL made of an older one go."""
        name = self.staging.target.name
        self.staging.commit(stale=[name + part for part in (".aux.xml", ".ovr", ".msk")])

    def abandon(self) -> None:
        """Close the file and remove it; what had its name before stays."""
        with suppress(RasterioError), gdal_options():
            self.dataset.close()
        self.staging.discard()

    def guard(self) -> OutputGuard:
        """A block whose failure removes the file and becomes an OutputError."""
        return OutputGuard(self.staging, (RasterioError,))


def _colour_table(classes: Sequence[LandCoverClass]) -> dict[int, tuple[int, int, int, int]]:
    table = {entry.id: (*entry.rgb, 255) for entry in classes}
    table[NODATA_CLASS] = (0, 0, 0, 0)
    return table
