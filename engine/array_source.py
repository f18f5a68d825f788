"""A raster that is an array in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .types import Crs, GeoTransform, RasterInfo, Window

if TYPE_CHECKING:
    from collections.abc import Sequence


class ArraySource:
    """A :class:`~cwsam.engine.ports.RasterSource` over a numpy array."""

    def __init__(
        self,
        pixels: np.ndarray,
        valid: np.ndarray | None = None,
        transform: GeoTransform | None = None,
        crs: Crs | None = None,
        name: str = "array",
    ) -> None:
        """Wrap an array.

        Args:
            pixels: (C, h, w) of any real type.
            valid: (h, w) bool; None when all pixels hold data.
            transform: Pixel corners to CRS units.
            crs: Coordinate reference system.
            name: Shown to people.
        """
        bands, height, width = pixels.shape
        self._pixels = pixels
        self._valid = np.ones((height, width), bool) if valid is None else valid
        self._info = RasterInfo(
            name,
            width,
            height,
            (str(pixels.dtype),) * bands,
            (None,) * bands,
            ("undefined",) * bands,
            transform,
            crs,
        )

    @property
    def info(self) -> RasterInfo:
        """Size, bands, georeference."""
        return self._info

    def read(self, window: Window, bands: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
        """See :class:`~cwsam.engine.ports.RasterSource`."""
        part = (
            slice(window.row, window.row + window.height),
            slice(window.col, window.col + window.width),
        )
        index = [band - 1 for band in bands]
        return self._pixels[(index, *part)], self._valid[part]

    def read_decimated(self, max_side: int, bands: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
        """See :class:`~cwsam.engine.ports.RasterSource`; every n-th pixel."""
        step = max(1, -(-max(self._valid.shape) // max_side))
        index = [band - 1 for band in bands]
        return self._pixels[index][:, ::step, ::step], self._valid[::step, ::step]
