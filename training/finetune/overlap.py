"""Ground that two rasters show: what one validates the other must not teach; no torch."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ...engine.errors import TrainingDataError
from .ground import GAP
from .split import block_sides

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ...engine.types import RasterInfo
    from .labels import LabelledRaster
    from .split import Split
    from .survey import Block, Survey


def refuse_shared_labels(survey: Survey) -> None:
    """Refuse two rasters that both have labels on the same ground.

    Raises:
        TrainingDataError: Names them, and says what to do.
    """
    if len(survey.rasters) < 2:
        return
    infos = [raster.source.info for raster in survey.rasters]
    blocks, _ = survey.blocks(block_sides(survey.side)[-1])
    for other, info in enumerate(infos):
        theirs = _rectangles([b for b in blocks if b.raster == other], 0)
        for one in range(other):
            mine = [b for b in blocks if b.raster == one]
            if comparable(infos[one], info) and _meet(_placed(mine, infos[one], info, 0), theirs):
                raise TrainingDataError(
                    f"{infos[one].name} and {info.name} show the same ground and both have labels "
                    "there, so that the result would be measured on what it was taught: label "
                    "that ground on one of them only, or join them with gdalbuildvrt."
                )


def foreign_ground(rasters: Sequence[LabelledRaster], split: Split) -> dict[int, np.ndarray]:
    """Ground of each raster that the validation blocks of the others show.

    Returns:
        By index of the raster (n, 4) int: left, top, right and bottom edge in its pixels,
        widened by :data:`~.ground.GAP`; rasters without such ground are missing.
    """
    infos, found = [raster.source.info for raster in rasters], {}
    for here, info in enumerate(infos):
        rectangles = [
            _placed([b for b in split.validation if b.raster == there], other, info, GAP)
            for there, other in enumerate(infos)
            if there != here and comparable(other, info)
        ]
        placed = np.concatenate([np.zeros((0, 4), int), *rectangles])
        left, top, right, bottom = placed.T
        inside = (left < info.width) & (right > 0) & (top < info.height) & (bottom > 0)
        if inside.any():
            found[here] = placed[inside]
    return found


def comparable(one: RasterInfo, other: RasterInfo) -> bool:
    """Whether two rasters lie on the map in the same reference system."""
    if one.transform is None or other.transform is None:
        return False
    return (one.crs and one.crs.wkt) == (other.crs and other.crs.wkt)


def _rectangles(blocks: Sequence[Block], gap: int) -> np.ndarray:
    windows = [block.window for block in blocks]
    rows = [
        (w.col - gap, w.row - gap, w.col + w.width + gap, w.row + w.height + gap) for w in windows
    ]
    return np.array(rows, int).reshape(-1, 4)


def _placed(blocks: Sequence[Block], here: RasterInfo, there: RasterInfo, gap: int) -> np.ndarray:
    """Rectangles of another raster that hold blocks of this one, widened by pixels of either."""
    left, top, right, bottom = _rectangles(blocks, gap).T
    corners = [(left, top), (right, top), (right, bottom), (left, bottom)]
    points = [there.grid.invert(*here.grid.apply(*corner)) for corner in corners]
    cols, rows = (np.array([p[axis] for p in points]).round(3) for axis in (0, 1))
    low, high = (np.floor(v.min(axis=0)) for v in (cols, rows))
    far, deep = (np.ceil(v.max(axis=0)) for v in (cols, rows))
    return np.stack([low, high, far, deep], axis=1).astype(int)


def _meet(ones: np.ndarray, others: np.ndarray) -> bool:
    """Whether a rectangle of the first kind shares ground with one of the second."""
    for left, top, right, bottom in ones:
        hit = (others[:, 0] < right) & (others[:, 2] > left)
        if (hit & (others[:, 1] < bottom) & (others[:, 3] > top)).any():
            return True
    return False
