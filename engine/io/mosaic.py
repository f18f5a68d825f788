"""Several rasters on a common grid as one."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from ..errors import RasterError
from ..types import GeoTransform, RasterInfo, Window
from .raster_source import open_raster

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .raster_source import RasterioSource

_ALIGNED_PX = 0.01  # pixels that a grid may be off
_GDAL_TYPES = {"uint8": "Byte", "uint16": "UInt16", "uint32": "UInt32"}


@dataclass(frozen=True)
class _Part:
    """One raster and where it lies in the mosaic, in pixels."""

    source: RasterioSource
    col: int
    row: int


class MosaicSource:
    """A :class:`~cwsam.engine.ports.RasterSource` over rasters that share CRS and grid.

    Where they overlap, the first one that has a valid pixel shows.

    Attributes:
        notices: Sentences on the rasters' forms.
    """

    def __init__(self, sources: Sequence[RasterioSource]) -> None:
        """Lay the rasters beside each other.

        Raises:
            RasterError: They have no common CRS, grid, bands or data type.
        """
        self._sources = tuple(sources)
        first = sources[0].info
        if first.transform is None:
            raise RasterError(_unplaced(first))
        for source in sources[1:]:
            _check_alike(first, source.info)
        places = [_offset(first, source.info) for source in sources]
        left, top = (min(place[axis] for place in places) for axis in (0, 1))
        self._parts = [
            _Part(source, col - left, row - top) for source, (col, row) in zip(sources, places)
        ]
        grid = first.transform
        x, y = grid.apply(left, top)
        self._info = replace(
            first,
            name=f"{first.name} and {len(sources) - 1} more",
            width=max(part.col + part.source.info.width for part in self._parts),
            height=max(part.row + part.source.info.height for part in self._parts),
            transform=GeoTransform(grid.a, grid.b, x, grid.d, grid.e, y),
        )
        self.notices = [text for source in sources for text in source.notices]

    @property
    def info(self) -> RasterInfo:
        """Size, bands, georeference."""
        return self._info

    def __enter__(self) -> MosaicSource:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Close all files."""
        for source in self._sources:
            source.close()

    def read(self, window: Window, bands: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
        """See :class:`~cwsam.engine.ports.RasterSource`; pixels of no raster are invalid."""
        shape = (window.height, window.width)
        pixels = np.zeros((len(bands), *shape), self._dtype(bands))
        valid = np.zeros(shape, bool)
        for part in self._parts:
            info = part.source.info
            left, right = (
                max(window.col, part.col),
                min(window.col + window.width, part.col + info.width),
            )
            top, bottom = (
                max(window.row, part.row),
                min(window.row + window.height, part.row + info.height),
            )
            if left >= right or top >= bottom:
                continue
            inner = Window(left - part.col, top - part.row, right - left, bottom - top)
            place = (
                slice(top - window.row, bottom - window.row),
                slice(left - window.col, right - window.col),
            )
            if not valid[place].all():
                _lay_under(pixels, valid, place, part.source.read(inner, bands))
        return pixels, valid

    def read_decimated(self, max_side: int, bands: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
        """See :class:`~cwsam.engine.ports.RasterSource`; each raster reduced by itself."""
        info = self._info
        scale = min(1.0, max_side / max(info.width, info.height))
        shape = tuple(max(1, int(n * scale)) for n in (info.height, info.width))
        pixels, valid = np.zeros((len(bands), *shape), self._dtype(bands)), np.zeros(shape, bool)
        for part in self._parts:
            size = (part.source.info.height, part.source.info.width)
            start = [min(n - 1, int(at * scale)) for n, at in zip(shape, (part.row, part.col))]
            count = [max(1, min(n - a, round(m * scale))) for n, a, m in zip(shape, start, size)]
            some, seen = part.source.read_decimated(max(1, round(max(size) * scale)), bands)
            rows, cols = (np.arange(n) * m // n for n, m in zip(count, seen.shape))
            place = tuple(slice(a, a + n) for a, n in zip(start, count))
            _lay_under(pixels, valid, place, (some[:, rows][:, :, cols], seen[rows][:, cols]))
        return pixels, valid

    def _dtype(self, bands: Sequence[int]) -> np.dtype:
        return np.result_type(*(self._info.dtypes[band - 1] for band in bands))


def open_mosaic(paths: Sequence[str]) -> MosaicSource:
    """Open rasters as one.

    Raises:
        RasterError: One cannot be read, or they do not fit together.
    """
    sources: list[RasterioSource] = []
    try:
        for path in paths:
            sources.append(open_raster(path))
        return MosaicSource(sources)
    except RasterError:
        for source in sources:
            source.close()
        raise


def _lay_under(pixels, valid, place, below) -> None:
    """Fill pixels (C, h, w) that are not valid yet from ``below``, (pixels, valid)."""
    some, seen = below
    fresh = seen & ~valid[place]
    pixels[(slice(None), *place)][:, fresh] = some[:, fresh]
    valid[place] |= fresh


def _unplaced(info: RasterInfo) -> str:
    return (
        f"{info.name} has no georeference, which --mosaic needs: give it one with 'gdal_translate "
        f"-a_srs EPSG:CODE -a_ullr LEFT TOP RIGHT BOTTOM {info.name} NEW.tif'."
    )


def _one_grid(first: RasterInfo) -> str:
    """What brings rasters to one CRS and grid."""
    grid = first.transform
    sides = (math.hypot(grid.a, grid.d), math.hypot(grid.b, grid.e))
    name = first.crs.name if first.crs and first.crs.name.startswith("EPSG:") else "EPSG:CODE"
    steps = " ".join(f"{side:.10g}" for side in sides)
    return (
        f"run 'gdalwarp -t_srs {name} -tr {steps} -tap OLD.tif NEW.tif' for each of the images and "
        "give the new ones"
    )


def _check_alike(first: RasterInfo, other: RasterInfo) -> None:
    if other.transform is None:
        raise RasterError(_unplaced(other))
    if (other.crs and other.crs.wkt) != (first.crs and first.crs.wkt):
        raise RasterError(f"{first.name} and {other.name} have different CRS: {_one_grid(first)}.")
    if other.dtypes != first.dtypes:
        kind = _GDAL_TYPES.get(first.dtypes[0], first.dtypes[0].capitalize())
        bands = " ".join(f"-b {number + 1}" for number in range(min(3, len(first.dtypes))))
        raise RasterError(
            f"{first.name} and {other.name} differ in bands or data type: convert them alike, with "
            f"'gdal_translate -ot {kind} {bands} OLD.tif NEW.tif'."
        )
    a, b = first.transform, other.transform
    size = max(abs(a.a), abs(a.b), abs(a.d), abs(a.e))
    reach = _ALIGNED_PX * size / max(first.width, first.height, other.width, other.height)
    steps = ((a.a, b.a), (a.b, b.b), (a.d, b.d), (a.e, b.e))
    if any(abs(x - y) > reach for x, y in steps):
        raise RasterError(
            f"{first.name} and {other.name} differ in pixel size: {_one_grid(first)}."
        )


def _offset(first: RasterInfo, other: RasterInfo) -> tuple[int, int]:
    """(col, row) of a raster's corner in the first one's pixels."""
    col, row = first.transform.invert(other.transform.c, other.transform.f)
    if abs(col - round(col)) > _ALIGNED_PX or abs(row - round(row)) > _ALIGNED_PX:
        raise RasterError(
            f"{other.name} lies {col - round(col):.2f} x {row - round(row):.2f} pixels off the "
            f"grid of {first.name}: {_one_grid(first)}."
        )
    return round(col), round(row)
