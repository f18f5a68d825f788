"""Class rasters as pixels of any grid, strip by strip."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Callable

import numpy as np
import rasterio.windows
from rasterio.crs import CRS
from rasterio.enums import ColorInterp, Resampling
from rasterio.errors import RasterioError
from rasterio.vrt import WarpedVRT

from ..errors import RasterError
from ..pixel_grid import PixelGrid
from .geotransform import from_affine, to_affine
from .quiet import gdal_options, quiet_gdal
from .raster_file import check_bands, open_dataset

if TYPE_CHECKING:
    from ..types import Window

_ANY_PLANE = CRS.from_epsg(3857)  # stands for "some plane" where neither map names its CRS

PixelIds = Callable[[np.ndarray, np.ndarray, str], np.ndarray]
"""Class ids (h, w) uint8 of pixels, valid mask and the raster's name."""


class ClassRaster:
    """A raster of class ids.

    Attributes:
        name: File name.
        grid: Its own pixels.
    """

    def __init__(self, path: str | Path, ids_of: PixelIds) -> None:
        """Open a raster file.

        Args:
            path: Anything GDAL opens.
            ids_of: Makes class ids of its pixels.

        Raises:
            RasterError: It cannot be opened, is a picture or holds complex numbers.
        """
        self.name = Path(str(path)).name
        self._ids_of = ids_of
        with quiet_gdal():
            self._data = open_dataset(path)
        try:
            check_bands(self._data, path)
        except RasterError:
            self._data.close()
            raise
        bands = [c for c in self._data.colorinterp if c != ColorInterp.alpha]
        if len(bands) != 1:
            self._data.close()
            raise RasterError(
                f"{self.name} has {len(bands)} bands: give a class raster, which has one, "
                "not the image."
            )
        data = self._data
        self.grid = PixelGrid(data.width, data.height, from_affine(data.transform), data.crs)
        self._view = data

    def put_on(self, grid: PixelGrid) -> None:
        """View the raster on another grid from now on, by nearest neighbour.

        Raises:
            RasterError: Nothing says where its pixels lie on that grid.
        """
        own, data = self.grid, self._data
        same_size = (own.width, own.height) == (grid.width, grid.height)
        if own == grid:
            return
        if own.transform is None or grid.transform is None:
            if not same_size:
                raise RasterError(
                    f"{self.name} ({own.width} × {own.height} px) cannot be laid over the map "
                    f"({grid.width} × {grid.height} px), since one of them has no georeference: "
                    "give both the same size or place them with gdal_translate."
                )
            return
        hidden = data.nodata is not None or ColorInterp.alpha in data.colorinterp
        with quiet_gdal():
            self._view = WarpedVRT(
                data,
                src_crs=own.crs or grid.crs or _ANY_PLANE,
                crs=grid.crs or own.crs or _ANY_PLANE,
                transform=to_affine(grid.transform),
                width=grid.width,
                height=grid.height,
                resampling=Resampling.nearest,
                add_alpha=not hidden,
            )

    def read(self, strip: Window) -> np.ndarray:
        """Class ids (h, w) uint8 of a strip of the grid; 255 = none.

        Raises:
            RasterError: The file is damaged.
        """
        box = rasterio.windows.Window(strip.col, strip.row, strip.width, strip.height)
        try:
            with gdal_options():
                pixels = self._view.read(1, window=box)
                valid = self._view.read_masks(1, window=box) > 0
        except RasterioError as error:
            raise RasterError(f"{self.name} is damaged or cut off: copy it again.") from error
        if pixels.dtype.kind == "f":
            valid &= np.isfinite(pixels)
        return self._ids_of(pixels, valid, self.name)

    def close(self) -> None:
        """Close the file."""
        if self._view is not self._data:
            self._view.close()
        self._data.close()
