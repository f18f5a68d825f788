"""Where the labels of rasters lie: their pixels in tiles, counted by block; no torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Callable

import numpy as np

from ...engine.errors import TrainingDataError
from ...engine.types import NODATA_CLASS, Window

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ...engine.types import RasterInfo
    from .labels import LabelledRaster

MAX_TILES = 1024
"""Label tiles read at most, over all rasters; more labels than that add nothing in minutes."""


@dataclass(frozen=True)
class Block:
    """A square of ground, cut off at the raster's edge.

    Attributes:
        raster: Index of its raster.
        window: Its pixels.
    """

    raster: int
    window: Window


class Survey:
    """The labels around all polygons, read once.

    Attributes:
        rasters: The labelled rasters.
        side: Side of a tile in pixels.
        tiles: Labels (h, w) uint8 by raster, row and column of the tile.
        windows: Ground of the tiles that polygons touch, those without labels included.
        cut: Whether only part of the labels was read because there are so many.
    """

    def __init__(
        self,
        rasters: Sequence[LabelledRaster],
        side: int,
        seed: int = 0,
        ask: Callable[[], None] = lambda: None,
    ) -> None:
        """Read the labels.

        Args:
            rasters: The labelled rasters.
            side: Side of a tile in pixels.
            seed: Of the choice where there are more than :data:`MAX_TILES`.
            ask: Called before each tile is read; ends the reading by raising.
        """
        self.rasters, self.side = rasters, side
        wanted = self._wanted(np.random.default_rng(seed))
        self.cut = len(wanted) > MAX_TILES
        self.tiles: dict[tuple[int, int, int], np.ndarray] = {}
        self.windows: list[Block] = []
        for index, row, col in wanted[:MAX_TILES]:
            ask()
            window = self._window(index, row * side, col * side, side)
            self.windows.append(Block(index, window))
            labels = rasters[index].labels(window)
            if (labels != NODATA_CLASS).any():
                self.tiles[index, row, col] = labels

    def _wanted(self, rng: np.random.Generator) -> list[tuple[int, int, int]]:
        """Tiles that polygons touch; those of rare classes first, then in random order."""
        found: dict[tuple[int, int, int], int] = {}
        polygons = [(i, p) for i, raster in enumerate(self.rasters) for p in raster.polygons]
        counts = np.bincount([p.class_id for _, p in polygons], minlength=256)
        for number in rng.permutation(len(polygons)):
            index, polygon = polygons[number]
            info = self.rasters[index].source.info
            window = polygon.window(info.width, info.height)
            if window is None:
                continue
            rows = range(window.row // self.side, -(-(window.row + window.height) // self.side))
            cols = range(window.col // self.side, -(-(window.col + window.width) // self.side))
            keys = [(index, row, col) for row in rows for col in cols]
            if len(keys) > MAX_TILES:
                keys = [keys[i] for i in rng.choice(len(keys), MAX_TILES, replace=False)]
            for key in keys:
                found[key] = min(found.get(key, 1 << 30), int(counts[polygon.class_id]))
        keys = list(found)
        order = rng.permutation(len(keys))
        return [keys[i] for i in sorted(order, key=lambda i: found[keys[i]])]

    def _window(self, raster: int, row: int, col: int, side: int) -> Window:
        info = self.rasters[raster].source.info
        return Window(col, row, min(side, info.width - col), min(side, info.height - row))

    def read(self, block: Block) -> np.ndarray:
        """Labels (h, w) uint8 of one of the survey's blocks."""
        window, side = block.window, self.side
        tile = self.tiles[block.raster, window.row // side, window.col // side]
        top, left = window.row % side, window.col % side
        return tile[top : top + window.height, left : left + window.width]

    def pixels(self) -> np.ndarray:
        """Labelled pixels by class id, (256,) int64; nothing for 255."""
        total = np.zeros(256, np.int64)
        for labels in self.tiles.values():
            total += np.bincount(labels.ravel(), minlength=256)
        total[NODATA_CLASS] = 0
        return total

    def blocks(self, side: int) -> tuple[list[Block], np.ndarray]:
        """Blocks that hold labels, on a grid from the raster's upper left corner.

        Args:
            side: Side of a block in pixels; a tile's, or the tile's divided by 2 or 4.

        Returns:
            ``(blocks, counts)``: n blocks and (n, 256) int64 labelled pixels by class id.
        """
        blocks, counts = [], []
        for (raster, row, col), labels in sorted(self.tiles.items(), key=lambda item: item[0]):
            for y in range(0, labels.shape[0], side):
                for x in range(0, labels.shape[1], side):
                    part = labels[y : y + side, x : x + side]
                    count = np.bincount(part.ravel(), minlength=256)
                    count[NODATA_CLASS] = 0
                    if count.any():
                        top, left = row * self.side + y, col * self.side + x
                        height, width = part.shape
                        blocks.append(Block(raster, Window(left, top, width, height)))
                        counts.append(count)
        return blocks, np.array(counts, np.int64).reshape(-1, 256)


def check_sizes(rasters: Sequence[LabelledRaster]) -> None:
    """Refuse input that holds nothing to learn from.

    Raises:
        TrainingDataError: No raster, no polygon, none on its raster, or a band that it lacks.
    """
    if not rasters:
        raise TrainingDataError("No labelled raster is given; choose an image and its labels.")
    for raster in rasters:
        info = raster.source.info
        check_bands(info, raster.bands)
        if not raster.polygons:
            raise TrainingDataError(
                f"{info.name} has no labelled polygon; draw some and give each a class."
            )
        if all(p.window(info.width, info.height) is None for p in raster.polygons):
            raise TrainingDataError(
                f"All labels lie outside {info.name}; check that image and labels show the same "
                "place and that both know their coordinate reference system."
            )


def check_bands(info: RasterInfo, bands: Sequence[int]) -> None:
    """Refuse band numbers, counted from 1, that a raster lacks.

    Raises:
        TrainingDataError: Says how many it has.
    """
    count = len(info.dtypes)
    if not all(1 <= band <= count for band in bands):
        raise TrainingDataError(
            f"{info.name} has {count} band(s), not {max(bands)}: choose three of those it has."
        )
