"""One radiometry per raster: pixel values of any type to 0-1, then to the model's input."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..errors import RasterError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..ports import RasterSource

SAMPLE_SIDE = 1024
"""Longest side in pixels of the reduced image that statistics are taken from."""


@dataclass(frozen=True)
class Radiometry:
    """A linear stretch of each band, the same for the whole raster.

    Attributes:
        low: Value that becomes 0, one a band.
        high: Value that becomes 1, one a band.
        description: What was chosen, in words.
    """

    low: tuple[float, ...]
    high: tuple[float, ...]
    description: str

    def normalise(
        self,
        pixels: np.ndarray,
        valid: np.ndarray,
        mean: Sequence[float],
        std: Sequence[float],
    ) -> np.ndarray:
        """Turn pixels into the model's input.

        Args:
            pixels: (C, h, w) of any real type.
            valid: (h, w) bool.
            mean: Mean of each channel for pixels in 0-1.
            std: Standard deviation of each channel.

        Returns:
            (C, h, w) float32; invalid and non-finite pixels are 0, the mean.
        """
        low, high, mean, std = (
            np.asarray(v, np.float32)[:, None, None] for v in (self.low, self.high, mean, std)
        )
        scaled = (pixels.astype(np.float32) - low) / (high - low)
        np.clip(scaled, 0.0, 1.0, out=scaled)
        scaled -= mean
        scaled /= std
        np.nan_to_num(scaled, copy=False, nan=0.0)
        scaled[:, ~valid] = 0.0
        return scaled


def choose_radiometry(
    source: RasterSource, bands: Sequence[int], percent: tuple[float, float] = (2.0, 98.0)
) -> Radiometry:
    """Choose the stretch of a raster.

    Eight-bit rasters keep 0-255, which the models were trained on; others are stretched
    between percentiles of the valid pixels of a reduced read of the whole raster.

    Args:
        source: The raster.
        bands: Band numbers from 1.
        percent: Lower and upper percentile, 0-100.

    Raises:
        RasterError: The raster has no valid pixel.
    """
    info = source.info
    if all(info.dtypes[b - 1] == "uint8" for b in bands):
        return Radiometry((0.0,) * len(bands), (255.0,) * len(bands), "8 bit, 0-255")
    pixels, valid = source.read_decimated(SAMPLE_SIDE, bands)
    if not valid.any():
        raise RasterError(f"{info.name} has no valid pixel; check its nodata value and mask.")
    values = pixels[:, valid].astype(np.float64)
    values[~np.isfinite(values)] = np.nan
    low, high = np.nanpercentile(values, percent, axis=1)
    flat = ~(high > low)  # also where all values are NaN
    low, high = np.where(np.isnan(low), 0.0, low), np.where(np.isnan(high), 1.0, high)
    high = np.where(flat, low + 1.0, high)
    text = ", ".join(f"{a:g} to {b:g}" for a, b in zip(low, high))
    return Radiometry(
        tuple(low.tolist()),
        tuple(high.tolist()),
        f"{percent[0]:g}-{percent[1]:g} % stretch: {text}",
    )
