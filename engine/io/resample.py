"""A raster with pixels of another size, computed while it is read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rasterio.enums import ColorInterp, MaskFlags, Resampling
from rasterio.transform import Affine
from rasterio.vrt import WarpedVRT

if TYPE_CHECKING:
    from rasterio.io import DatasetReader


def resampled(dataset: DatasetReader, scale: float) -> WarpedVRT:
    """View a dataset with more or fewer pixels over the same extent.

    Args:
        dataset: With geotransform and CRS.
        scale: New pixels an old one, along each side.
    """
    width, height = (max(1, round(n * scale)) for n in (dataset.width, dataset.height))
    step = Affine.scale(dataset.width / width, dataset.height / height)
    method = Resampling.average if scale < 1 else Resampling.bilinear
    if dataset.colorinterp[0] == ColorInterp.palette:
        method = Resampling.nearest  # the mean of two palette numbers is a third colour
    return WarpedVRT(
        dataset,
        src_crs=dataset.crs,
        crs=dataset.crs,
        transform=dataset.transform * step,
        width=width,
        height=height,
        resampling=method,
        add_alpha=_hides_by_mask(dataset),
        # Nodata 0 in one band alone is a dark pixel, not a hole.
        UNIFIED_SRC_NODATA="YES",
    )


def _hides_by_mask(dataset: DatasetReader) -> bool:
    """Whether a mask band hides pixels, which a warped view shows as an alpha band only."""
    if ColorInterp.alpha in dataset.colorinterp or any(v is not None for v in dataset.nodatavals):
        return False
    own = {MaskFlags.nodata, MaskFlags.alpha, MaskFlags.all_valid}
    return any(not own & set(flags) for flags in dataset.mask_flag_enums)
