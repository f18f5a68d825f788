"""A class raster that exists, strip by strip."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..errors import RasterError
from ..ports import BAND_NAMES
from ..types import NODATA_CLASS, ClassStrip, RasterInfo, Window
from .class_legend import read_legend
from .raster_source import open_raster

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..classes import LandCoverClass
    from .raster_source import RasterioSource

STRIP_PIXELS = 1 << 23
"""Pixels read at once."""

STRIP_ROWS = 512
"""Most rows of a strip: two rows of the usual blocks."""


class ClassMap:
    """Classes, and their confidence where there is one, from raster files.

    Attributes:
        notices: Sentences on the rasters' forms.
        legend: Classes of the values 0 to 254, by id.
        present: Class ids of the strips so far.
    """

    def __init__(self, path: str | Path, confidence: str | Path | None = None) -> None:
        """Open the files.

        Args:
            path: One band of class ids; nodata, mask and alpha count.
            confidence: One band of the same size, percent 0-100; None where nothing is known.

        Raises:
            RasterError: One cannot be read or does not look like what it should be.
        """
        with ExitStack() as stack:
            self._classes = stack.enter_context(open_raster(path, expand_palette=False))
            self._percent = None
            if confidence is not None:
                self._percent = stack.enter_context(open_raster(confidence, expand_palette=False))
            self._check()
            self._stack = stack.pop_all()
        self.notices = list(self._classes.notices)
        self.legend, self._named = read_legend(path)
        self.present: set[int] = set()

    def _check(self) -> None:
        info = self.info
        bands = [n for n, colour in enumerate(info.colours) if colour != "alpha"]
        if bands[:1] != [0] or len(bands) != 1:
            raise RasterError(
                f"{info.name} has {len(info.dtypes)} bands and is no class raster: take the band "
                "with the classes out with gdal_translate -b."
            )
        if self._classes.description == BAND_NAMES["confidence"]:
            raise RasterError(
                f"{info.name} is a confidence raster: give the class raster of the same run, and "
                "this one with --confidence."
            )
        if self._percent is None:
            return
        if self._percent.description == BAND_NAMES["classes"]:
            raise RasterError(
                f"{self._percent.info.name} is a class raster: give the confidence raster of the "
                "same run with --confidence."
            )
        other = self._percent.info
        if (other.width, other.height) != (info.width, info.height):
            raise RasterError(
                f"{other.name} has {other.width} x {other.height} pixels and {info.name} "
                f"{info.width} x {info.height}: give the confidence raster of the same run."
            )

    @property
    def info(self) -> RasterInfo:
        """Size and georeference of the class raster."""
        return self._classes.info

    def __enter__(self) -> ClassMap:
        return self

    def __exit__(self, *exception: object) -> None:
        self._stack.close()

    def strips(self) -> Iterator[ClassStrip]:
        """All rows from top to bottom; the runner-up is unknown.

        Raises:
            RasterError: The pixels cannot be read, or are no class or no percentage.
        """
        width, height = self.info.width, self.info.height
        rows = max(1, min(STRIP_ROWS, STRIP_PIXELS // width))
        for row in range(0, height, rows):
            box = Window(0, row, width, min(rows, height - row))
            classes = _as_bytes(self._classes, box, NODATA_CLASS - 1, "a class")
            self.present.update(np.flatnonzero(np.bincount(classes.ravel(), minlength=256)[:-1]))
            if self._percent is None:
                percent = np.full_like(classes, NODATA_CLASS)
            else:
                percent = _as_bytes(self._percent, box, 100, "a percentage")
            yield ClassStrip(row, classes, percent, np.full_like(classes, NODATA_CLASS))

    def shown(self) -> list[LandCoverClass]:
        """The classes that a legend needs: those with a name and those found in the strips.

        Notes which ones have no name.
        """
        nameless = sorted(self.present - self._named)
        if nameless:
            ids = ", ".join(map(str, nameless))
            self.notices.append(
                f"{self.info.name} does not name its class(es) {ids}: they are called "
                f"'{self.legend[nameless[0]].name}' and so on. Category names in its .aux.xml, as "
                "'segment --raster' writes them, would name them."
            )
        return [entry for entry in self.legend if entry.id in self._named | self.present]


def _as_bytes(source: RasterioSource, box: Window, highest: int, what: str) -> np.ndarray:
    """One band (h, w) as uint8; 255 where it holds no data."""
    pixels, valid = source.read(box, (1,))
    found = pixels[0]
    valid &= found != NODATA_CLASS  # what our rasters say, even where the tag was lost
    shown = found[valid]
    odd = shown[~((shown >= 0) & (shown <= highest) & (shown == np.floor(shown)))]
    if len(odd):
        raise RasterError(
            f"{source.info.name} holds the value {odd[0]:g}, which is not {what} (0 to {highest}): "
            "reclassify it, or name it as nodata with gdal_translate -a_nodata."
        )
    return np.where(valid, found, NODATA_CLASS).astype(np.uint8)
