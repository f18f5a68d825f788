"""A factory of small real rasters, one for each oddity that users' files have."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import rasterio
from cwsam.engine.io.geotransform import to_affine
from cwsam.engine.types import GeoTransform
from rasterio.control import GroundControlPoint
from rasterio.crs import CRS
from rasterio.enums import ColorInterp
from rasterio.errors import NotGeoreferencedWarning

NORTH_UP = GeoTransform(0.5, 0.0, 150000.0, 0.0, -0.5, 170000.0)
SOUTH_UP = GeoTransform(0.5, 0.0, 150000.0, 0.0, 0.5, 170000.0)
ROTATED = GeoTransform(0.4, 0.3, 150000.0, 0.3, -0.4, 170000.0)
LAMBERT = "EPSG:31370"


def ramp(bands: int = 3, height: int = 40, width: int = 60, dtype: str = "uint8") -> np.ndarray:
    """Distinct non-zero values, (bands, height, width): 1 + a ramp along rows and columns."""
    rows, cols = np.mgrid[:height, :width]
    return np.stack([(1 + rows + cols + 10 * b) for b in range(bands)]).astype(dtype)


def gcps_of(transform: GeoTransform, height: int, width: int) -> list[GroundControlPoint]:
    """Ground control points at the four corners that agree with an affine transform."""
    corners = [(0, 0), (0, width), (height, 0), (height, width)]
    return [
        GroundControlPoint(row=row, col=col, x=x, y=y)
        for row, col in corners
        for x, y in [transform.apply(col, row)]
    ]


def write_raster(
    path: Path,
    pixels: np.ndarray,
    crs: str | None = LAMBERT,
    transform: GeoTransform | None = NORTH_UP,
    nodata: float | None = None,
    colours: tuple[str, ...] | None = None,
    palette: dict[int, tuple[int, ...]] | None = None,
    mask: np.ndarray | None = None,
    gcps: list[GroundControlPoint] | None = None,
    overviews: tuple[int, ...] = (),
    driver: str = "GTiff",
    **options: object,
) -> Path:
    """Write ``pixels`` (bands, height, width) to ``path`` and return it.

    ``colours`` names the colour interpretation of each band, ``mask`` (height, width) is
    written as an internal mask band, ``gcps`` replace the geotransform.
    """
    count, height, width = pixels.shape
    place = {} if gcps or transform is None else {"transform": to_affine(transform)}
    profile = {
        "driver": driver, "count": count, "height": height, "width": width,
        "dtype": pixels.dtype, "nodata": nodata, **place, **options,
    }  # fmt: skip
    if not gcps:
        profile["crs"] = crs
    with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True), _create(path, profile) as out:
        if gcps:
            out.gcps = (gcps, CRS.from_user_input(crs) if crs else CRS())
        if colours:
            out.colorinterp = [ColorInterp[name] for name in colours]
        if palette:
            out.write_colormap(1, palette)
        out.write(pixels)
        if mask is not None:
            out.write_mask(mask)
        if overviews:
            out.build_overviews(list(overviews), rasterio.enums.Resampling.nearest)
    return path


def _create(path: Path, profile: dict):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        return rasterio.open(path, "w", **profile)
