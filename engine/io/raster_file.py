"""Opens raster files, or says in one sentence why not."""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import TYPE_CHECKING

import rasterio
from rasterio.errors import RasterioIOError

from ..errors import RasterError

if TYPE_CHECKING:
    from rasterio.io import DatasetReader


def open_dataset(path: str | Path) -> DatasetReader:
    """Open with rasterio; the caller closes it.

    Raises:
        RasterError: Says which of missing, forbidden, folder and not-an-image it is.
    """
    text = str(path)
    try:
        return rasterio.open(text)
    except (RasterioIOError, UnicodeError) as error:
        if not (text.startswith("/vsi") or "://" in text):
            _refuse_local(text, error)
        raise RasterError(
            f"{short_name(path)} is not an image that GDAL can open, or it is damaged: "
            "convert it to GeoTIFF or copy it again."
        ) from error


def _refuse_local(text: str, error: Exception) -> None:
    """Say what keeps a file on this machine from being opened, if it is not its contents."""
    try:
        if os.stat(text) and not os.path.isdir(text):
            open(text, "rb").close()
    except PermissionError:
        raise RasterError(
            f"There is no permission to read {text}: ask its owner, or copy the file."
        ) from error
    except (OSError, ValueError):
        if any(sign in text for sign in "*?"):
            raise RasterError(
                f"{text} does not exist: give the folder that holds the images, or the pattern "
                "without quotes."
            ) from error
        raise RasterError(f"{text} does not exist: check the path.") from error
    if os.path.isdir(text):
        raise RasterError(f"{text} is a folder: give an image file in it.") from error


def check_bands(dataset: DatasetReader, path: str | Path) -> None:
    """Refuse rasters without bands and rasters of complex numbers.

    Raises:
        RasterError: Names the remedy.
    """
    if dataset.count == 0:
        inner = dataset.subdatasets
        hint = f"open one of its {len(inner)} parts, such as {inner[0]}" if inner else "check it"
        raise RasterError(f"{short_name(path)} has no bands of its own: {hint}.")
    if any("complex" in str(dtype) for dtype in dataset.dtypes):
        raise RasterError(
            f"{short_name(path)} holds complex numbers: turn them into amplitudes first, "
            "for instance with gdal_calc.py --calc='abs(A)'."
        )


def check_place(dataset: DatasetReader, path: str | Path) -> None:
    """Refuse geotransforms that put all pixels on one point or line, or nowhere.

    Raises:
        RasterError: Names the remedy.
    """
    grid = dataset.transform
    area = grid.a * grid.e - grid.b * grid.d
    if not (math.isfinite(area + grid.c + grid.f) and area):
        raise RasterError(
            f"{short_name(path)} has pixels without a size on the map: correct its geotransform "
            "with gdal_edit.py -a_ullr, or remove it with gdal_edit.py -unsetgt."
        )


def short_name(path: str | Path) -> str:
    """The file's name, for people."""
    return Path(str(path)).name or str(path)
