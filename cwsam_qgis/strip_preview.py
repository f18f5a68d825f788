"""Reduced strips of a growing class map, made in the worker for the map on the screen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Callable

import numpy as np

from ..engine.classes import CLASSES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..engine.classes import LandCoverClass
    from ..engine.types import ClassStrip, RasterInfo

LONGEST_SIDE = 1024
"""Longest side of the whole preview in its own pixels."""

_OPACITY = 200  # of 255


class StripPreview:
    """A :class:`~cwsam.engine.ports.RasterSink` that hands on every n-th row and column.

    Attributes:
        width: Columns of the whole preview.
        height: Rows of the whole preview.
    """

    def __init__(
        self,
        info: RasterInfo,
        show: Callable[[int, int, bytes], None],
        legend: Sequence[LandCoverClass] = CLASSES,
    ) -> None:
        """Prepare for a raster.

        Args:
            info: Its size.
            show: Called in the worker with the first row, the number of rows and their
                pixels: 32-bit ARGB, premultiplied, row by row.
            legend: The classes that the map may hold.
        """
        self._palette = _palette(legend)
        self._step, (self.width, self.height) = preview_size(info.width, info.height)
        self._show = show

    def write(self, strip: ClassStrip) -> None:
        """Hand on the strip's share."""
        first = -strip.row % self._step
        rows = strip.classes[first :: self._step, :: self._step]
        if len(rows):
            colours = self._palette[rows]
            self._show((strip.row + first) // self._step, len(rows), colours.tobytes())


def preview_size(width: int, height: int) -> tuple[int, tuple[int, int]]:
    """The step between pixels that are kept, and ``(columns, rows)`` of what they make."""
    step = max(1, -(-max(width, height) // LONGEST_SIDE))
    return step, (-(-width // step), -(-height // step))


def _palette(legend: Sequence[LandCoverClass]) -> np.ndarray:
    """Premultiplied ARGB of each class id, (256,) uint32; no data is transparent."""
    table = np.zeros(256, np.uint32)
    for entry in legend:
        red, green, blue = (part * _OPACITY // 255 for part in entry.rgb)
        table[entry.id] = _OPACITY << 24 | red << 16 | green << 8 | blue
    return table
