"""What the engine asks of the outside world; rasterio, QGIS or a test supplies it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Callable, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np

    from .types import ClassStrip, PolygonBatch, RasterInfo, Window


class RasterSource(Protocol):
    """Pixels of one raster. Windows lie inside the raster."""

    @property
    def info(self) -> RasterInfo:
        """Size, bands, georeference."""

    def read(self, window: Window, bands: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
        """Read pixels at full resolution.

        Args:
            window: Pixels to read.
            bands: Band numbers, counted from 1.

        Returns:
            ``(pixels, valid)``: (C, h, w) in the raster's own dtype and (h, w) bool;
            a pixel is valid when no mask, alpha or nodata value hides it.

        Raises:
            RasterError: The pixels cannot be read.
        """

    def read_decimated(self, max_side: int, bands: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
        """Read the whole raster reduced so that no side exceeds ``max_side`` pixels.

        Returns:
            ``(pixels, valid)`` as in :meth:`read`, by nearest neighbour or overview.
        """


BAND_NAMES = {"classes": "land-cover class", "confidence": "confidence"}
"""Descriptions of the bands that sinks write, by what they hold; maps are known by them."""


class RasterSink(Protocol):
    """Takes class strips from top to bottom."""

    def write(self, strip: ClassStrip) -> None:
        """Append one strip."""


class FeatureSink(Protocol):
    """Takes finished polygons."""

    def write(self, batch: PolygonBatch) -> None:
        """Append a batch of polygons."""


def _silent(done: float, total: float, message: str) -> None:
    del done, total, message


def _never() -> bool:
    return False


@dataclass(frozen=True)
class Progress:
    """Two callables through which a run speaks and listens.

    Attributes:
        report: Called with (done, total, message); units are the caller's own.
        cancelled: Whether the user wants to stop; asked at least once a tile.
    """

    report: Callable[[float, float, str], None] = _silent
    cancelled: Callable[[], bool] = _never
