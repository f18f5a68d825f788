"""One radiometry per raster: pixel values of any type to 0-1, then to the model's input."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..errors import ConfigError, RasterError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..ports import RasterSource

SAMPLE_SIDE = 1024
"""Longest side in pixels of the reduced image that statistics are taken from."""


@dataclass(frozen=True)
class Stretch:
    """How pixel values become 0-1, as the user wants it.

    Attributes:
        kind: ``auto`` (0-255 for 8 bit, else percentiles), ``percent``, ``range`` or ``none``
            (the data type's whole range; floats are taken as 0-1).
        low: Percentile 0-100 or pixel value that becomes 0.
        high: Percentile 0-100 or pixel value that becomes 1.
    """

    kind: str = "auto"
    low: float = 2.0
    high: float = 98.0

    @classmethod
    def parse(cls, text: str) -> Stretch:
        """Read ``auto``, ``none``, percentiles such as ``2,98`` or a range such as ``0:4000``.

        Raises:
            ConfigError: The text is none of these.
        """
        text = text.strip().lower()
        if text in ("auto", "none"):
            return cls(text)
        kind = "range" if ":" in text else "percent"
        try:
            low, high = (float(part) for part in text.split(":" if kind == "range" else ","))
        except ValueError:
            low = high = 0.0
        inside = kind == "range" or (low >= 0 and high <= 100)
        if not (low < high and inside and np.isfinite([low, high]).all()):
            raise ConfigError(
                "The stretch must be auto, none, two percentiles such as 2,98 or a range of pixel "
                f"values such as 0:4000, not '{text}'."
            )
        return cls(kind, low, high)


@dataclass(frozen=True)
class Radiometry:
    """A linear stretch of each band, the same for the whole raster.

    Attributes:
        low: Value that becomes 0, one a band.
        high: Value that becomes 1, one a band.
        description: What was chosen, a sentence.
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
    source: RasterSource,
    bands: Sequence[int],
    stretch: Stretch = Stretch(),  # noqa: B008 - frozen
) -> Radiometry:
    """Choose the stretch of a raster.

    Unless told otherwise, eight-bit rasters keep 0-255, which the models were trained on;
    others are stretched between percentiles of the valid pixels of a reduced read of the
    whole raster.

    Args:
        source: The raster.
        bands: Band numbers from 1.
        stretch: What the user wants.

    Raises:
        RasterError: The raster has no valid pixel.
    """
    types = [np.dtype(source.info.dtypes[b - 1]) for b in bands]
    if stretch.kind == "range":
        low, high = [stretch.low] * len(bands), [stretch.high] * len(bands)
        said = f"Radiometry: values in {_intervals(low[:1], high)}."
    elif stretch.kind == "none":
        low = [0.0] * len(bands)
        high = [float(np.iinfo(t).max) if t.kind in "iu" else 1.0 for t in types]
        said = f"Radiometry: as stored, {_intervals(low, high)}."
    elif stretch.kind == "auto" and all(t == np.uint8 for t in types):
        low, high = [0.0] * len(bands), [255.0] * len(bands)
        said = "Radiometry: 8 bit, [0, 255]."
    else:
        first, last = stretch.low, stretch.high
        low, high = _percentiles(source, bands, (first, last))
        said = f"Radiometry: percentiles {first:g} and {last:g}, {_intervals(low, high)}."
    return Radiometry(tuple(low), tuple(high), said)


def _intervals(low: Sequence[float], high: Sequence[float]) -> str:
    return ", ".join(f"[{a:g}, {b:g}]" for a, b in zip(low, high))


def _percentiles(
    source: RasterSource, bands: Sequence[int], percent: tuple[float, float]
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Lower and upper percentile of each band from a reduced read of the whole raster."""
    pixels, valid = source.read_decimated(SAMPLE_SIDE, bands)
    if not valid.any():
        raise RasterError(
            f"{source.info.name} has no valid pixel; check its nodata value and mask."
        )
    values = pixels[:, valid].astype(np.float64)
    values[~np.isfinite(values)] = np.nan
    low, high = np.nanpercentile(values, percent, axis=1)
    flat = ~(high > low)  # also where all values are NaN
    low, high = np.where(np.isnan(low), 0.0, low), np.where(np.isnan(high), 1.0, high)
    high = np.where(flat, low + 1.0, high)
    return tuple(low.tolist()), tuple(high.tolist())
